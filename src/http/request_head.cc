#include "http/request_head.h"

#include <algorithm>
#include <array>

#include "base/encoding.h"

namespace blobgate::http {

namespace {

// `+` is part of base64; signatures and block ids arrive with it unescaped.
bool KeepsPlus(std::string_view name) {
  return EqualsIgnoreCase(name, "sig") || EqualsIgnoreCase(name, "blockid");
}

/// Means itself, wherever in a query it is.
constexpr bool IsPlain(char c) {
  constexpr std::array<bool, 256> kPlain = [] {
    std::array<bool, 256> plain;
    plain.fill(true);
    for (const unsigned char special : {'&', '=', '%', '+'}) plain[special] = false;
    return plain;
  }();
  return kPlain[static_cast<unsigned char>(c)];
}

/// Decodes what comes next of a query, without a copy of each part for itself.
class Decoder {
 public:
  /// Never writes more to `out` than `raw` has bytes.
  Decoder(std::string_view raw, char* out) : raw_(raw), out_(out) {}

  bool done() const { return at_ == raw_.size(); }
  /// Is `c` next? Then it is behind us.
  bool Skip(char c) {
    if (done() || raw_[at_] != c) return false;
    ++at_;
    return true;
  }
  /// Up to the next '&', or `end`; nullopt when an escape is malformed.
  std::optional<std::string_view> Component(char end, bool keep_plus) {
    const char* const begin = out_;
    const char* from = raw_.data() + at_;
    const char* const last = raw_.data() + raw_.size();
    char* to = out_;
    for (;; ++from) {
      while (from != last && IsPlain(*from)) *to++ = *from++;
      if (from == last || *from == '&' || *from == end) break;
      char c = *from;
      if (c == '%') {
        const std::optional<char> escaped = PercentEscape({from, last});
        if (!escaped) return std::nullopt;
        c = *escaped;
        from += 2;
      } else if (c == '+' && !keep_plus) {
        c = ' ';
      }
      *to++ = c;
    }
    at_ = static_cast<std::size_t>(from - raw_.data());
    out_ = to;
    return std::string_view(begin, to);
  }

 private:
  const std::string_view raw_;
  std::size_t at_ = 0;
  char* out_;
};

}  // namespace

bool IsJoinedName(std::string_view name, std::string_view prefix, std::string_view rest) {
  return name.size() == prefix.size() + rest.size() &&
         EqualsIgnoreCase(name.substr(prefix.size()), rest) &&
         EqualsIgnoreCase(name.substr(0, prefix.size()), prefix);
}

std::optional<std::string_view> HeaderView::Find(std::string_view prefix,
                                                 std::string_view rest) const {
  for (const auto& [field, value] : fields_) {
    if (IsJoinedName(field, prefix, rest)) return value;
  }
  return std::nullopt;
}

std::optional<std::string_view> HeaderView::Find(std::string_view name) const {
  for (const auto& [field, value] : fields_) {
    if (EqualsIgnoreCase(field, name)) return value;
  }
  return std::nullopt;
}

std::size_t HeaderView::Count(std::string_view name) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      fields_, [name](const Field& field) { return EqualsIgnoreCase(field.first, name); }));
}

std::optional<Query> Query::Parse(std::string_view raw) {
  Query query;
  if (raw.empty()) return query;
  const auto text = std::make_shared_for_overwrite<char[]>(raw.size());
  const auto pairs = static_cast<std::size_t>(std::ranges::count(raw, '&')) + 1;
  query.params_.reserve(std::min(pairs, kMaxParams));
  for (Decoder decoder(raw, text.get()); !decoder.done();) {
    if (decoder.Skip('&')) continue;
    if (query.params_.size() == kMaxParams) return std::nullopt;
    const auto name = decoder.Component('=', false);
    if (!name) return std::nullopt;
    decoder.Skip('=');
    const auto value = decoder.Component('&', KeepsPlus(*name));
    if (!value) return std::nullopt;
    query.params_.emplace_back(*name, *value);
  }
  query.text_ = text;
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
