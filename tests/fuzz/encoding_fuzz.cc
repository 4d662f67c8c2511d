// The encodings below everything else: base64, escapes, times, numbers, UTF-8, rows of fields. What
// is accepted is written again as the same value, and where there is one spelling only, as it was.
#include <string>

#include "azure/utf8.h"
#include "base/codec.h"
#include "base/encoding.h"
#include "base/time.h"
#include "base/uuid.h"
#include "fuzz/input.h"

namespace {

using namespace blobgate;
using fuzz::Require;

void CheckText(std::string_view text) {
  Require(Base64Decode(Base64Encode(text)) == text);
  Require(Base64UrlDecode(Base64UrlEncode(text)) == text);
  Require(PercentDecode(PercentEncode(text)) == text);
  if (const auto bytes = Base64Decode(text)) Require(Base64Encode(*bytes).size() == text.size());
  if (const auto bytes = Base64UrlDecode(text)) Require(Base64UrlEncode(*bytes) == text);
  if (const auto plain = PercentDecode(text)) Require(plain->size() <= text.size());
  if (const auto number = ParseUnsigned(text)) {
    const std::string written = std::to_string(*number);
    Require(text.ends_with(written));
    Require(text.find_first_not_of('0') == std::string_view::npos ||
            text.substr(text.find_first_not_of('0')) == written);
  }
  Require(EqualsIgnoreCase(text, ToLower(text)));
  (void)IsUuid(text);
}

void CheckTimes(std::string_view text) {
  if (const auto time = ParseHttpDate(text)) Require(ParseHttpDate(FormatHttpDate(*time)) == time);
  if (const auto time = ParseIso8601(text)) Require(ParseIso8601(FormatIso8601(*time)) == time);
}

/// Two readers agree on what UTF-8 is.
void CheckUtf8(std::string_view text) {
  bool valid = true;
  for (std::string_view rest = text; !rest.empty() && valid;) {
    const auto next = azure::NextCodePoint(rest);
    Require(next.bytes > 0 && next.bytes <= rest.size());
    valid = next.valid;
    rest.remove_prefix(next.bytes);
  }
  Require(valid == IsUtf8(text));
}

void CheckFields(std::string_view row) {
  FieldReader reader(row);
  std::string written;
  FieldWriter writer(written);
  while (reader.Next()) {
    Require(fuzz::Within(reader.bytes(), row));
    writer.Bytes(reader.tag(), reader.bytes());
  }
  if (!reader.ok()) return;
  FieldReader first(row), second(written);
  while (first.Next()) {
    Require(second.Next() && first.tag() == second.tag() && first.bytes() == second.bytes());
    Require(first.number() == second.number());
  }
  Require(!second.Next());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::TextOf(data, size);
  CheckText(text);
  CheckTimes(text);
  CheckUtf8(text);
  CheckFields(text);
  return 0;
}
