#include "auth/canonical.h"

#include <algorithm>
#include <cstdint>

#include "base/encoding.h"

namespace blobgate::auth {
namespace {

void AppendLower(std::string& out, std::string_view text) {
  for (const char c : text) out += LowerOf(c);
}

// Primary weights: 0 is skipped, the rest ascends. The characters are those of header names; other
// bytes come last and never pass the HTTP parser.
constexpr std::array<std::uint16_t, 256> kPrimary = [] {
  std::array<std::uint16_t, 256> weights{};
  for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = static_cast<std::uint16_t>(256 + i);
  std::uint16_t next = 1;
  for (const char c : std::string_view("!#$%&*.^_`|~+0123456789")) {
    weights[static_cast<unsigned char>(c)] = next++;
  }
  for (char c = 'a'; c <= 'z'; ++c) {
    weights[static_cast<unsigned char>(c)] = next;
    weights[static_cast<unsigned char>(c - 32)] = next++;
  }
  weights['-'] = weights['\''] = 0;
  return weights;
}();

std::uint16_t PrimaryOf(char c) {
  return kPrimary[static_cast<unsigned char>(c)];
}

// Moves `i` to the next character that has a primary weight.
void SkipHyphens(std::string_view text, std::size_t& i) {
  while (i < text.size() && PrimaryOf(text[i]) == 0) ++i;
}

// Negative, zero, positive: the first pass.
int ComparePrimary(std::string_view a, std::string_view b) {
  for (std::size_t i = 0, j = 0;; ++i, ++j) {
    SkipHyphens(a, i);
    SkipHyphens(b, j);
    if (i == a.size() || j == b.size()) return (i < a.size()) - (j < b.size());
    const int difference = PrimaryOf(a[i]) - PrimaryOf(b[j]);
    if (difference != 0) return difference;
  }
}

int HyphenWeight(char c) {
  return c == '-' ? 2 : c == '\'' ? 1 : 0;
}

// The last pass: where exactly one has a hyphen, that one is greater.
int CompareHyphens(std::string_view a, std::string_view b) {
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) {
    const int difference = HyphenWeight(a[i]) - HyphenWeight(b[i]);
    if (difference != 0) return difference;
  }
  return (a.size() > b.size()) - (a.size() < b.size());
}

constexpr std::array<std::string_view, SignedHeaders::kStandardCount> kStandardNames = {
    "content-encoding",
    "content-language",
    "content-length",
    "content-md5",
    "content-type",
    "date",
    "if-modified-since",
    "if-match",
    "if-none-match",
    "if-unmodified-since",
    "range"};

constexpr std::string_view kExtensionPrefix = "x-ms-";

bool IsExtension(std::string_view name) {
  return name.size() >= kExtensionPrefix.size() &&
         EqualsIgnoreCase(name.substr(0, kExtensionPrefix.size()), kExtensionPrefix);
}

bool IsBlank(char c) {
  return c == ' ' || c == '\t';
}

// `value` with each run of blanks outside quoted strings as one space.
void AppendFolded(std::string& out, std::string_view value) {
  bool quoted = false;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    if (c == '"') quoted = !quoted;
    if (quoted || !IsBlank(c)) {
      out += c;
    } else if (i == 0 || !IsBlank(value[i - 1])) {
      out += ' ';
    }
  }
}

bool HasFoldableBlanks(std::string_view value) {
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] == '\t' || (i > 0 && value[i] == ' ' && IsBlank(value[i - 1]))) return true;
  }
  return false;
}

}  // namespace

bool CultureLess(std::string_view a, std::string_view b) {
  if (const int primary = ComparePrimary(a, b); primary != 0) return primary < 0;
  return CompareHyphens(a, b) < 0;
}

bool OrdinalLess(std::string_view a, std::string_view b) {
  const auto less = [](char x, char y) {
    return static_cast<unsigned char>(LowerOf(x)) < static_cast<unsigned char>(LowerOf(y));
  };
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), less);
}

azure::Outcome<SignedHeaders> SignedHeaders::Pick(const http::HeaderView& headers) {
  SignedHeaders picked;
  picked.extensions_.reserve(headers.fields().size());
  std::uint32_t seen = 0;
  for (const auto& [name, value] : headers.fields()) {
    if (IsExtension(name)) {
      picked.extensions_.emplace_back(name, value);
      continue;
    }
    for (std::size_t i = 0; i < kStandardCount; ++i) {
      if (name.size() != kStandardNames[i].size()) continue;  // spares most calls
      if (!EqualsIgnoreCase(name, kStandardNames[i])) continue;
      if (seen & 1u << i) return azure::Fail(azure::InvalidHeader(name, value));
      seen |= 1u << i;
      picked.standard_[i] = value;
      break;
    }
  }
  std::ranges::sort(picked.extensions_, CultureLess, &http::HeaderView::Field::first);
  const auto twin = std::ranges::adjacent_find(picked.extensions_, EqualsIgnoreCase,
                                               &http::HeaderView::Field::first);
  if (twin != picked.extensions_.end()) {
    return azure::Fail(azure::InvalidHeader(twin->first, twin->second));
  }
  return picked;
}

std::string_view SignedHeaders::Extension(std::string_view name) const {
  for (const auto& [have, value] : extensions_) {
    if (EqualsIgnoreCase(have, name)) return value;
  }
  return {};
}

void SignedHeaders::AppendExtensions(std::string& out, HeaderForm form) const {
  const std::string_view version = Extension("x-ms-version");
  const bool skip_empty = !version.empty() && version < "2016-05-31";
  const auto append = [&](const http::HeaderView::Field& field) {
    if (skip_empty && field.second.empty()) return;
    AppendLower(out, field.first);
    out += ':';
    if (form.fold_blanks) {
      AppendFolded(out, field.second);
    } else {
      out += field.second;
    }
    out += '\n';
  };
  if (!form.ordinal) {
    std::ranges::for_each(extensions_, append);
    return;
  }
  auto sorted = extensions_;
  std::ranges::sort(sorted, OrdinalLess, &http::HeaderView::Field::first);
  std::ranges::for_each(sorted, append);
}

bool SignedHeaders::OrderMatters() const {
  return !std::ranges::is_sorted(extensions_, OrdinalLess, &http::HeaderView::Field::first);
}

bool SignedHeaders::BlanksMatter() const {
  return std::ranges::any_of(extensions_, HasFoldableBlanks, &http::HeaderView::Field::second);
}

void AppendCanonicalResource(std::string& out, std::string_view account,
                             const http::RequestHead& head) {
  out += '/';
  out += account;
  out += head.path;
  std::vector<const http::Query::Param*> params;
  params.reserve(head.query.params().size());
  for (const auto& param : head.query.params()) params.push_back(&param);
  std::ranges::sort(params, [](const auto* a, const auto* b) {
    if (OrdinalLess(a->first, b->first)) return true;
    return !OrdinalLess(b->first, a->first) && a->second < b->second;
  });
  const http::Query::Param* previous = nullptr;
  for (const auto* param : params) {
    if (previous != nullptr && EqualsIgnoreCase(previous->first, param->first)) {
      out += ',';
    } else {
      out += '\n';
      AppendLower(out, param->first);
      out += ':';
    }
    out += param->second;
    previous = param;
  }
}

void AppendLiteResource(std::string& out, std::string_view account, const http::RequestHead& head) {
  out += '/';
  out += account;
  out += head.path;
  if (const auto comp = head.query.Find("comp")) {
    out += "?comp=";
    out += *comp;
  }
}

}  // namespace blobgate::auth
