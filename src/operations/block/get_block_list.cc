// Get Block List: committed and uncommitted blocks (operations.md 2.4).
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "azure/block_list_xml.h"
#include "base/encoding.h"
#include "blob/append_overlay.h"
#include "blob/lease.h"
#include "operations/blob/blob_access.h"
#include "operations/block/staging.h"
#include "operations/handlers.h"
#include "operations/lease_headers.h"
#include "operations/path/path_access.h"

namespace blobgate::operations {
namespace {

struct Lists {
  bool committed = false;
  bool uncommitted = false;
};

azure::Outcome<Lists> ParseLists(const http::Query& query) {
  constexpr std::string_view kName = "blocklisttype";
  const std::string_view text = query.Get(kName);
  if (text.empty() || EqualsIgnoreCase(text, "committed")) return Lists{true, false};
  if (EqualsIgnoreCase(text, "uncommitted")) return Lists{false, true};
  if (EqualsIgnoreCase(text, "all")) return Lists{true, true};
  return azure::Fail(azure::InvalidQueryParameter(kName, text));
}

/// A blob that only has uncommitted blocks is there for this operation.
azure::Outcome<void> CheckListTarget(const Call& call, const Target& target,
                                     const blob::ConditionHeaders& conditions) {
  const bool uncommitted = target.blob && !target.expired && target.blob->staged_id_length != 0;
  if (!target.exists() && !uncommitted) return azure::Fail(azure::ErrorCode::kBlobNotFound);
  if (target.blob->type != blob::BlobType::kBlock) {
    return azure::Fail(azure::ErrorCode::kInvalidBlobType);
  }
  BG_TRY(const auto lease_id, LeaseIdOf(call.headers()));
  BG_CHECK(blob::CheckRead(target.blob->lease, lease_id, blob::LeaseSubject::kBlob, call.now));
  return blob::CheckRead(conditions, SubjectOf(target));
}

std::vector<azure::ListedBlock> ListCommitted(const blob::Content& content) {
  std::vector<azure::ListedBlock> blocks;
  if (!content.block_list) return blocks;
  blocks.reserve(content.blocks.size());
  for (const auto& block : content.blocks) blocks.push_back({block.id, block.size});
  return blocks;
}

std::vector<azure::ListedBlock> ListUncommitted(const StagedBlocks& staged) {
  std::vector<azure::ListedBlock> blocks;
  blocks.reserve(staged.blocks.size());
  for (const auto& entry : staged.blocks) {
    if (blob::ParseAppendPieceId(entry.block.id)) continue;  // the dfs face's
    blocks.push_back({entry.block.id, entry.block.size});
  }
  return blocks;
}

Task<azure::Outcome<std::string>> RenderLists(Services& services, const Target& target,
                                              Lists lists) {
  blob::Content content;
  if (lists.committed && target.exists()) {
    BG_CO_TRY(content, co_await LoadContent(services, *target.blob));
  }
  StagedBlocks staged;
  if (lists.uncommitted) {
    BG_CO_TRY(staged, co_await LoadStagedBlocks(services, target));
  }
  const auto committed = ListCommitted(content);
  const auto uncommitted = ListUncommitted(staged);
  co_return azure::RenderBlockList(lists.committed ? &committed : nullptr,
                                   lists.uncommitted ? &uncommitted : nullptr);
}

http::Response Answer(const Target& target, std::string text) {
  http::Response response;
  response.status = 200;
  response.Set("Content-Type", "application/xml");
  if (target.exists()) {
    SetEtag(response, target.blob->etag, target.blob->modified);
    response.Set("x-ms-blob-content-length", std::to_string(target.blob->length));
  }
  response.text = std::move(text);
  return response;
}

}  // namespace

Task<azure::Outcome<http::Response>> GetBlockList(Call& call) {
  BG_CO_TRY(const auto lists, ParseLists(call.query()));
  BG_CO_TRY(const auto state, ParseStateName(call.query()));
  BG_CO_TRY(const auto conditions, ParseTagConditions(call));
  for (CommitLoop loop; loop.Again();) {
    BG_CO_TRY(const auto target, co_await LoadState(call.services, call.resource, state));
    BG_CO_CHECK(CheckPathAccess(call, target));
    BG_CO_CHECK(CheckListTarget(call, target, conditions));
    BG_CO_TRY(auto text, co_await RenderLists(call.services, target, lists));
    if (lists.uncommitted) {
      // A commit in between would leave a block in neither list.
      BG_CO_TRY(const bool together, co_await IsUnchanged(call.services, target));
      if (!together) continue;
    }
    co_return Answer(target, std::move(text));
  }
  co_return azure::Fail(Busy());
}

}  // namespace blobgate::operations
