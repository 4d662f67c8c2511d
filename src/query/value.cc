#include "query/value.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <optional>

#include "base/encoding.h"
#include "query/timestamp.h"

namespace blobgate::query {
namespace {

constexpr auto kFailed = std::unexpected(kInvalidTypeConversion);

// std::from_chars takes no plus sign.
std::string_view WithoutPlus(std::string_view text) {
  text = Trim(text);
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  return text;
}

std::optional<std::int64_t> ParseInt(std::string_view text) {
  text = WithoutPlus(text);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Without "inf" and "nan", which SQL does not have.
std::optional<double> ParseFloat(std::string_view text) {
  text = WithoutPlus(text);
  if (text.empty() || text.find_first_not_of("0123456789+-.eE") != std::string_view::npos) {
    return std::nullopt;
  }
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<bool> ParseBool(std::string_view text) {
  text = Trim(text);
  if (EqualsIgnoreCase(text, "true") || text == "1") return true;
  if (EqualsIgnoreCase(text, "false") || text == "0") return false;
  return std::nullopt;
}

template <class T>
OrError<T> OrFailed(const std::optional<T>& value) {
  if (!value) return kFailed;
  return *value;
}

// Every 64-bit integer is exact in it on the machines that we run on; elsewhere the last bits of
// large ones may be lost.
long double Wide(const std::variant<std::int64_t, double>& number) {
  return std::visit([](auto n) { return static_cast<long double>(n); }, number);
}

bool Is(const Value& value, std::size_t index) {
  return value.index() == index;
}

constexpr std::size_t kBool = 2;
constexpr std::size_t kText = 5;
constexpr std::size_t kTimestamp = 6;

}  // namespace

OrError<std::int64_t> ToInt(const Value& value) {
  if (const auto* i = std::get_if<std::int64_t>(&value)) return *i;
  if (const auto* b = std::get_if<bool>(&value)) return *b ? 1 : 0;
  if (const auto* text = std::get_if<std::string_view>(&value)) return OrFailed(ParseInt(*text));
  if (const auto* d = std::get_if<double>(&value)) {
    const double whole = std::trunc(*d);
    if (!(whole >= -0x1p63 && whole < 0x1p63)) return kFailed;
    return static_cast<std::int64_t>(whole);
  }
  return kFailed;
}

OrError<double> ToFloat(const Value& value) {
  if (const auto* d = std::get_if<double>(&value)) return *d;
  if (const auto* i = std::get_if<std::int64_t>(&value)) return static_cast<double>(*i);
  if (const auto* b = std::get_if<bool>(&value)) return *b ? 1.0 : 0.0;
  if (const auto* text = std::get_if<std::string_view>(&value)) return OrFailed(ParseFloat(*text));
  return kFailed;
}

OrError<bool> ToBool(const Value& value) {
  if (const auto* b = std::get_if<bool>(&value)) return *b;
  if (const auto* i = std::get_if<std::int64_t>(&value)) return *i != 0;
  if (const auto* d = std::get_if<double>(&value)) return *d != 0;
  if (const auto* text = std::get_if<std::string_view>(&value)) return OrFailed(ParseBool(*text));
  return kFailed;
}

OrError<Timestamp> ToTimestamp(const Value& value) {
  if (const auto* t = std::get_if<Timestamp>(&value)) return *t;
  if (const auto* text = std::get_if<std::string_view>(&value)) {
    return OrFailed(ParseTimestamp(*text));
  }
  return kFailed;
}

std::string ToText(const Value& value) {
  struct Writer {
    std::string operator()(Missing) const { return {}; }
    std::string operator()(Null) const { return {}; }
    std::string operator()(bool b) const { return b ? "true" : "false"; }
    std::string operator()(std::int64_t i) const { return std::to_string(i); }
    std::string operator()(double d) const { return fmt::format("{}", d); }
    std::string operator()(std::string_view text) const { return std::string(text); }
    std::string operator()(const Timestamp& t) const { return FormatTimestamp(t); }
    std::string operator()(JsonText json) const { return std::string(json.text); }
  };
  return std::visit(Writer{}, value);
}

OrError<std::variant<std::int64_t, double>> ToNumber(const Value& value) {
  if (const auto* d = std::get_if<double>(&value)) return *d;
  if (auto i = ToInt(value)) return *i;
  const auto d = ToFloat(value);
  if (!d) return kFailed;
  return *d;
}

OrError<std::partial_ordering> Compare(const Value& a, const Value& b) {
  if (Is(a, kText) && Is(b, kText)) {
    return std::get<std::string_view>(a) <=> std::get<std::string_view>(b);
  }
  if (Is(a, kTimestamp) || Is(b, kTimestamp)) {
    const auto left = ToTimestamp(a);
    const auto right = ToTimestamp(b);
    if (!left || !right) return kFailed;
    return left->time <=> right->time;
  }
  const auto bool_or_text = [](const Value& v) { return Is(v, kBool) || Is(v, kText); };
  if (bool_or_text(a) && bool_or_text(b)) {
    const auto left = ToBool(a);
    const auto right = ToBool(b);
    if (!left || !right) return kFailed;
    return *left <=> *right;
  }
  const auto left = ToNumber(a);
  const auto right = ToNumber(b);
  if (!left || !right) return kFailed;
  return Wide(*left) <=> Wide(*right);
}

}  // namespace blobgate::query
