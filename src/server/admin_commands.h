// What the operator may ask a running daemon.
#pragma once

#include <nlohmann/json.hpp>

#include "blobgate/engine/engine.h"
#include "engine/local/local_engine.h"
#include "server/admin_server.h"

namespace blobgate::server {

/// Adds the commands to `admin`. `engine` is the local one and outlives it.
///
///   stats                          figures of the engine
///   scrub                          begin a pass over all stored bytes now; see stats for what
///   comes snapshot {"target": "/DIR"}    engine::TakeSnapshot; answered when it is done
void AddEngineCommands(AdminServer& admin, engine::Engine& engine);

nlohmann::json AsJson(const engine::SnapshotReport& report);
nlohmann::json AsJson(const engine::EngineStats& stats);

}  // namespace blobgate::server
