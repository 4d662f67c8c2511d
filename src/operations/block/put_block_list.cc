// Put Block List: makes the blob of the blocks that are named (operations.md 1.10, 2.4).
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "azure/block_list_xml.h"
#include "base/crc64.h"
#include "base/digest.h"
#include "base/encoding.h"
#include "operations/blob/blob_access.h"
#include "operations/block/block_selection.h"
#include "operations/block/staging.h"
#include "operations/handlers.h"
#include "operations/replace_blob.h"

namespace blobgate::operations {
namespace {

/// The hashes are those of the request's XML.
void SetBodyHash(http::Response& response, const Call& call, std::string_view body) {
  if (!call.headers().Get("Content-MD5").empty() || call.version < "2019-02-02") {
    response.Set("Content-MD5", Base64Encode(Md5Of(AsBytes(body))));
  } else {
    response.Set("x-ms-content-crc64", Crc64ToBase64(Crc64(AsBytes(body))));
  }
}

/// Blocks are what they were encrypted to: the list's key must be theirs.
azure::Outcome<void> CheckBlockKeys(const Target& target, const BlockOrigins& origins,
                                    const blob::ContentKeyPtr& key) {
  if (origins.staged) BG_CHECK(blob::CheckSameKey(target.blob->staged_encryption, key));
  if (origins.committed) BG_CHECK(blob::CheckSameKey(target.blob->encryption, key));
  return {};
}

/// One round; nullopt: something moved.
Task<azure::Outcome<std::optional<blob::BlobRecord>>> TryCommitList(
    Call& call, const NewBlobInputs& inputs, const std::vector<azure::BlockLookup>& list) {
  BG_CO_TRY(const auto target, co_await LoadTarget(call));
  BG_CO_CHECK(CheckReplace(call, target, inputs));
  BG_CO_CHECK(CheckFaceOfPart(call, target));
  BG_CO_CHECK(CheckSameType(call, target, blob::BlobType::kBlock));
  BG_CO_TRY(const auto staged, co_await LoadStagedBlocks(call.services, target));
  blob::Content committed;
  if (target.exists()) {
    BG_CO_TRY(committed, co_await LoadContent(call.services, *target.blob));
  }
  BlockOrigins origins;
  auto replacement = SelectBlocks(list, committed, staged.blocks, origins);
  if (!replacement) {
    // A commit between the row and the uncommitted blocks would make both lists wrong.
    BG_CO_TRY(const bool together, co_await IsUnchanged(call.services, target));
    if (!together) co_return std::nullopt;
    co_return azure::Fail(replacement.error());
  }
  BG_CO_TRY(auto key, KeyOfNewBlob(call, target.container.record, inputs.keys));
  BG_CO_CHECK(CheckBlockKeys(target, origins, key));
  replacement->EncryptWith(std::move(key));
  co_return co_await TryReplace(call, target, staged, inputs, *replacement);
}

}  // namespace

Task<azure::Outcome<http::Response>> PutBlockList(Call& call) {
  BG_CO_CHECK(CheckBaseBlob(call.query()));
  BG_CO_TRY(const auto inputs, ParseNewBlob(call, false));
  BG_CO_TRY(const auto body, co_await ReadSmallBody(call, azure::kMaxBlockListBody));
  BG_CO_TRY(const auto list, azure::ParseBlockLookupList(body));
  for (CommitLoop loop; loop.Again();) {
    BG_CO_TRY(const auto record, co_await TryCommitList(call, inputs, list));
    if (!record) continue;
    http::Response response;
    response.status = 201;
    SetEtag(response, record->etag, record->modified);
    SetVersionId(response, *record);
    SetBodyHash(response, call, body);
    SetWriteEncryption(response, record->encryption);
    co_return response;
  }
  co_return azure::Fail(Busy());
}

}  // namespace blobgate::operations
