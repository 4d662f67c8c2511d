// The encoding of stored rows: tagged fields, so that a newer reader knows older rows and an older
// reader skips what it does not know. docs/on-disk-format.md has the diagram.
//
//   row   := field*
//   field := tag (varint) length (varint) bytes[length]
//
// Numbers are varints (LEB128) inside their bytes. A tag may repeat (lists). Tags are never reused.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace blobgate {

void PutVarint(std::string& out, std::uint64_t value);
/// GetVarint for those of several bytes, and none.
bool GetLongVarint(std::string_view& in, std::uint64_t& value);
/// Takes a varint off the front of `in`; false when it is malformed or cut short.
inline bool GetVarint(std::string_view& in, std::uint64_t& value) {
  if (in.empty() || (in.front() & 0x80) != 0) return GetLongVarint(in, value);
  value = static_cast<unsigned char>(in.front());
  in.remove_prefix(1);
  return true;
}

class FieldWriter {
 public:
  explicit FieldWriter(std::string& out) : out_(out) {}
  void Bytes(std::uint32_t tag, std::string_view value);
  void Number(std::uint32_t tag, std::uint64_t value);
  /// Writes nothing when the value is the default (empty or 0), which is what readers assume.
  void BytesIfSet(std::uint32_t tag, std::string_view value) {
    if (!value.empty()) Bytes(tag, value);
  }
  void NumberIfSet(std::uint32_t tag, std::uint64_t value) {
    if (value != 0) Number(tag, value);
  }

 private:
  std::string& out_;
};

/// Walks the fields of one row. The views live as long as the row.
class FieldReader {
 public:
  explicit FieldReader(std::string_view row) : rest_(row) {}
  /// Moves to the next field; false at the end or when the row is malformed (see `ok`).
  bool Next();
  std::uint32_t tag() const { return tag_; }
  std::string_view bytes() const { return bytes_; }
  /// The field as a number; malformed numbers make `ok` false and give 0.
  std::uint64_t number();
  /// False once anything was malformed: the row is corrupt.
  bool ok() const { return ok_; }

 private:
  std::string_view rest_;
  std::string_view bytes_;
  std::uint32_t tag_ = 0;
  bool ok_ = true;
};

}  // namespace blobgate
