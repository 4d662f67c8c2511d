// JSON that strangers send: an object of bounded depth in which no member is there twice.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace blobgate::azure {

/// nullopt for anything but one object: malformed JSON or UTF-8, a repeated member at any level
/// (two readers could take different ones), or nesting deeper than `max_depth` objects and arrays.
/// The caller bounds the size.
std::optional<nlohmann::json> ParseStrictObject(std::string_view text, int max_depth = 8);

/// The member's text; "" when it is absent. nullopt when it is no string.
std::optional<std::string> TextMember(const nlohmann::json& object, const char* name);

/// The member's texts: a list of strings, or one string; empty when absent. nullopt for anything
/// else.
std::optional<std::vector<std::string>> TextsMember(const nlohmann::json& object, const char* name);

}  // namespace blobgate::azure
