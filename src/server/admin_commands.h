// What the operator may ask a running daemon.
#pragma once

#include <nlohmann/json.hpp>
#include <stop_token>
#include <string>

#include "blobgate/engine/engine.h"
#include "engine/local/local_engine.h"
#include "server/admin_server.h"

namespace blobgate::server {

/// Adds the commands to `admin`. `engine` is the local one of `data_dir` and outlives it.
///
///   stats                          figures of the engine
///   scrub                          begin a pass over all stored bytes now; see stats for the rest
///   snapshot {"target": "/DIR"}    SnapshotStore; answered when it is done
void AddEngineCommands(AdminServer& admin, engine::Engine& engine, const std::string& data_dir);

/// engine::TakeSnapshot, and the accounts made by command. Errors: also those of CopyAccountFile;
/// then `target` stays, without accounts.
Result<engine::SnapshotReport> SnapshotStore(engine::Engine& engine, const std::string& data_dir,
                                             const std::string& target,
                                             const std::stop_token& stop = {});

nlohmann::json AsJson(const engine::SnapshotReport& report);
nlohmann::json AsJson(const engine::EngineStats& stats);

}  // namespace blobgate::server
