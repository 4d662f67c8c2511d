// What rows of hierarchical containers hold besides (blob/path_keys.h). Pure data with a stable
// encoding; Decode answers kCorruption for anything malformed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace blobgate::blob {

/// What a file or directory has that a blob of a flat container has not.
struct PathState {
  std::uint64_t id = 0;  ///< of the directory, or of the file's other rows; 0: a flat container's
  bool directory = false;
  bool sticky = false;
  /// A file that Create Path made: the Blob face does not write parts of it.
  bool made_by_dfs = false;
  std::string owner;  ///< an object id or $superuser
  std::string group;
  std::string acl;  ///< Acl::Text()
  Time expires{};   ///< a file is not there any more from then on; zero: it stays
  std::string encryption_context;
  /// Of a directory: no name below it has ever lain more levels deeper. Never gets less.
  std::uint32_t height = 0;
  std::string transaction_id;  ///< the client's, of the creation or rename that came last

  bool expired(Time now) const { return expires != Time{} && expires <= now; }

  std::string Encode() const;
  static Result<PathState> Decode(std::string_view bytes);
};

/// The row of a directory id: how to get back from there to its path.
struct Inode {
  std::uint64_t parent = 0;
  std::string leaf;  ///< empty: the root

  std::string Encode() const;
  static Result<Inode> Decode(std::string_view row);
};

}  // namespace blobgate::blob
