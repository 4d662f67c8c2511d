#include "config/environment.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <utility>
#include <vector>

#include "config/schema.h"
#include "config/schema_internal.h"

namespace blobgate::config {
namespace {

using nlohmann::json;

std::vector<std::string> Split(const std::string& text) {
  std::vector<std::string> out;
  std::istringstream in(text);
  for (std::string item; std::getline(in, item, ',');) out.push_back(item);
  return out;
}

/// What is no number or flag stays text, for the schema to refuse.
json ValueOf(Form form, const std::string& text) {
  switch (form) {
    case Form::kFlag:
      if (text == "true" || text == "false") return text == "true";
      return text;
    case Form::kNumber: {
      std::uint64_t number = 0;
      const char* const end = text.data() + text.size();
      const auto [rest, failed] = std::from_chars(text.data(), end, number);
      if (failed == std::errc() && rest == end) return number;
      return text;
    }
    case Form::kTexts:
      return Split(text);
    case Form::kText:
      break;
  }
  return text;
}

/// {"limits": {"head_bytes": value}}
json Nested(std::string path, json value) {
  std::ranges::replace(path, '.', '/');
  json out;
  out[json::json_pointer("/" + path)] = std::move(value);
  return out;
}

}  // namespace

std::string VariableOf(std::string_view path) {
  if (path.contains("[]")) return {};
  std::string out = "BLOBGATE_";
  for (const char c : path) {
    const bool lower = c >= 'a' && c <= 'z';
    out += c == '.' ? '_' : lower ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return out;
}

Status ApplyEnvironment(const Environment& environment, json& file) {
  // A section that is none must not be hidden by what is put into it.
  Config scratch;
  BG_CHECK(ReadGivenConfig(file, scratch));
  for (const OptionDoc& option : Documentation()) {
    const std::string variable = VariableOf(option.path);
    const char* const text = variable.empty() ? nullptr : environment(variable);
    if (text == nullptr) continue;
    const json given = Nested(option.path, ValueOf(option.form, text));
    if (const Status good = ReadGivenConfig(given, scratch); !good) {
      return Fail(good.error().code, variable + ": " + good.error().detail);
    }
    file.merge_patch(given);
  }
  return {};
}

}  // namespace blobgate::config
