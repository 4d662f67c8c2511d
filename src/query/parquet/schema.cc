#include "query/parquet/schema.h"

#include <array>
#include <utility>

namespace blobgate::query::parquet {
namespace {

using wire::SchemaElement;

/// Digits of a decimal, and bytes of one that has them all.
constexpr std::int32_t kMaxPrecision = 76;
constexpr std::int32_t kMaxFixedBytes = 1024 * 1024;

// The format's numbers.
enum Repetition : std::int32_t { kRequired = 0, kOptional = 1, kRepeated = 2 };
enum Converted : std::int32_t {
  kDecimal = 5,
  kDate = 6,
  kTimeMillis = 7,
  kTimeMicros = 8,
  kTimestampMillis = 9,
  kTimestampMicros = 10,
  kUnsigned8 = 11,
  kUnsigned16 = 12,
  kUnsigned32 = 13,
  kUnsigned64 = 14,
  kInterval = 21,
};

constexpr std::int64_t kMillis = 1'000;
constexpr std::int64_t kMicros = 1'000'000;
constexpr std::int64_t kNanos = 1'000'000'000;

bool IsInteger(const ColumnType& type) {
  return type.physical == Physical::kInt32 || type.physical == Physical::kInt64;
}

/// What an annotation says, if the values can be that; else they stay what they are.
void Take(ColumnType& type, Meaning meaning, bool fits) {
  if (fits) type.meaning = meaning;
}

void TakeUnsigned(ColumnType& type, std::uint32_t bits) {
  type.bits = bits;
  Take(type, Meaning::kUnsigned,
       bits == 64 ? type.physical == Physical::kInt64 : type.physical == Physical::kInt32);
}

void TakeClock(ColumnType& type, Meaning meaning, std::int64_t per_second) {
  type.per_second = per_second;
  Take(type, meaning, IsInteger(type));
}

std::int64_t PerSecond(const wire::TimeType& time) {
  if (time.unit.__isset.nanos) return kNanos;
  return time.unit.__isset.micros ? kMicros : kMillis;
}

Outcome<void> TakeDecimal(ColumnType& type, std::int32_t scale, std::int32_t precision) {
  const bool stored = IsInteger(type) || type.physical == Physical::kBytes ||
                      type.physical == Physical::kFixedBytes;
  if (!stored || precision < 1 || scale < 0 || scale > precision) {
    return Malformed("A decimal is not well-formed.");
  }
  if (precision > kMaxPrecision) return Unsupported("A decimal has more than 76 digits.");
  type.meaning = Meaning::kDecimal;
  type.scale = static_cast<std::uint32_t>(scale);
  type.precision = static_cast<std::uint32_t>(precision);
  return {};
}

Outcome<void> TakeLogical(ColumnType& type, const wire::LogicalType& logical) {
  const auto& set = logical.__isset;
  if (set.decimal) return TakeDecimal(type, logical.decimal.scale, logical.decimal.precision);
  if (set.date) Take(type, Meaning::kDate, type.physical == Physical::kInt32);
  if (set.time) TakeClock(type, Meaning::kTime, PerSecond(logical.time));
  if (set.timestamp) TakeClock(type, Meaning::kTimestamp, PerSecond(logical.timestamp));
  if (set.integer && !logical.integer.is_signed) {
    TakeUnsigned(type, static_cast<std::uint8_t>(logical.integer.bit_width));
  }
  if (set.uuid) Take(type, Meaning::kUuid, type.length == 16);
  if (set.float16) Take(type, Meaning::kHalf, type.length == 2);
  return {};
}

/// The older annotation, of files without the newer one.
Outcome<void> TakeConverted(ColumnType& type, const SchemaElement& element) {
  switch (element.converted_type) {
    case kDecimal:
      return TakeDecimal(type, element.__isset.scale ? element.scale : 0, element.precision);
    case kDate:
      Take(type, Meaning::kDate, type.physical == Physical::kInt32);
      break;
    case kTimeMillis:
    case kTimeMicros:
      TakeClock(type, Meaning::kTime, element.converted_type == kTimeMillis ? kMillis : kMicros);
      break;
    case kTimestampMillis:
    case kTimestampMicros:
      TakeClock(type, Meaning::kTimestamp,
                element.converted_type == kTimestampMillis ? kMillis : kMicros);
      break;
    case kUnsigned8:
    case kUnsigned16:
    case kUnsigned32:
    case kUnsigned64:
      TakeUnsigned(type, 8u << (element.converted_type - kUnsigned8));
      break;
    case kInterval:
      Take(type, Meaning::kInterval, type.physical == Physical::kFixedBytes && type.length == 12);
      break;
    default:
      break;
  }
  return {};
}

Outcome<ColumnType> TypeOf(const SchemaElement& element) {
  constexpr std::array<std::uint32_t, 8> kLengths = {1, 4, 8, 12, 4, 8, 0, 0};
  if (element.type < 0 || element.type > static_cast<int>(Physical::kFixedBytes)) {
    return Malformed("The type of a column is not known.");
  }
  ColumnType type;
  type.physical = static_cast<Physical>(element.type);
  type.length = kLengths[static_cast<std::size_t>(element.type)];
  if (type.physical == Physical::kFixedBytes) {
    if (element.type_length < 1) return Malformed("The length of a column's values is not known.");
    if (element.type_length > kMaxFixedBytes) return TooLarge("A value is over 1 MiB.");
    type.length = static_cast<std::uint32_t>(element.type_length);
  }
  if (type.physical == Physical::kInt96) type.meaning = Meaning::kTimestamp;
  if (element.__isset.logical) {
    BG_CHECK(TakeLogical(type, element.logical));
  } else if (element.__isset.converted_type) {
    BG_CHECK(TakeConverted(type, element));
  }
  return type;
}

/// Elements follow in the order of the tree, parents first.
class SchemaReader {
 public:
  explicit SchemaReader(const std::vector<SchemaElement>& elements) : elements_(elements) {}

