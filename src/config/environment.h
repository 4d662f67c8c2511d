// Options that the environment sets instead of the file.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "base/result.h"
#include "config/config.h"

namespace blobgate::config {

/// BLOBGATE_LIMITS_HEAD_BYTES for "limits.head_bytes". Options in lists have none: empty.
std::string VariableOf(std::string_view path);

/// A variable's value; null: it is not set.
using Environment = std::function<const char*(const std::string& variable)>;

/// As Parse(text) under what `environment` sets.
Result<Config> Parse(std::string_view text, const Environment& environment);

/// Puts what `environment` sets into `file`, over what is there. Lists are separated by commas.
/// Errors name the variable, or the option of `file` that is of a wrong form.
Status ApplyEnvironment(const Environment& environment, nlohmann::json& file);

}  // namespace blobgate::config
