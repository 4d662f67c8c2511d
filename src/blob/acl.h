// POSIX access control lists of files and directories in hierarchical containers (operations.md
// 3.1). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "azure/errors.h"

namespace blobgate::blob {

/// Read, write, execute: any of these or'ed.
using AccessBits = std::uint8_t;
inline constexpr AccessBits kAclRead = 4;
inline constexpr AccessBits kAclWrite = 2;
inline constexpr AccessBits kAclExecute = 1;
inline constexpr AccessBits kAclAll = 7;

/// Who owns what nobody with an id of his own made (operations.md part 3).
inline constexpr std::string_view kSuperuser = "$superuser";

/// The nine permission bits and the sticky bit, as chmod(1) has them: 01777 at most.
using Mode = std::uint16_t;
inline constexpr Mode kStickyBit = 01000;
inline constexpr Mode kDefaultUmask = 0027;

/// `rwxr-x---` (with `t` or `T` in the last place: sticky) or 4 octal digits. nullopt otherwise.
std::optional<Mode> ParseMode(std::string_view text);
/// 1 to 4 octal digits, at most 0777.
std::optional<Mode> ParseUmask(std::string_view text);

/// One entry: `[default:]user|group|mask|other:[id]:rwx`.
struct AclEntry {
  enum class Kind : std::uint8_t { kUser, kGroup, kMask, kOther };
  bool is_default = false;
  Kind kind = Kind::kUser;
  std::string id;  ///< of a named user or group; empty: the owner, the owning group
  AccessBits bits = 0;

  bool SameSubject(const AclEntry& other) const {
    return is_default == other.is_default && kind == other.kind && id == other.id;
  }
  bool operator==(const AclEntry&) const = default;
};

/// Entries of one item, in canonical order: access entries, then default ones; user, group, mask,
/// other; ids ascending.
class Acl {
 public:
  /// Entries in each of the two lists.
  static constexpr std::size_t kMaxEntries = 32;
  static constexpr std::size_t kMaxTextBytes = 16 * 1024;

  Acl() = default;

  /// The whole list of an item. 400 InvalidHeaderValue (x-ms-acl) for anything malformed: a bad
  /// entry, two for one subject, more than kMaxEntries, one of the three base entries missing, or
  /// default entries for something that is no directory. A mask is computed where there are named
  /// entries and none was given.
  static azure::Outcome<Acl> Parse(std::string_view text, bool directory);
  /// Of stored text, which was checked when it was stored. Malformed text is the ACL of mode 0.
  static Acl FromStored(std::string_view text);
  /// The three base entries.
  static Acl FromMode(Mode mode);
  /// What a new child gets from this ACL of its parent (docs/hierarchical-namespace.md). `mode` and
  /// `umask`: as sent with the request. Without default entries: mode (rw-rw-rw- for a file and
  /// rwxrwxrwx for a directory unless sent) less the umask (0027 unless sent).
  Acl ForChild(bool directory, std::optional<Mode> mode, std::optional<Mode> umask) const;

  std::string Text() const;
  const std::vector<AclEntry>& entries() const { return entries_; }
  bool has_default() const;

  /// The nine bits; the group's are the mask's where there is one.
  Mode mode() const;
  /// Changes the nine bits as chmod does: with a mask, that instead of the owning group's.
  void SetMode(Mode mode);
  /// `rwxr-x---`, `t` or `T` last when sticky, and `+` when there are named or default entries.
  std::string Symbolic(bool sticky) const;

  /// What Set Access Control makes of it. Entries of either list take the place of that whole list;
  /// base entries that `text` has not stay. Access entries without default ones end the default
  /// list; default entries alone leave the access list. (What Hadoop's tests of ABFS expect.)
  /// 400 as Parse, but for the base entries.
  azure::Outcome<void> Replace(std::string_view text, bool directory);
  /// Adds or replaces single entries, then the mask is computed again unless one was among them.
  /// 400 as Parse. `directory`: of the item.
  azure::Outcome<void> Modify(std::span<const AclEntry> changes, bool directory);
  /// Removes single entries, base entries excepted (400 InvalidHeaderValue). Removing what is not
  /// there is no error.
  azure::Outcome<void> Remove(std::span<const AclEntry> subjects);

 private:
  void Put(AclEntry entry);
  void ComputeMask(bool of_default);
  void Sort();
  const AclEntry* Find(bool is_default, AclEntry::Kind kind, std::string_view id) const;

  std::vector<AclEntry> entries_;
};

/// The entries of a recursive change. `with_bits`: set and modify have them, remove has none.
azure::Outcome<std::vector<AclEntry>> ParseAclEntries(std::string_view text, bool with_bits);

/// Who is checked.
struct AclCaller {
  std::string oid;
  std::vector<std::string> groups;
};

/// May `caller` do `wanted` on an item with this ACL, owner and owning group?
bool MayAccess(const Acl& acl, std::string_view owner, std::string_view group,
               const AclCaller& caller, AccessBits wanted);

}  // namespace blobgate::blob
