#include "azure/avro.h"

#include "base/buffer.h"

namespace blobgate::azure {
namespace {

constexpr std::string_view kMagic("Obj\x01", 4);

}  // namespace

// Zig-zag, then seven bits a byte, the lowest first.
void AvroWriter::Long(std::int64_t value) {
  std::uint64_t rest =
      static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63);
  while (rest >= 0x80) {
    out_ += static_cast<char>((rest & 0x7F) | 0x80);
    rest >>= 7;
  }
  out_ += static_cast<char>(rest);
}

void AvroWriter::Text(std::string_view value) {
  Long(static_cast<std::int64_t>(value.size()));
  out_ += value;
}

std::string AvroHead(std::string_view schema, const AvroSync& sync) {
  std::string out(kMagic);
  AvroWriter writer(out);
  writer.Long(2);
  writer.Text("avro.codec");
  writer.Text("null");
  writer.Text("avro.schema");
  writer.Text(schema);
  writer.Long(0);
  out += AsChars(sync);
  return out;
}

std::string AvroBlock(std::uint64_t count, std::string_view objects, const AvroSync& sync) {
  std::string out;
  AvroWriter writer(out);
  writer.Long(static_cast<std::int64_t>(count));
  writer.Text(objects);
  out += AsChars(sync);
  return out;
}

}  // namespace blobgate::azure
