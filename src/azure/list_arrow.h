// The entries of List Blobs as an Apache Arrow stream (operations.md "List Blobs (flat, Apache
// Arrow)"): one row each, columns named as the XML elements.
//
//   BlobListArrow list(marker, entries);
//   list.AddBlob(blob); list.AddPrefix("docs/");
//   std::string body = std::move(list).Take();
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "arrow/stream_writer.h"
#include "azure/list_xml.h"

namespace blobgate::azure {

inline constexpr std::string_view kArrowContentType = "application/vnd.apache.arrow.stream";

class BlobListArrow {
 public:
  /// Both go into the metadata of the schema, NextMarker and NumberOfRecords.
  BlobListArrow(std::string_view next_marker, std::size_t entries);

  /// What XML leaves out or leaves empty is null.
  void AddBlob(const ListedBlob& blob);
  /// A row of nothing but Name, and ResourceType blobprefix.
  void AddPrefix(std::string_view name);
  std::string Take() &&;

 private:
  arrow::StreamWriter writer_;
};

}  // namespace blobgate::azure
