// The answer of Query Blob Contents: an Avro object container file (Avro 1.x, no compression) whose
// objects are a union of four records, under Azure's names.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "azure/avro.h"

namespace blobgate::query {

/// Objects gather until TakeBlock makes one block of them.
class AvroWriter {
 public:
  /// `sync` should be random.
  explicit AvroWriter(const azure::AvroSync& sync) : sync_(sync) {}

  void Data(std::string_view bytes);
  /// `position`: offset in the blob. `name` and `description` must be UTF-8.
  void Error(bool fatal, std::string_view name, std::string_view description,
             std::uint64_t position);
  void Progress(std::uint64_t bytes_scanned, std::uint64_t total_bytes);
  void End(std::uint64_t total_bytes);

  /// Bytes that have gathered.
  std::size_t size() const { return objects_.size(); }
  /// What is to be sent: the file's header the first time, then the objects since. Empty when there
  /// are none.
  std::string TakeBlock();

 private:
  void Begin(std::int64_t branch);
  void Offset(std::uint64_t offset);

  const azure::AvroSync sync_;
  bool begun_ = false;  ///< the file's header was taken
  std::string objects_;
  std::uint64_t count_ = 0;
};

}  // namespace blobgate::query
