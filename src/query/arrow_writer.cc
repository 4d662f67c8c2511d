#include <fmt/format.h>

#include <chrono>
#include <optional>
#include <utility>
#include <vector>

#include "arrow/stream_writer.h"
#include "query/record_writer.h"

namespace blobgate::query {
namespace {

using azure::ArrowField;

constexpr auto kFailed = std::unexpected(kInvalidTypeConversion);
/// Bytes of a batch of records, about.
constexpr std::size_t kBatch = 256 * 1024;

arrow::Type TypeOf(const ArrowField& field) {
  switch (field.type) {
    case ArrowField::Type::kInt64:
      return {arrow::Kind::kInt64};
    case ArrowField::Type::kBool:
      return {arrow::Kind::kBool};
    case ArrowField::Type::kTimestampMs:
      return {arrow::Kind::kTimestampMs};
    case ArrowField::Type::kString:
      return {arrow::Kind::kText};
    case ArrowField::Type::kDouble:
      return {arrow::Kind::kDouble};
    case ArrowField::Type::kDecimal:
      return {arrow::Kind::kDecimal128, field.precision, field.scale};
  }
  std::unreachable();
}

std::vector<arrow::Field> FieldsOf(const azure::ArrowSchema& schema) {
  std::vector<arrow::Field> fields;
  for (const ArrowField& field : schema.fields)
    fields.push_back({.name = field.name, .type = TypeOf(field)});
  return fields;
}

/// A number without exponent as digits before a point that is `scale` from the right; nullopt: it
/// is none, or has more than `precision` digits. What is beyond the scale is rounded half up.
std::optional<arrow::Int128> ParseDecimal(std::string_view text, const ArrowField& field) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  const std::size_t point = std::min(text.find('.'), text.size());
  std::string digits(text.substr(0, point));
  std::string fraction(text.substr(std::min(point + 1, text.size())));
  const auto scale = static_cast<std::size_t>(field.scale);
  const bool up = fraction.size() > scale && fraction[scale] >= '5';
  if ((digits + fraction).empty() ||
      (digits + fraction).find_first_not_of("0123456789") != std::string::npos) {
    return std::nullopt;
  }
  fraction.resize(scale, '0');
  digits += fraction;
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
  if (digits.size() > static_cast<std::size_t>(field.precision)) return std::nullopt;
  arrow::Int128 value = 0;
  for (const char digit : digits) value = value * 10 + (digit - '0');
  if (up) ++value;
  return negative ? -value : value;
}

std::optional<arrow::Int128> ToDecimal(const Value& value, const ArrowField& field) {
  const auto* real = std::get_if<double>(&value);
  const std::string text = real ? fmt::format("{:.{}f}", *real, field.scale) : ToText(value);
  return ParseDecimal(text, field);
}

/// A value as its column takes it.
using Cell = std::variant<Null, std::int64_t, bool, double, arrow::Int128, std::string_view>;

template <class T>
OrError<Cell> CellOf(const OrError<T>& converted) {
  if (!converted) return kFailed;
  return Cell(*converted);
}

class ArrowWriter final : public RecordWriter {
 public:
  explicit ArrowWriter(azure::ArrowSchema schema)
      : schema_(std::move(schema)), writer_(FieldsOf(schema_), {}) {}

  OrError<void> Write(std::span<const NamedValue> record, std::string& out) override {
    texts_.clear();
    texts_.reserve(schema_.fields.size());
    cells_.clear();
    for (std::size_t i = 0; i < schema_.fields.size(); ++i) {
      const auto cell = Convert(i < record.size() ? record[i].value : Value{}, schema_.fields[i]);
      if (!cell) return std::unexpected(cell.error());
      cells_.push_back(*cell);
    }
    for (std::size_t i = 0; i < cells_.size(); ++i) Add(writer_.column(i), cells_[i]);
    if (writer_.size() >= kBatch) WriteBatch(out);
    return {};
  }

  void Finish(std::string& out) override {
    if (writer_.rows() > 0 || !begun_) WriteBatch(out);
    out += arrow::StreamWriter::End();
  }

 private:
  OrError<Cell> Convert(const Value& value, const ArrowField& field) {
    if (IsNull(value)) return Cell(Null{});
    switch (field.type) {
      case ArrowField::Type::kInt64:
        return CellOf(ToInt(value));
      case ArrowField::Type::kBool:
        return CellOf(ToBool(value));
      case ArrowField::Type::kDouble:
        return CellOf(ToFloat(value));
      case ArrowField::Type::kTimestampMs: {
        const auto at = ToTimestamp(value);
        if (!at) return kFailed;
        return Cell(
            std::chrono::floor<std::chrono::milliseconds>(at->time).time_since_epoch().count());
      }
      case ArrowField::Type::kDecimal: {
        const auto number = ToDecimal(value, field);
        if (!number) return kFailed;
        return Cell(*number);
      }
      case ArrowField::Type::kString:
        return Cell(std::string_view(texts_.emplace_back(ToText(value))));
    }
    std::unreachable();
  }

  static void Add(arrow::Column& column, const Cell& cell) {
    struct Adder {
      arrow::Column& column;
      void operator()(Null) const { column.AddNull(); }
      void operator()(std::int64_t value) const { column.AddInt(value); }
      void operator()(bool value) const { column.AddBool(value); }
      void operator()(double value) const { column.AddDouble(value); }
      void operator()(arrow::Int128 value) const { column.AddDecimal(value); }
      void operator()(std::string_view text) const { column.AddText(text); }
    };
    std::visit(Adder{column}, cell);
  }

  void WriteBatch(std::string& out) {
    if (!std::exchange(begun_, true)) out += writer_.Schema();
    if (writer_.rows() > 0) out += writer_.Batch();
  }

  const azure::ArrowSchema schema_;
  arrow::StreamWriter writer_;
  std::vector<Cell> cells_;         ///< of the record
  std::vector<std::string> texts_;  ///< what they point to
  bool begun_ = false;              ///< the schema was written
};

}  // namespace

std::unique_ptr<RecordWriter> NewArrowWriter(const azure::ArrowSchema& schema) {
  return std::make_unique<ArrowWriter>(schema);
}

}  // namespace blobgate::query
