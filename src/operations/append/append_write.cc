#include "operations/append/append_write.h"

#include <utility>

#include "azure/block_list_xml.h"
#include "operations/append/append_rows.h"
#include "operations/blob/blob_access.h"

namespace blobgate::operations {
namespace {

constexpr std::uint64_t kMiB = 1024 * 1024;
constexpr std::string_view kFirstLargeBlocks = "2022-11-02";

}  // namespace

std::uint64_t MaxAppendBlock(const Call& call) {
  return (call.version < kFirstLargeBlocks ? 4 : 100) * kMiB;
}

azure::Outcome<AppendRequest> AppendRequest::Parse(const Call& call) {
  AppendRequest request;
  BG_TRY(request.common, ParseConditions(call));
  BG_TRY(request.append, blob::AppendConditions::Parse(call.headers()));
  BG_TRY(request.keys, ParseKeyRequest(call));
  return request;
}

azure::Outcome<blob::LeaseRecord> CheckAppend(Call& call, const Target& target,
                                              const AppendRequest& request, std::uint64_t added) {
  BG_TRY(auto lease, CheckContentUpdate(call, target, blob::BlobType::kAppend, request.common));
  const blob::BlobRecord& record = *target.blob;
  if (record.sealed) return azure::Fail(azure::ErrorCode::kBlobIsSealed);
  BG_CHECK(request.append.Check(record.length, added));
  if (record.block_count >= azure::kMaxCommittedBlocks) {
    return azure::Fail(azure::ErrorCode::kBlockCountExceedsLimit);
  }
  BG_CHECK(KeyOfUpdate(call, record.encryption, request.keys));
  return lease;
}

azure::Outcome<blob::LeaseRecord> AppendWrite::Check(const Target& target) {
  BG_TRY(auto lease, CheckAppend(call_, target, request_, block_.size));
  BG_CHECK(CheckFaceOfPart(call_, target));
  return lease;
}

Task<azure::Outcome<void>> AppendWrite::Apply(Services&, BlobEdit& edit) {
  BG_CO_TRY(auto lease, Check(edit.target));
  blob::BlobRecord& record = *edit.target.blob;
  if (!blob::CheckSameKey(record.encryption, key_)) co_return azure::Fail(Busy());
  record.lease = std::move(lease);
  MarkModified(call_, record);
  etag_ = record.etag;
  modified_ = record.modified;
  offset_ = record.length;
  AddBlockRow(edit.target.name, block_, record, edit.batch.puts);
  for (const blob::Slice& slice : block_.slices) edit.batch.acquires.push_back(slice.extent);
  count_ = record.block_count;
  co_return azure::Outcome<void>();
}

void AppendWrite::SetHeaders(http::Response& response) const {
  SetEtag(response, etag_, modified_);
  response.Set("x-ms-blob-append-offset", std::to_string(offset_));
  response.Set("x-ms-blob-committed-block-count", std::to_string(count_));
  SetWriteEncryption(response, key_);
}

}  // namespace blobgate::operations
