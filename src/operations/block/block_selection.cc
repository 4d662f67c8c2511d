#include "operations/block/block_selection.h"

#include <string_view>
#include <unordered_map>
#include <utility>

namespace blobgate::operations {
namespace {

using Kind = azure::BlockLookup::Kind;

/// Blocks by id, and what the list has used so far. The views live in the inputs of SelectBlocks.
class BlockIndex {
 public:
  BlockIndex(const blob::Content& committed, const std::vector<blob::StagedBlock>& staged) {
    if (committed.block_list) {
      committed_.reserve(committed.blocks.size());
      for (const auto& block : committed.blocks) committed_.try_emplace(block.id, Entry{&block});
    }
    staged_.reserve(staged.size());
    for (const auto& entry : staged) staged_.try_emplace(entry.block.id, Entry{&entry.block});
  }

  /// Null: there is no such block.
  const blob::Block* Find(const azure::BlockLookup& lookup, bool& first_use,
                          BlockOrigins& origins) {
    Entry* entry = nullptr;
    if (lookup.kind != Kind::kCommitted) entry = FindIn(staged_, lookup.id);
    const bool staged = entry != nullptr;
    if (staged) origins.staged = true;
    if (!entry && lookup.kind != Kind::kUncommitted) {
      entry = FindIn(committed_, lookup.id);
      if (entry) origins.committed = true;
    }
    if (!entry) return nullptr;
    origins.is_staged.push_back(staged);
    first_use = !std::exchange(entry->used, true);
    return entry->block;
  }

  /// False when the id was used under another kind before.
  bool Claim(const azure::BlockLookup& lookup) {
    const auto [it, fresh] = kinds_.try_emplace(lookup.id, lookup.kind);
    return fresh || it->second == lookup.kind;
  }

 private:
  struct Entry {
    const blob::Block* block = nullptr;
    bool used = false;
  };
  using Map = std::unordered_map<std::string_view, Entry>;

  static Entry* FindIn(Map& map, std::string_view id) {
    const auto it = map.find(id);
    return it == map.end() ? nullptr : &it->second;
  }

  Map committed_;
  Map staged_;
  std::unordered_map<std::string_view, Kind> kinds_;
};

}  // namespace

azure::Outcome<Replacement> SelectBlocks(const std::vector<azure::BlockLookup>& list,
                                         const blob::Content& committed,
                                         const std::vector<blob::StagedBlock>& staged,
                                         BlockOrigins& origins) {
  Replacement replacement;
  replacement.content.block_list = true;
  replacement.content.blocks.reserve(list.size());
  origins.is_staged.reserve(list.size());
  BlockIndex index(committed, staged);
  for (const auto& lookup : list) {
    bool first_use = false;
    const blob::Block* block =
        index.Claim(lookup) ? index.Find(lookup, first_use, origins) : nullptr;
    if (!block) return azure::Fail(azure::ErrorCode::kInvalidBlockList);
    auto& references = first_use ? replacement.kept : replacement.fresh;
    for (const auto& slice : block->slices) references.push_back(slice.extent);
    replacement.length += block->size;
    replacement.content.blocks.push_back(*block);
  }
  return replacement;
}

void MarkPlain(const blob::BlobRecord& blob, const BlockOrigins& origins,
               Replacement& replacement) {
  const bool staged = origins.staged && !blob.staged_encryption.encrypted();
  const bool committed = origins.committed && !blob.encryption.encrypted();
  if (!staged && !committed) return;
  for (std::size_t i = 0; i < replacement.content.blocks.size(); ++i) {
    if (!(origins.is_staged[i] ? staged : committed)) continue;
    for (blob::Slice& slice : replacement.content.blocks[i].slices) slice.plain = true;
  }
}

}  // namespace blobgate::operations
