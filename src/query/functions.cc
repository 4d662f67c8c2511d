#include "query/functions.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "query/timestamp.h"
#include "query/utf8.h"

namespace blobgate::query {
namespace {

using Number = std::variant<std::int64_t, double>;

std::unexpected<RecordError> Failed(const RecordError& error) {
  return std::unexpected(error);
}

Value Condition(bool holds) {
  return std::int64_t{holds ? 1 : 0};
}

bool AnyNull(const FunctionCall& call) {
  return std::ranges::any_of(call.arguments, IsNull);
}

Value Made(FunctionCall& call, std::string text) {
  call.scratch = std::move(text);
  return std::string_view(call.scratch);
}

/// The text of an argument that is a string, or what it looks like as one.
class Text {
 public:
  explicit Text(const Value& value) {
    if (const auto* view = std::get_if<std::string_view>(&value)) {
      view_ = *view;
    } else {
      made_ = ToText(value);
      view_ = made_;
    }
  }
  Text(const Text&) = delete;
  Text& operator=(const Text&) = delete;
  std::string_view view() const { return view_; }

 private:
  std::string made_;
  std::string_view view_;
};

// Comparisons.

template <bool (*kHolds)(std::partial_ordering)>
OrError<Value> CompareCall(FunctionCall& call) {
  if (AnyNull(call)) return Null{};
  const auto order = Compare(call.arguments[0], call.arguments[1]);
  if (!order) return Failed(order.error());
  return Condition(kHolds(*order));
}

OrError<Value> BetweenCall(FunctionCall& call) {
  if (AnyNull(call)) return Null{};
  const auto low = Compare(call.arguments[0], call.arguments[1]);
  if (!low) return Failed(low.error());
  const auto high = Compare(call.arguments[0], call.arguments[2]);
  if (!high) return Failed(high.error());
  return Condition(std::is_gteq(*low) && std::is_lteq(*high));
}

// NULL when it is not found and a member is NULL.
OrError<Value> InCall(FunctionCall& call) {
  const Value& value = call.arguments.front();
  if (IsNull(value)) return Null{};
  bool unknown = false;
  for (const Value& member : call.arguments.subspan(1)) {
    if (IsNull(member)) {
      unknown = true;
      continue;
    }
    const auto order = Compare(value, member);
    if (!order) return Failed(order.error());
    if (std::is_eq(*order)) return Condition(true);
  }
  if (unknown) return Null{};
  return Condition(false);
}

OrError<Value> LikeCall(FunctionCall& call) {
  if (call.arguments.size() > 3) return Failed(kInvalidArgument);
  if (AnyNull(call)) return Null{};
  char32_t escape = 0;
  if (call.arguments.size() == 3) {
    const Text text(call.arguments[2]);
    std::size_t at = 0;
    if (text.view().empty()) return Failed(kInvalidArgument);
    escape = NextCharacter(text.view(), at);
    if (at != text.view().size()) return Failed(kInvalidArgument);
  }
  const Text text(call.arguments[0]);
  const Text pattern(call.arguments[1]);
  const auto matches = Like(text.view(), pattern.view(), escape, call.budget);
  if (!matches) return Failed(matches.error());
  return Condition(*matches);
}

// A value as SQLite's condition.
OrError<Value> TruthCall(FunctionCall& call) {
  if (AnyNull(call)) return Null{};
  const auto truth = ToBool(call.arguments[0]);
  if (!truth) return Failed(truth.error());
  return Condition(*truth);
}

// SQLite's condition as a value.
OrError<Value> BoolCall(FunctionCall& call) {
  if (AnyNull(call)) return Null{};
  return call.arguments[0] != Condition(false);
}

OrError<Value> NullIfCall(FunctionCall& call) {
  if (AnyNull(call)) return call.arguments[0];
  const auto order = Compare(call.arguments[0], call.arguments[1]);
  if (!order) return Failed(order.error());
  if (std::is_eq(*order)) return Null{};
  return call.arguments[0];
}

// Arithmetic.

OrError<Number> OfInts(char sign, std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  bool overflow = false;
  switch (sign) {
    case '+':
      overflow = __builtin_add_overflow(a, b, &result);
      break;
    case '-':
      overflow = __builtin_sub_overflow(a, b, &result);
      break;
    case '*':
      overflow = __builtin_mul_overflow(a, b, &result);
      break;
    default:
      if (b == 0) return Failed(kDivideByZero);
      if (b == -1) {  // the smallest number has no opposite
        if (sign == '%') return Number{std::int64_t{0}};
        return OfInts('-', 0, a);
      }
      result = sign == '/' ? a / b : a % b;
  }
  if (overflow) return Failed(kArithmeticOverflow);
  return Number{result};
}

OrError<Number> OfFloats(char sign, double a, double b) {
  double result = 0;
  switch (sign) {
    case '+':
      result = a + b;
      break;
    case '-':
      result = a - b;
      break;
    case '*':
      result = a * b;
      break;
    default:
      if (b == 0) return Failed(kDivideByZero);
      result = sign == '/' ? a / b : std::fmod(a, b);
  }
  if (!std::isfinite(result)) return Failed(kArithmeticOverflow);
  return Number{result};
}

double AsFloat(const Number& number) {
  return std::visit([](auto n) { return static_cast<double>(n); }, number);
}

// timestamp + days, timestamp - days
OrError<Value> ShiftDate(char sign, const Timestamp& at, const Value& days) {
  const auto count = ToInt(days);
  if (!count || (sign != '+' && sign != '-')) return Failed(kInvalidTypeConversion);
  const auto signed_count = sign == '+' ? OfInts('+', 0, *count) : OfInts('-', 0, *count);
  if (!signed_count) return Failed(signed_count.error());
  const auto result = AddToDate(DatePart::kDay, std::get<std::int64_t>(*signed_count), at);
  if (!result) return Failed(kArithmeticOverflow);
  return *result;
}

OrError<Value> Apply(char sign, const Value& a, const Value& b) {
  if (const auto* at = std::get_if<Timestamp>(&a)) return ShiftDate(sign, *at, b);
  if (const auto* at = std::get_if<Timestamp>(&b); at && sign == '+') {
    return ShiftDate(sign, *at, a);
  }
  const auto left = ToNumber(a);
  const auto right = ToNumber(b);
  if (!left || !right) return Failed(kInvalidTypeConversion);
  const auto* i = std::get_if<std::int64_t>(&*left);
  const auto* j = std::get_if<std::int64_t>(&*right);
  const auto result =
      i && j ? OfInts(sign, *i, *j) : OfFloats(sign, AsFloat(*left), AsFloat(*right));
  if (!result) return Failed(result.error());
  return std::visit([](auto n) { return Value{n}; }, *result);
}

// arithmetic('+-', a, b, c) is a + b - c.
OrError<Value> ArithmeticCall(FunctionCall& call) {
  if (AnyNull(call)) return Null{};
  const auto signs = std::get<std::string_view>(call.arguments.front());
  Value result = call.arguments[1];
  for (std::size_t i = 0; i < signs.size(); ++i) {
    auto next = Apply(signs[i], result, call.arguments[i + 2]);
    if (!next) return next;
    result = *next;
  }
  return result;
}

OrError<Value> NegateCall(FunctionCall& call) {
  if (AnyNull(call)) return Null{};
  return Apply('-', std::int64_t{0}, call.arguments[0]);
}

OrError<Value> NumberCall(FunctionCall& call) {
  if (AnyNull(call)) return Null{};
  return Apply('+', std::int64_t{0}, call.arguments[0]);
}

// Casts.

template <class T, OrError<T> (*kConvert)(const Value&)>
OrError<Value> CastCall(FunctionCall& call) {
  if (AnyNull(call)) return Null{};
  const auto result = kConvert(call.arguments[0]);
  if (!result) return Failed(result.error());
  return *result;
}

OrError<Value> CastStringCall(FunctionCall& call) {
  if (AnyNull(call)) return Null{};
  if (std::holds_alternative<std::string_view>(call.arguments[0])) return call.arguments[0];
  return Made(call, ToText(call.arguments[0]));
}

// Strings.

OrError<Value> CharLengthCall(FunctionCall& call) {
  if (AnyNull(call)) return Null{};
  const Text text(call.arguments[0]);
  std::int64_t count = 0;
  for (std::size_t at = 0; at < text.view().size(); ++count) NextCharacter(text.view(), at);
  return count;
}

template <char kFirst, char kLast>
OrError<Value> ChangeCaseCall(FunctionCall& call) {
  if (AnyNull(call)) return Null{};
  std::string text = ToText(call.arguments[0]);
  for (char& c : text) {
    if (c >= kFirst && c <= kLast) c = static_cast<char>(c ^ 0x20);
  }
  return Made(call, std::move(text));
}

// SUBSTRING(text, start[, length]) in characters; the first one is 0, as the documentation's
// example has it.
OrError<Value> SubstringCall(FunctionCall& call) {
  if (call.arguments.size() > 3) return Failed(kInvalidArgument);
  if (AnyNull(call)) return Null{};
  const auto start = ToInt(call.arguments[1]);
  if (!start) return Failed(start.error());
  std::optional<std::int64_t> length;
  if (call.arguments.size() == 3) {
    const auto given = ToInt(call.arguments[2]);
    if (!given) return Failed(given.error());
    length = *given;
  }
  if (*start < 0 || length.value_or(0) < 0) return Failed(kInvalidArgument);
  const Text text(call.arguments[0]);
  std::size_t from = 0;
  for (std::int64_t i = 0; i < *start && from < text.view().size(); ++i) {
    NextCharacter(text.view(), from);
  }
  std::size_t to = length ? from : text.view().size();
  for (std::int64_t i = 0; i < length.value_or(0) && to < text.view().size(); ++i) {
    NextCharacter(text.view(), to);
  }
  return Made(call, std::string(text.view().substr(from, to - from)));
}

bool HasCharacter(std::string_view set, char32_t c) {
  for (std::size_t at = 0; at < set.size();) {
    if (NextCharacter(set, at) == c) return true;
  }
  return false;
}

// Bytes of the characters of `set` that `text` begins with.
OrError<std::size_t> LeadingBytes(std::string_view text, std::string_view set, Budget& budget) {
  std::size_t at = 0;
  while (at < text.size()) {
    if (!budget.Take(set.size())) return Failed(kTooMuchWork);
    std::size_t next = at;
    if (!HasCharacter(set, NextCharacter(text, next))) break;
    at = next;
  }
  return at;
}

// Where the characters of `set` at the end of `text` begin.
OrError<std::size_t> TrailingStart(std::string_view text, std::string_view set, Budget& budget) {
  std::size_t end = text.size();
  while (end > 0) {
    if (!budget.Take(set.size())) return Failed(kTooMuchWork);
    std::size_t start = end - 1;
    while (start > 0 && end - start < 4 && (text[start] & 0xC0) == 0x80) --start;
    std::size_t at = start;
    char32_t c = NextCharacter(text.substr(0, end), at);
    if (at != end) {  // malformed: its last byte by itself
      start = at = end - 1;
      c = NextCharacter(text.substr(0, end), at);
    }
    if (!HasCharacter(set, c)) break;
    end = start;
  }
  return end;
}

// trim_(side, characters, text); side: b(oth), l(eading), t(railing).
OrError<Value> TrimCall(FunctionCall& call) {
  if (AnyNull(call)) return Null{};
  const auto side = std::get<std::string_view>(call.arguments[0]);
  const Text set(call.arguments[1]);
  const Text whole(call.arguments[2]);
  std::string_view text = whole.view();
  if (side != "t") {
    const auto skipped = LeadingBytes(text, set.view(), call.budget);
    if (!skipped) return Failed(skipped.error());
    text.remove_prefix(*skipped);
  }
  if (side != "l") {
    const auto end = TrailingStart(text, set.view(), call.budget);
    if (!end) return Failed(end.error());
    text = text.substr(0, *end);
  }
  return Made(call, std::string(text));
}

// Dates.

OrError<Value> ToStringCall(FunctionCall& call) {
  if (AnyNull(call)) return Null{};
  const auto at = ToTimestamp(call.arguments[0]);
  if (!at) return Failed(at.error());
  const Text format(call.arguments[1]);
  auto text = FormatTimestamp(*at, format.view());
  if (!text) return Failed(kInvalidArgument);
  return Made(call, std::move(*text));
}

OrError<Value> DateAddCall(FunctionCall& call) {
  if (AnyNull(call)) return Null{};
  const Text name(call.arguments[0]);
  const auto part = DatePartOf(name.view());
  if (!part || *part >= DatePart::kTimezoneHour) return Failed(kInvalidArgument);
  const auto count = ToInt(call.arguments[1]);
  const auto at = ToTimestamp(call.arguments[2]);
  if (!count || !at) return Failed(kInvalidTypeConversion);
  const auto result = AddToDate(*part, *count, *at);
  if (!result) return Failed(kArithmeticOverflow);
  return *result;
}

OrError<Value> DateDiffCall(FunctionCall& call) {
  if (AnyNull(call)) return Null{};
  const Text name(call.arguments[0]);
  const auto part = DatePartOf(name.view());
  const auto from = ToTimestamp(call.arguments[1]);
  const auto to = ToTimestamp(call.arguments[2]);
  if (!from || !to) return Failed(kInvalidTypeConversion);
  const auto difference = part ? DateDifference(*part, *from, *to) : std::optional<std::int64_t>();
  if (!difference) return Failed(kInvalidArgument);
  return *difference;
}

OrError<Value> ExtractCall(FunctionCall& call) {
  if (AnyNull(call)) return Null{};
  const auto part = DatePartOf(std::get<std::string_view>(call.arguments[0]));
  const auto at = ToTimestamp(call.arguments[1]);
  if (!at) return Failed(at.error());
  return ExtractPart(*part, *at);
}

OrError<Value> UtcNowCall(FunctionCall& call) {
  return Timestamp{call.now, 0};
}

constexpr std::array kTable = std::to_array<Function>({
    {"eq", 2, true, CompareCall<std::is_eq>},
    {"ne", 2, true, CompareCall<std::is_neq>},
    {"lt", 2, true, CompareCall<std::is_lt>},
    {"le", 2, true, CompareCall<std::is_lteq>},
    {"gt", 2, true, CompareCall<std::is_gt>},
    {"ge", 2, true, CompareCall<std::is_gteq>},
    {"between_", 3, true, BetweenCall},
    {"in_", -1, true, InCall},
    {"like_", -1, true, LikeCall},
    {"truth", 1, true, TruthCall},
    {"bool_", 1, false, BoolCall},
    {"nullif_", 2, false, NullIfCall},
    {"arithmetic", -1, false, ArithmeticCall},
    {"negate", 1, false, NegateCall},
    {"number", 1, false, NumberCall},
    {"cast_int", 1, false, CastCall<std::int64_t, ToInt>},
    {"cast_float", 1, false, CastCall<double, ToFloat>},
    {"cast_bool", 1, false, CastCall<bool, ToBool>},
    {"cast_timestamp", 1, false, CastCall<Timestamp, ToTimestamp>},
    {"cast_string", 1, false, CastStringCall},
    {"char_length", 1, false, CharLengthCall},
    {"lower_", 1, false, ChangeCaseCall<'A', 'Z'>},
    {"upper_", 1, false, ChangeCaseCall<'a', 'z'>},
    {"substring_", -1, false, SubstringCall},
    {"trim_", 3, false, TrimCall},
    {"to_string", 2, false, ToStringCall},
    {"date_add", 3, false, DateAddCall},
    {"date_diff", 3, false, DateDiffCall},
    {"extract", 2, false, ExtractCall},
    {"utcnow", 0, false, UtcNowCall},
});

}  // namespace

std::span<const Function> Functions() {
  return kTable;
}

}  // namespace blobgate::query
