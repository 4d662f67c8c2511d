#include "http/range.h"

#include "base/encoding.h"

namespace blobgate::http {

std::optional<ByteRange> ParseRange(std::string_view text) {
  constexpr std::string_view kUnit = "bytes=";
  text = Trim(text);
  if (!EqualsIgnoreCase(text.substr(0, kUnit.size()), kUnit)) return std::nullopt;
  text.remove_prefix(kUnit.size());
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto first = ParseUnsigned(text.substr(0, dash));
  if (!first) return std::nullopt;
  const std::string_view end = text.substr(dash + 1);
  if (end.empty()) return ByteRange{*first, std::nullopt};
  const auto last = ParseUnsigned(end);
  if (!last || *last < *first) return std::nullopt;
  return ByteRange{*first, *last};
}

}  // namespace blobgate::http