  Outcome<Schema> Run() {
    if (elements_.empty() || !elements_.front().__isset.num_children) {
      return Malformed("There is no schema.");
    }
    std::size_t at = 1;
    for (std::int32_t left = elements_.front().num_children; left > 0; --left) {
      if (at >= elements_.size()) return Malformed("The schema is cut off.");
      BG_CHECK(AddColumn(elements_[at]));
      BG_CHECK(SkipTree(at));
    }
    return std::move(schema_);
  }

 private:
  static bool IsGroup(const SchemaElement& element) {
    return element.__isset.num_children && element.num_children > 0;
  }

  Outcome<void> AddColumn(const SchemaElement& element) {
    Column column;
    column.name = element.name;
    column.chunk = schema_.leaves;
    column.optional = element.repetition != kRequired;
    // Names may be no UTF-8, which what is said to the client must be.
    const std::string place = "Column _" + std::to_string(schema_.columns.size() + 1) + " ";
    if (IsGroup(element) || !element.__isset.type) {
      column.refused = place + "is nested, which is not supported.";
    } else if (element.repetition == kRepeated) {
      column.refused = place + "is repeated, which is not supported.";
    } else {
      auto type = TypeOf(element);
      if (type) {
        column.type = *type;
      } else {
        column.refused = place + "is not supported. " + type.error().text;
      }
    }
    schema_.columns.push_back(std::move(column));
    return {};
  }

  /// Goes behind an element and all that is below it, and counts the leaves.
  Outcome<void> SkipTree(std::size_t& at) {
    for (std::uint64_t left = 1; left > 0; --left) {
      if (at >= elements_.size()) return Malformed("The schema is cut off.");
      const SchemaElement& element = elements_[at++];
      if (IsGroup(element)) {
        left += static_cast<std::uint64_t>(element.num_children);
      } else if (element.__isset.type) {
        ++schema_.leaves;
      }
    }
    return {};
  }

  const std::vector<SchemaElement>& elements_;
  Schema schema_;
};

}  // namespace

Outcome<Schema> ReadSchema(const std::vector<SchemaElement>& elements) {
  return SchemaReader(elements).Run();
}

}  // namespace blobgate::query::parquet
