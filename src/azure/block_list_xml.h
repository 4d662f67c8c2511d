// The bodies of Put Block List and Get Block List (operations.md 4.2).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "azure/errors.h"

namespace blobgate::azure {

/// Committed blocks of one blob at most, and so entries of a list (operations.md 5.1).
inline constexpr std::size_t kMaxCommittedBlocks = 50'000;
/// Enough for kMaxCommittedBlocks of the longest ids with indentation.
inline constexpr std::size_t kMaxBlockListBody = 8 * 1024 * 1024;

struct BlockLookup {
  enum class Kind : std::uint8_t { kCommitted, kUncommitted, kLatest };
  Kind kind = Kind::kLatest;
  std::string id;  ///< base64 text as sent, surrounding white space removed; not checked further
  bool operator==(const BlockLookup&) const = default;
};

/// In the order of the document. 400 InvalidXmlDocument, 400 BlockListTooLong.
Outcome<std::vector<BlockLookup>> ParseBlockLookupList(std::string_view body);

struct ListedBlock {
  std::string_view name;   ///< base64 text
  std::uint64_t size = 0;  ///< bytes
};

/// The answer of Get Block List; a null list was not asked for and is left out.
std::string RenderBlockList(const std::vector<ListedBlock>* committed,
                            const std::vector<ListedBlock>* uncommitted);

}  // namespace blobgate::azure
