// Stored rows and their keys, as a damaged catalog would give them. What decodes must encode to
// what decodes.
#include "blob/change_event.h"
#include "blob/keys.h"
#include "blob/page_layers.h"
#include "blob/records.h"
#include "blob/tagged_blob.h"
#include "fuzz/input.h"
#include "operations/copy/copy_job.h"

namespace {

template <class Record>
void RoundTrip(std::string_view row) {
  const auto record = Record::Decode(row);
  if (record && !Record::Decode(record->Encode())) __builtin_trap();
}

void CheckKeys(std::string_view key) {
  using namespace blobgate;
  (void)blob::LineageOfKey(key);
  (void)blob::EndOfAppendKey(key);
  (void)blob::NameOfPageChunkKey(key);
  if (const auto ticks = blob::TicksOfEventKey(key)) {
    fuzz::Require(blob::EventKey(*ticks) == key);
  }
  fuzz::Require(fuzz::Within(blob::NameOfKey(key), key));
  fuzz::Require(fuzz::Within(blob::BlockIdOfKey(key), key));
  fuzz::Require(fuzz::Within(blob::ContainerOfKey(key), key));
  const std::string end = blob::PrefixEnd(std::string(key));
  fuzz::Require(end.empty() || (end > key && !end.starts_with(key)));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace blobgate::blob;
  const std::string_view row = blobgate::fuzz::TextOf(data, size);
  CheckKeys(row);
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
  RoundTrip<TaggedBlob>(row);
  RoundTrip<blobgate::operations::CopyJob>(row);
  (void)Content::Decode(row);
  return 0;
}
