#include "azure/strict_json.h"

#include <set>
#include <utility>

namespace blobgate::azure {

using nlohmann::json;

std::optional<json> ParseStrictObject(std::string_view text, int max_depth) {
  // The parser takes a NUL for the end, whatever follows.
  if (text.find('\0') != std::string_view::npos) return std::nullopt;
  bool good = true;
  std::vector<std::set<std::string>> names;  // of the objects that are open
  // Returning false drops a value; the whole parse is refused anyway, so `good` is what counts.
  const auto watch = [&](int depth, json::parse_event_t event, json& parsed) {
    switch (event) {
      case json::parse_event_t::object_start:
        names.emplace_back();
        [[fallthrough]];
      case json::parse_event_t::array_start:
        if (depth >= max_depth) good = false;
        break;
      case json::parse_event_t::object_end:
        names.pop_back();
        break;
      case json::parse_event_t::key:
        if (!names.back().insert(parsed.get<std::string>()).second) good = false;
        break;
      default:
        break;
    }
    return good;
  };
  json object = json::parse(text, watch, false);
  if (!good || object.is_discarded() || !object.is_object()) return std::nullopt;
  return object;
}

std::optional<std::string> TextMember(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end()) return std::string();
  if (!found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

std::optional<std::vector<std::string>> TextsMember(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end()) return std::vector<std::string>();
  if (found->is_string()) return std::vector{found->get<std::string>()};
  if (!found->is_array()) return std::nullopt;
  std::vector<std::string> out;
  for (const json& item : *found) {
    if (!item.is_string()) return std::nullopt;
    out.push_back(item.get<std::string>());
  }
  return out;
}

}  // namespace blobgate::azure
