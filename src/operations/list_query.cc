#include "operations/list_query.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/encoding.h"
#include "blob/keys.h"
#include "blobgate/engine/catalog.h"

namespace blobgate::operations {
namespace {

constexpr std::string_view kMaxResults = "maxresults";
constexpr std::string_view kInclude = "include";
constexpr std::string_view kStartFrom = "startFrom";
constexpr std::string_view kEndBefore = "endBefore";

azure::Error OutOfRange(std::string_view value, std::size_t limit) {
  return azure::Error(azure::ErrorCode::kOutOfRangeQueryParameterValue)
      .WithDetail("QueryParameterName", std::string(kMaxResults))
      .WithDetail("QueryParameterValue", std::string(value))
      .WithDetail("MinimumAllowed", "1")
      .WithDetail("MaximumAllowed", std::to_string(limit));
}

/// Names have no byte below 0x20 and fit into a key.
bool CanBeInName(std::string_view text) {
  return text.size() < engine::Catalog::kMaxKeySize &&
         std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20; });
}

std::string KeyOf(char kind, std::string_view name) {
  std::string key(1, kind);
  key += name;
  return key;
}

}  // namespace

std::optional<std::string> DecodeMarker(std::string_view marker, char kind) {
  std::string text(marker);
  std::ranges::replace(text, '-', '+');
  std::ranges::replace(text, '_', '/');
  auto key = Base64Decode(text);
  if (!key || key->empty() || key->front() != kind) return std::nullopt;
  if (key->size() > engine::Catalog::kMaxKeySize || key->contains('\0')) return std::nullopt;
  return key;
}

azure::Outcome<std::size_t> ParseMaxResults(const http::Query& query, std::size_t limit) {
  const std::string_view text = query.Get(kMaxResults);
  if (text.empty()) return limit;
  if (text.starts_with('-') && ParseUnsigned(text.substr(1))) {
    return azure::Fail(OutOfRange(text, limit));
  }
  const auto number = ParseUnsigned(text);
  if (!number) return azure::Fail(azure::InvalidQueryParameter(kMaxResults, text));
  if (*number == 0) return azure::Fail(OutOfRange(text, limit));
  return static_cast<std::size_t>(std::min<std::uint64_t>(*number, limit));
}

azure::Outcome<std::vector<std::string_view>> ParseInclude(
    const http::Query& query, std::span<const std::string_view> known) {
  std::vector<std::string_view> found;
  std::string_view rest = query.Get(kInclude);
  while (!rest.empty()) {
    const auto comma = rest.find(',');
    const std::string_view item = Trim(rest.substr(0, comma));
    rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
    if (item.empty()) continue;
    auto same = [item](std::string_view name) { return EqualsIgnoreCase(name, item); };
    const auto match = std::ranges::find_if(known, same);
    if (match == known.end()) {
      return azure::Fail(
          azure::InvalidQueryParameter(kInclude, item, "Invalid query parameter value."));
    }
    found.push_back(*match);
  }
  return found;
}

azure::Outcome<ListRange> ParseListRange(const http::Query& query, char kind, bool end_before,
                                         std::string_view marker_name) {
  const std::string_view prefix = query.Get("prefix");
  const std::string_view marker = query.Get(marker_name);
  const std::string_view start = query.Get(kStartFrom);
  ListRange range;
  range.from = KeyOf(kind, CanBeInName(prefix) ? prefix : "");
  range.end = blob::PrefixEnd(range.from);
  if (!marker.empty()) {
    auto key = DecodeMarker(marker, kind);
    if (!key) return azure::Fail(azure::InvalidQueryParameter(marker_name, marker));
    range.from = std::max(range.from, *key);
  }
  if (!start.empty()) {
    if (!CanBeInName(start)) return azure::Fail(azure::InvalidQueryParameter(kStartFrom, start));
    range.from = std::max(range.from, KeyOf(kind, start));
  }
  const std::string_view end = end_before ? query.Get(kEndBefore) : std::string_view();
  if (!end.empty()) {
    if (!CanBeInName(end)) return azure::Fail(azure::InvalidQueryParameter(kEndBefore, end));
    range.end = std::min(range.end, KeyOf(kind, end));
  }
  if (!CanBeInName(prefix) || range.from > range.end) range.from = range.end;
  return range;
}

std::string EncodeMarker(std::string_view key) {
  std::string marker = key.empty() ? std::string() : Base64Encode(key);
  std::ranges::replace(marker, '+', '-');
  std::ranges::replace(marker, '/', '_');
  return marker;
}

void WriteEcho(azure::XmlWriter& xml, const http::Query& query, std::string_view parameter,
               std::string_view element) {
  if (auto value = query.Find(parameter)) xml.NameElement(element, *value);
}

}  // namespace blobgate::operations
