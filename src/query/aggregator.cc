#include "query/aggregator.h"

#include <cmath>

namespace blobgate::query {
namespace {

double AsFloat(const std::variant<std::int64_t, double>& number) {
  return std::visit([](auto n) { return static_cast<double>(n); }, number);
}

}  // namespace

OrError<void> Aggregator::Add(const Value& value) {
  if (IsNull(value)) return {};
  switch (kind_) {
    case Aggregate::kCount:
      break;
    case Aggregate::kSum:
    case Aggregate::kAverage:
      if (auto added = AddNumber(value); !added) return added;
      break;
    case Aggregate::kMin:
    case Aggregate::kMax:
      if (auto added = AddExtreme(value); !added) return added;
      break;
  }
  ++count_;
  return {};
}

OrError<void> Aggregator::AddNumber(const Value& value) {
  const auto number = ToNumber(value);
  if (!number) return std::unexpected(number.error());
  const auto* added = std::get_if<std::int64_t>(&*number);
  auto* whole = std::get_if<std::int64_t>(&sum_);
  if (added && whole && kind_ == Aggregate::kSum) {
    std::int64_t sum = 0;
    if (__builtin_add_overflow(*whole, *added, &sum)) return std::unexpected(kArithmeticOverflow);
    *whole = sum;
    return {};
  }
  const double sum = AsFloat(sum_) + AsFloat(*number);
  if (!std::isfinite(sum)) return std::unexpected(kArithmeticOverflow);
  sum_ = sum;
  return {};
}

OrError<void> Aggregator::AddExtreme(const Value& value) {
  if (count_ > 0) {
    const auto order = Compare(value, extreme_);
    if (!order) return std::unexpected(order.error());
    const bool better = kind_ == Aggregate::kMin ? std::is_lt(*order) : std::is_gt(*order);
    if (!better) return {};
  }
  Keep(value);
  return {};
}

void Aggregator::Keep(const Value& value) {
  extreme_ = value;
  if (const auto* text = std::get_if<std::string_view>(&value)) {
    text_ = *text;
    extreme_ = std::string_view(text_);
  } else if (const auto* json = std::get_if<JsonText>(&value)) {
    text_ = json->text;
    extreme_ = JsonText{text_};
  }
}

Value Aggregator::Result() const {
  if (kind_ == Aggregate::kCount) return count_;
  if (count_ == 0) return Null{};
  switch (kind_) {
    case Aggregate::kSum:
      return std::visit([](auto n) { return Value{n}; }, sum_);
    case Aggregate::kAverage:
      return AsFloat(sum_) / static_cast<double>(count_);
    default:
      return extreme_;
  }
}

}  // namespace blobgate::query
