// Where a path of a hierarchical container leads (docs/hierarchical-namespace.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "blob/acl.h"
#include "blob/records.h"
#include "blobgate/engine/catalog.h"

namespace blobgate::operations {

/// A directory on the way, as it was read.
struct WayStep {
  std::string key;  ///< of its row
  engine::RowVersion version = 0;
  std::string leaf;
  blob::PathState state;
  std::string row;  ///< all of it, encoded
};

/// A directory that is to be made on the way.
struct MissingStep {
  std::string leaf;
  std::uint64_t id = 0;
};

/// What a walk found out, and what a new item at its end is to be.
struct PathPlace {
  WayStep root;
  std::vector<WayStep> way;          ///< below the root, from there down
  std::vector<MissingStep> missing;  ///< below the last step of `way`
  /// A file is on the way, or a name that only has uncommitted blocks.
  bool blocked = false;
  /// blob::EntryName of the file where `missing` begins, whose time is over: it goes before the
  /// directory comes (ClearWay). Empty: nothing is there.
  std::string expired;
  /// Found by its row, without a walk (blob::InternalName): nothing new can be made.
  bool internal = false;

  std::uint64_t directory = 0;  ///< the item lies in it
  std::string leaf;             ///< empty: the root
  std::uint64_t id = 0;         ///< for a new item

  std::string owner;
  std::optional<blob::Mode> mode;  ///< x-ms-permissions
  std::optional<blob::Mode> umask;
  std::optional<blob::Acl> acl;                     ///< instead of all inheritance
  std::optional<std::string> new_owner, new_group;  ///< x-ms-owner, x-ms-group
  Time expires{};
  std::string encryption_context;
  std::string transaction_id;
  bool made_by_dfs = false;
  std::optional<blob::LeaseRecord> lease;

  bool is_root() const { return !internal && leaf.empty(); }
  /// Levels from the root down to the item.
  std::size_t depth() const { return way.size() + missing.size() + (leaf.empty() ? 0 : 1); }
  /// The last directory that is there.
  const WayStep& deepest() const { return way.empty() ? root : way.back(); }
};

}  // namespace blobgate::operations
