#include "http/request_head.h"

#include <algorithm>

#include "base/encoding.h"

namespace blobgate::http {

namespace {

// `+` is part of base64; signatures and block ids arrive with it unescaped.
bool KeepsPlus(std::string_view name) {
  return EqualsIgnoreCase(name, "sig") || EqualsIgnoreCase(name, "blockid");
}

std::optional<std::string> DecodeComponent(std::string_view raw, bool keep_plus) {
  if (keep_plus || raw.find('+') == std::string_view::npos) return PercentDecode(raw);
  std::string spaced(raw);
  std::ranges::replace(spaced, '+', ' ');
  return PercentDecode(spaced);
}

}  // namespace

std::optional<std::string_view> HeaderView::Find(std::string_view name) const {
  // Lengths differ for most fields, so the text is rarely compared.
  for (const auto& [field, value] : fields_) {
    if (field.size() == name.size() && EqualsIgnoreCase(field, name)) return value;
  }
  return std::nullopt;
}

std::size_t HeaderView::Count(std::string_view name) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      fields_, [name](const Field& field) { return EqualsIgnoreCase(field.first, name); }));
}

std::optional<Query> Query::Parse(std::string_view raw) {
  Query query;
  const auto pairs = static_cast<std::size_t>(std::ranges::count(raw, '&')) + 1;
  query.params_.reserve(raw.empty() ? 0 : std::min(pairs, kMaxParams));
  while (!raw.empty()) {
    const std::size_t end = std::min(raw.find('&'), raw.size());
    const std::string_view pair = raw.substr(0, end);
    raw.remove_prefix(std::min(end + 1, raw.size()));
    if (pair.empty()) continue;
    if (query.params_.size() == kMaxParams) return std::nullopt;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    auto name = DecodeComponent(pair.substr(0, equals), false);
    if (!name) return std::nullopt;
    const std::string_view rest = pair.substr(std::min(equals + 1, pair.size()));
    auto value = DecodeComponent(rest, KeepsPlus(*name));
    if (!value) return std::nullopt;
    query.params_.emplace_back(std::move(*name), std::move(*value));
  }
  return query;
}

std::optional<std::string_view> Query::Find(std::string_view name) const {
  for (const auto& [param, value] : params_) {
    if (EqualsIgnoreCase(param, name)) return value;
  }
  return std::nullopt;
}

bool SplitTarget(RequestHead& head) {
  head.query = {};
  if (!head.target.starts_with('/')) return false;
  const std::size_t mark = std::min(head.target.find('?'), head.target.size());
  head.path = head.target.substr(0, mark);
  head.raw_query = head.target.substr(std::min(mark + 1, head.target.size()));
  auto query = Query::Parse(head.raw_query);
  if (!query) return false;
  head.query = std::move(*query);
  return true;
}

}  // namespace blobgate::http
