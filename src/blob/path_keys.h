// Keys of rows that only hierarchical containers have, and the names that stand for a path in keys
// (docs/hierarchical-namespace.md). The other keys are those of blob/keys.h, with an entry name or
// a content name where a flat container has the blob's name:
//
//     "b" DIR "/" LEAF \x02            BlobRecord of a file or directory
//     "n" DIR                          Inode of a directory
//     "r" DIR                          a detached directory whose content is being removed
//     "z" PATH \x01 DELETION           DeletedPath
//
// DIR, DELETION and content names are 16 hex digits.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace blobgate::blob {

/// The directory ids of the root and of what it would lie in.
inline constexpr std::uint64_t kAboveRoot = 0;
inline constexpr std::uint64_t kRootDirectory = 1;

/// Stands for a path in base rows and in the tag index: "DIR/LEAF". The root's leaf is empty.
std::string EntryName(std::uint64_t directory, std::string_view leaf);
/// The row of all entries of a directory begin with this.
std::string EntryPrefix(std::uint64_t directory);
struct EntryParts {
  std::uint64_t directory = 0;
  std::string_view leaf;
};
/// The parts of an entry name (views into it); nullopt for any other form.
std::optional<EntryParts> PartsOfEntryName(std::string_view name);

/// Stands for a file in the rows of its uncommitted blocks, appended blocks and leftovers.
std::string ContentName(std::uint64_t id);

/// The first bytes of those keys.
inline constexpr char kInodeRows = 'n';
inline constexpr char kDetachedRows = 'r';
std::string InodeKey(std::uint64_t directory);
std::string DetachedKey(std::uint64_t directory);
/// The id in a key of "n" or "r"; nullopt for any other form.
std::optional<std::uint64_t> DirectoryOfKey(std::string_view key);

/// All deleted states of a path start with DeletedPrefix of it; in order of deletion.
std::string DeletedPrefix(std::string_view path);
std::string DeletedKey(std::string_view path, std::uint64_t deletion);
struct DeletedParts {
  std::string_view path;
  std::uint64_t deletion = 0;
};
std::optional<DeletedParts> PartsOfDeletedKey(std::string_view key);

/// How work in the background, which knows rows and not paths, names an entry to LoadTarget: no
/// name that a client can send begins so.
inline constexpr char kInternalMark = '\x03';
std::string InternalName(std::string_view entry_name);
/// The entry name behind the mark; nullopt for a client's name.
std::optional<std::string_view> EntryOfInternalName(std::string_view name);

}  // namespace blobgate::blob
