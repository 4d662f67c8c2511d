// Between schema.cc and config.cc.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "config/config.h"

namespace blobgate::config {

/// Fills `config` from a parsed file. Errors name the option.
Status ReadConfig(const nlohmann::json& object, Config& config);
/// The same without what the object does not name: it may be a part of a file.
Status ReadGivenConfig(const nlohmann::json& object, Config& config);

}  // namespace blobgate::config
