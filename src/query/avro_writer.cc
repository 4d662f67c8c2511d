#include "query/avro_writer.h"

#include <utility>

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

}  // namespace

void AvroWriter::Begin(std::int64_t branch) {
  ++count_;
  azure::AvroWriter(objects_).Long(branch);
}

void AvroWriter::Offset(std::uint64_t offset) {
  azure::AvroWriter(objects_).Long(static_cast<std::int64_t>(offset));
}

void AvroWriter::Data(std::string_view bytes) {
  Begin(kData);
  azure::AvroWriter(objects_).Text(bytes);
}

void AvroWriter::Error(bool fatal, std::string_view name, std::string_view description,
                       std::uint64_t position) {
  Begin(kError);
  objects_ += fatal ? '\1' : '\0';
  azure::AvroWriter(objects_).Text(name);
  azure::AvroWriter(objects_).Text(description);
  Offset(position);
}

void AvroWriter::Progress(std::uint64_t bytes_scanned, std::uint64_t total_bytes) {
  Begin(kProgress);
  Offset(bytes_scanned);
  Offset(total_bytes);
}

void AvroWriter::End(std::uint64_t total_bytes) {
  Begin(kEnd);
  Offset(total_bytes);
}

std::string AvroWriter::TakeBlock() {
  if (count_ == 0) return {};
  std::string out = begun_ ? std::string() : azure::AvroHead(kSchema, sync_);
  begun_ = true;
  out += azure::AvroBlock(std::exchange(count_, 0), objects_, sync_);
  objects_.clear();
  return out;
}

}  // namespace blobgate::query
