#include "query/avro_writer.h"

#include <utility>

#include "base/buffer.h"

namespace blobgate::query {
namespace {

// Branches of the union, in its order.
constexpr std::int64_t kData = 0;
constexpr std::int64_t kError = 1;
constexpr std::int64_t kProgress = 2;
constexpr std::int64_t kEnd = 3;

constexpr std::string_view kSchema =
    R"([{"type":"record","name":"com.microsoft.azure.storage.queryBlobContents.resultData",)"
    R"("fields":[{"name":"data","type":"bytes"}]},)"
    R"({"type":"record","name":"com.microsoft.azure.storage.queryBlobContents.error",)"
    R"("fields":[{"name":"fatal","type":"boolean"},{"name":"name","type":"string"},)"
    R"({"name":"description","type":"string"},{"name":"position","type":"long"}]},)"
    R"({"type":"record","name":"com.microsoft.azure.storage.queryBlobContents.progress",)"
    R"("fields":[{"name":"bytesScanned","type":"long"},{"name":"totalBytes","type":"long"}]},)"
    R"({"type":"record","name":"com.microsoft.azure.storage.queryBlobContents.end",)"
    R"("fields":[{"name":"totalBytes","type":"long"}]}])";

/// Zigzag, seven bits a byte, the lowest first.
void PutLong(std::string& out, std::int64_t value) {
  std::uint64_t rest =
      (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
  while (rest >= 0x80) {
    out += static_cast<char>(rest | 0x80);
    rest >>= 7;
  }
  out += static_cast<char>(rest);
}

void PutOffset(std::string& out, std::uint64_t offset) {
  PutLong(out, static_cast<std::int64_t>(offset));
}

void PutBytes(std::string& out, std::string_view bytes) {
  PutLong(out, static_cast<std::int64_t>(bytes.size()));
  out += bytes;
}

}  // namespace

AvroWriter::AvroWriter(SyncMarker sync) : sync_(sync) {
  header_ = "Obj\x01";
  PutLong(header_, 2);  // entries of the map
  PutBytes(header_, "avro.schema");
  PutBytes(header_, kSchema);
  PutBytes(header_, "avro.codec");
  PutBytes(header_, "null");
  PutLong(header_, 0);
  header_ += AsChars(sync_);
}

void AvroWriter::Begin(std::int64_t branch) {
  ++count_;
  PutLong(objects_, branch);
}

void AvroWriter::Data(std::string_view bytes) {
  Begin(kData);
  PutBytes(objects_, bytes);
}

void AvroWriter::Error(bool fatal, std::string_view name, std::string_view description,
                       std::uint64_t position) {
  Begin(kError);
  objects_ += fatal ? '\1' : '\0';
  PutBytes(objects_, name);
  PutBytes(objects_, description);
  PutOffset(objects_, position);
}

void AvroWriter::Progress(std::uint64_t bytes_scanned, std::uint64_t total_bytes) {
  Begin(kProgress);
  PutOffset(objects_, bytes_scanned);
  PutOffset(objects_, total_bytes);
}

void AvroWriter::End(std::uint64_t total_bytes) {
  Begin(kEnd);
  PutOffset(objects_, total_bytes);
}

std::string AvroWriter::TakeBlock() {
  if (count_ == 0) return {};
  std::string out = std::exchange(header_, {});
  PutLong(out, std::exchange(count_, 0));
  PutBytes(out, objects_);
  objects_.clear();
  out += AsChars(sync_);
  return out;
}

}  // namespace blobgate::query
