#include "query/parquet/value_decoder.h"

#include <utility>

#include "query/parquet/bytes.h"
#include "query/parquet/delta_decoder.h"
#include "query/parquet/hybrid_decoder.h"

namespace blobgate::query::parquet {
namespace {

class PlainFixed final : public ValueDecoder {
 public:
  PlainFixed(const ColumnType& type, std::string_view values) : type_(type), input_(values) {}
  std::optional<Stored> Next() override {
    const auto bytes = input_.Take(type_.length);
    if (!bytes) return std::nullopt;
    return FromBytes(type_.physical, *bytes);
  }

 private:
  const ColumnType& type_;
  Cursor input_;
};

class PlainBytes final : public ValueDecoder {
 public:
  explicit PlainBytes(std::string_view values) : input_(values) {}
  std::optional<Stored> Next() override {
    const auto length = input_.Number<std::uint32_t>();
    const auto bytes = length ? input_.Take(*length) : std::nullopt;
    if (!bytes) return std::nullopt;
    return Stored{0, *bytes};
  }

 private:
  Cursor input_;
};

class PlainBools final : public ValueDecoder {
 public:
  explicit PlainBools(std::string_view values) : values_(values) {}
  std::optional<Stored> Next() override {
    if (at_ / 8 >= values_.size()) return std::nullopt;
    return Stored{static_cast<std::int64_t>(LoadBits(values_, at_++, 1)), {}};
  }

 private:
  std::string_view values_;
  std::uint64_t at_ = 0;
};

/// Booleans.
class Runs final : public ValueDecoder {
 public:
  explicit Runs(std::string_view values) : bits_(values, 1) {}
  std::optional<Stored> Next() override {
    const auto bit = bits_.Next();
    if (!bit) return std::nullopt;
    return Stored{*bit & 1, {}};
  }

 private:
  HybridDecoder bits_;
};

class Indices final : public ValueDecoder {
 public:
  Indices(HybridDecoder indices, const Dictionary& dictionary)
      : indices_(indices), dictionary_(dictionary) {}
  std::optional<Stored> Next() override {
    const auto index = indices_.Next();
    if (!index) return std::nullopt;
    return dictionary_.At(*index);
  }

 private:
  HybridDecoder indices_;
  const Dictionary& dictionary_;
};

class Delta final : public ValueDecoder {
 public:
  Delta(Physical physical, DeltaDecoder numbers) : physical_(physical), numbers_(numbers) {}
  std::optional<Stored> Next() override {
    const auto number = numbers_.Next();
    if (!number) return std::nullopt;
    if (physical_ == Physical::kInt32) return Stored{static_cast<std::int32_t>(*number), {}};
    return Stored{*number, {}};
  }

 private:
  const Physical physical_;
  DeltaDecoder numbers_;
};

/// The next length of a delta-encoded list, which is of 32 bits.
std::optional<std::uint64_t> NextLength(DeltaDecoder& lengths) {
  const auto number = lengths.Next();
  const auto length = number ? static_cast<std::int32_t>(*number) : -1;
  if (length < 0) return std::nullopt;
  return static_cast<std::uint64_t>(length);
}

class DeltaLength final : public ValueDecoder {
 public:
  DeltaLength(DeltaDecoder lengths, std::string_view texts) : lengths_(lengths), texts_(texts) {}
  std::optional<Stored> Next() override {
    const auto length = NextLength(lengths_);
    const auto bytes = length ? texts_.Take(*length) : std::nullopt;
    if (!bytes) return std::nullopt;
    return Stored{0, *bytes};
  }

 private:
  DeltaDecoder lengths_;
  Cursor texts_;
};

/// Each begins as the one before. What is kept is never longer than the page.
class DeltaBytes final : public ValueDecoder {
 public:
  DeltaBytes(const ColumnType& type, DeltaDecoder prefixes, DeltaLength suffixes)
      : type_(type), prefixes_(prefixes), suffixes_(suffixes) {}
  std::optional<Stored> Next() override {
    const auto prefix = NextLength(prefixes_);
    const auto suffix = suffixes_.Next();
    if (!prefix || !suffix || *prefix > last_.size()) return std::nullopt;
    last_.resize(*prefix);
    last_ += suffix->bytes;
    if (type_.length == 0) return Stored{0, last_};
    if (last_.size() != type_.length) return std::nullopt;
    return FromBytes(type_.physical, last_);
  }

 private:
  const ColumnType& type_;
  DeltaDecoder prefixes_;
  DeltaLength suffixes_;
  std::string last_;
};

/// The first bytes of all values, then the second ones, and so on.
class ByteStreams final : public ValueDecoder {
 public:
  ByteStreams(const ColumnType& type, std::string_view values)
      : type_(type),
        values_(values),
        count_(values.size() / type.length),
        value_(type.length, '\0') {}
  std::optional<Stored> Next() override {
    if (at_ >= count_) return std::nullopt;
    for (std::size_t i = 0; i < value_.size(); ++i) value_[i] = values_[i * count_ + at_];
    ++at_;
    return FromBytes(type_.physical, value_);
  }

