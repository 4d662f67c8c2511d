// The values of one column of a batch, in Arrow's memory layout.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace blobgate::arrow {

/// Two's complement, 128 bits.
__extension__ using Int128 = __int128;

enum class Kind : std::uint8_t {
  kInt64,
  kBool,
  kDouble,
  kUint64,
  kTimestampMs,  ///< milliseconds since 1970, UTC
  kTimestampUs,  ///< microseconds since 1970, without a zone
  kText,         ///< Utf8
  kDecimal128,
  kTextMap,  ///< from text to text
};

struct Type {
  Kind kind = Kind::kText;
  std::int32_t precision = 0;  ///< kDecimal128
  std::int32_t scale = 0;      ///< kDecimal128
};

/// Grows by one value a call; the call must fit the kind.
class Column {
 public:
  explicit Column(Kind kind);

  void AddNull();
  void AddInt(std::int64_t value);  ///< kInt64, kUint64, kTimestampMs, kTimestampUs
  void AddBool(bool value);
  void AddDouble(double value);
  void AddDecimal(Int128 unscaled);
  void AddText(std::string_view text);
  /// Entries of a map, then the map that they make.
  void AddEntry(std::string_view key, std::string_view value);
  void AddMap();

  std::int64_t length() const { return length_; }
  /// Bytes of all buffers, about.
  std::size_t size() const;
  /// As it was when it was made.
  void Clear();

  // For the writer, in the order of a depth-first walk.
  struct Node {
    std::int64_t length = 0;
    std::int64_t nulls = 0;
  };
  void AppendNodes(std::vector<Node>& nodes) const;
  void AppendBuffers(std::vector<std::string_view>& buffers) const;

 private:
  void AddValidity(bool valid);
  void AddOffset(std::size_t end);
  template <class T>
  void AddFixed(const T& value);

  const Kind kind_;
  std::int64_t length_ = 0;
  std::int64_t nulls_ = 0;
  std::string validity_;  ///< a bit a value, the lowest first
  std::string offsets_;   ///< kText, kTextMap: 32-bit ends
  std::string data_;
  std::unique_ptr<Column> keys_;  ///< kTextMap
  std::unique_ptr<Column> values_;
};

}  // namespace blobgate::arrow
