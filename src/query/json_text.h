// JSON as text.
#pragma once

#include <string>
#include <string_view>

#include "query/value.h"

namespace blobgate::query {

/// Appends `text` in quotes. Malformed UTF-8 becomes U+FFFD.
void AppendJsonText(std::string& out, std::string_view text);
/// Appends any value; missing ones as null, timestamps as text. NaN and infinity, which JSON has
/// not, as null.
void AppendJson(std::string& out, const Value& value);

}  // namespace blobgate::query