 private:
  const ColumnType& type_;
  std::string_view values_;
  std::size_t count_;
  std::size_t at_ = 0;
  std::string value_;
};

using Made = Outcome<std::unique_ptr<ValueDecoder>>;

std::unexpected<Problem> DoesNotFit() {
  return Malformed("The encoding of a page does not fit its column.");
}

bool IsBytes(const ColumnType& type) {
  return type.physical == Physical::kBytes || type.physical == Physical::kFixedBytes;
}

bool IsInteger(const ColumnType& type) {
  return type.physical == Physical::kInt32 || type.physical == Physical::kInt64;
}

Made NewPlain(const ColumnType& type, std::string_view values) {
  if (type.physical == Physical::kBool) return std::make_unique<PlainBools>(values);
  if (type.length == 0) return std::make_unique<PlainBytes>(values);
  return std::make_unique<PlainFixed>(type, values);
}

/// Their length is in front of them.
Made NewRuns(const ColumnType& type, std::string_view values) {
  if (type.physical != Physical::kBool) return DoesNotFit();
  Cursor input(values);
  const auto length = input.Number<std::uint32_t>();
  const auto runs = length ? input.Take(*length) : std::nullopt;
  if (!runs) return Malformed("The booleans of a page are cut off.");
  return std::make_unique<Runs>(*runs);
}

/// The width of an index is in front of them.
Made NewIndices(std::string_view values, const Dictionary* dictionary) {
  if (!dictionary) return Malformed("There is no dictionary.");
  // A page of nothing but nulls may be empty.
  const unsigned width = values.empty() ? 0 : static_cast<unsigned char>(values.front());
  if (width > HybridDecoder::kMaxWidth) return Malformed("Indices are malformed.");
  return std::make_unique<Indices>(HybridDecoder(values.substr(values.empty() ? 0 : 1), width),
                                   *dictionary);
}

Outcome<DeltaLength> OpenDeltaLength(std::string_view values, std::uint64_t count) {
  BG_TRY(const DeltaDecoder lengths, DeltaDecoder::Open(values, count));
  BG_TRY(const std::string_view texts, lengths.Behind());
  return DeltaLength(lengths, texts);
}

Made NewDeltaBytes(const ColumnType& type, std::string_view values, std::uint64_t count) {
  BG_TRY(const DeltaDecoder prefixes, DeltaDecoder::Open(values, count));
  BG_TRY(const std::string_view behind, prefixes.Behind());
  BG_TRY(const DeltaLength suffixes, OpenDeltaLength(behind, count));
  return std::make_unique<DeltaBytes>(type, prefixes, suffixes);
}

}  // namespace

Stored FromBytes(Physical physical, std::string_view bytes) {
  if (physical == Physical::kInt32) return {Load<std::int32_t>(bytes), {}};
  if (physical == Physical::kInt64) return {Load<std::int64_t>(bytes), {}};
  return {0, bytes};
}

Outcome<std::unique_ptr<ValueDecoder>> NewValueDecoder(const ColumnType& type, Encoding encoding,
                                                       std::string_view values, std::uint64_t count,
                                                       const Dictionary* dictionary) {
  switch (encoding) {
    case Encoding::kPlain:
      return NewPlain(type, values);
    case Encoding::kPlainDictionary:
    case Encoding::kDictionary:
      return NewIndices(values, dictionary);
    case Encoding::kRuns:
      return NewRuns(type, values);
    case Encoding::kDelta: {
      if (!IsInteger(type)) return DoesNotFit();
      BG_TRY(const DeltaDecoder numbers, DeltaDecoder::Open(values, count));
      return std::make_unique<Delta>(type.physical, numbers);
    }
    case Encoding::kDeltaLength: {
      if (type.physical != Physical::kBytes) return DoesNotFit();
      BG_TRY(const DeltaLength texts, OpenDeltaLength(values, count));
      return std::make_unique<DeltaLength>(texts);
    }
    case Encoding::kDeltaBytes:
      if (!IsBytes(type)) return DoesNotFit();
      return NewDeltaBytes(type, values, count);
    case Encoding::kByteStreamSplit:
      if (type.length == 0 || type.physical == Physical::kBool) return DoesNotFit();
      return std::make_unique<ByteStreams>(type, values);
    case Encoding::kBitPacked:
      return Unsupported("Bit-packed values are not supported.");
  }
  return DoesNotFit();
}

}  // namespace blobgate::query::parquet
