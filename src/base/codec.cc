#include "base/codec.h"

#include <limits>

namespace blobgate {

void PutVarint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

bool GetLongVarint(std::string_view& in, std::uint64_t& value) {
  std::uint64_t result = 0;
  for (std::size_t i = 0; i < in.size() && i < 10; ++i) {
    const auto byte = static_cast<unsigned char>(in[i]);
    result |= static_cast<std::uint64_t>(byte & 0x7F) << (7 * i);
    if (byte >= 0x80) continue;
    if (i == 9 && byte > 1) return false;  // past 64 bits
    if (i > 0 && byte == 0) return false;  // longer than it need be
    value = result;
    in.remove_prefix(i + 1);
    return true;
  }
  return false;
}

void FieldWriter::Bytes(std::uint32_t tag, std::string_view value) {
  PutVarint(out_, tag);
  PutVarint(out_, value.size());
  out_.append(value);
}

void FieldWriter::Number(std::uint32_t tag, std::uint64_t value) {
  PutVarint(out_, tag);
  const std::size_t at = out_.size();
  out_.push_back(0);  // a varint has at most 10 bytes: its length is one byte
  PutVarint(out_, value);
  out_[at] = static_cast<char>(out_.size() - at - 1);
}

bool FieldReader::Next() {
  if (!ok_ || rest_.empty()) return false;
  std::uint64_t tag = 0;
  std::uint64_t length = 0;
  ok_ = GetVarint(rest_, tag) && tag <= std::numeric_limits<std::uint32_t>::max() &&
        GetVarint(rest_, length) && length <= rest_.size();
  if (!ok_) return false;
  tag_ = static_cast<std::uint32_t>(tag);
  bytes_ = rest_.substr(0, length);
  rest_.remove_prefix(length);
  return true;
}

std::uint64_t FieldReader::number() {
  std::string_view bytes = bytes_;
  std::uint64_t value = 0;
  if (GetVarint(bytes, value) && bytes.empty()) return value;
  ok_ = false;
  return 0;
}

}  // namespace blobgate
