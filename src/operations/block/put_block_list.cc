// Put Block List: makes the blob of the blocks that are named (operations.md 1.10, 2.4).
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "azure/block_list_xml.h"
#include "base/crc64.h"
#include "base/encoding.h"
#include "base/md5.h"
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

/// What the named blocks are encrypted as.
std::vector<blob::Encryption> EncryptionsOf(const Target& target, const BlockOrigins& origins) {
  std::vector<blob::Encryption> out;
  if (origins.staged) out.push_back(target.blob->staged_encryption);
  if (origins.committed) out.push_back(target.blob->encryption);
  return out;
}

/// The key of a blob made of blocks that are encrypted as `blocks`. They are what they were
/// encrypted to: a key that somebody names must be theirs. Otherwise they are plain or under the
/// account's key, which is the blob's if only one is, whether or not it is switched on now.
azure::Outcome<blob::ContentKeyPtr> KeyOfBlocks(const Call& call, const Target& target,
                                                const KeyRequest& request,
                                                const std::vector<blob::Encryption>& blocks) {
  BG_TRY(auto key, KeyOfNewBlob(call, target.container->record, request));
  for (const blob::Encryption& encryption : blocks) {
    if (blob::IsNamed(key) || encryption.named()) {
      BG_CHECK(blob::CheckSameKey(encryption, key));
    } else if (encryption.encrypted()) {
      BG_TRY(key, KeyOfBlob(call.services, call.account.name, encryption, nullptr));
    }
  }
  return key;
}

/// One round; nullopt: something moved.
Task<azure::Outcome<Boxed<blob::BlobRecord>>> TryCommitList(
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
  const auto blocks = EncryptionsOf(target, origins);
  BG_CO_TRY(auto key, KeyOfBlocks(call, target, inputs.keys, blocks));
  if (key) MarkPlain(*target.blob, origins, *replacement);
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
