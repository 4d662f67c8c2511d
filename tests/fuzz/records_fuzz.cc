// Stored rows, as a damaged catalog would give them. What decodes must encode to what decodes.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "blob/change_event.h"
#include "blob/page_layers.h"
#include "blob/records.h"

namespace {

template <class Record>
void RoundTrip(std::string_view row) {
  const auto record = Record::Decode(row);
  if (record && !Record::Decode(record->Encode())) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace blobgate::blob;
  const std::string_view row(reinterpret_cast<const char*>(data), size);
  RoundTrip<BlobRecord>(row);
  RoundTrip<ContainerRecord>(row);
  RoundTrip<StagedBlock>(row);
  RoundTrip<AppendedBlock>(row);
  RoundTrip<AppendLineage>(row);
  RoundTrip<PageChunk>(row);
  RoundTrip<PageLineage>(row);
  RoundTrip<ChangeEvent>(row);
  RoundTrip<FeedIntent>(row);
  RoundTrip<FeedState>(row);
  (void)Content::Decode(row);
  return 0;
}
