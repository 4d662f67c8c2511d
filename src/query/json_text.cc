#include "query/json_text.h"

#include <fmt/format.h>

#include <cmath>

#include "query/utf8.h"

namespace blobgate::query {
namespace {

void AppendControl(std::string& out, char c) {
  switch (c) {
    case '\b':
      out += "\\b";
      break;
    case '\f':
      out += "\\f";
      break;
    case '\n':
      out += "\\n";
      break;
    case '\r':
      out += "\\r";
      break;
    case '\t':
      out += "\\t";
      break;
    default:
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
  }
}

}  // namespace

void AppendJsonText(std::string& out, std::string_view text) {
  constexpr char32_t kLast = 0x10FFFF;
  out += '"';
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    const char32_t c = NextCharacter(text, at);
    if (c == U'"' || c == U'\\') {
      out += '\\';
      out += static_cast<char>(c);
    } else if (c < 0x20) {
      AppendControl(out, static_cast<char>(c));
    } else if (c > kLast) {
      out += "\xEF\xBF\xBD";
    } else {
      out += text.substr(begin, at - begin);
    }
  }
  out += '"';
}

void AppendJson(std::string& out, const Value& value) {
  const auto* real = std::get_if<double>(&value);
  if (IsNull(value) || (real && !std::isfinite(*real))) {
    out += "null";
  } else if (const auto* text = std::get_if<std::string_view>(&value)) {
    AppendJsonText(out, *text);
  } else if (std::holds_alternative<Timestamp>(value)) {
    AppendJsonText(out, ToText(value));
  } else {
    out += ToText(value);
  }
}

}  // namespace blobgate::query
