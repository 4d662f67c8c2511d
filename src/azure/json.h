// JSON bodies of the dfs face.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace blobgate::azure {

/// Members stay in the order they were added.
using Json = nlohmann::ordered_json;

/// Compact; bytes that are no UTF-8 become U+FFFD.
inline std::string JsonText(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace blobgate::azure
