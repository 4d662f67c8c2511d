// Writes Avro object container files (Apache Avro 1.8.2, "Object Container Files"), uncompressed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace blobgate::azure {

/// The 16 bytes that end every block of a file.
using AvroSync = std::array<std::byte, 16>;

/// Appends the binary encoding of values to a string, in the order of the schema. The first branch
/// of a union is 0.
class AvroWriter {
 public:
  explicit AvroWriter(std::string& out) : out_(out) {}

  /// int and long, an enum's index, a union's branch, the number of entries of a block of a map.
  void Long(std::int64_t value);
  /// A string, or bytes, which are encoded alike.
  void Text(std::string_view value);

 private:
  std::string& out_;
};

/// The head of a file whose objects have `schema` (JSON).
std::string AvroHead(std::string_view schema, const AvroSync& sync);

/// A block of `count` objects; they are encoded one after the other in `objects`.
std::string AvroBlock(std::uint64_t count, std::string_view objects, const AvroSync& sync);

}  // namespace blobgate::azure
