#include "blob/acl.h"

#include <algorithm>
#include <tuple>

#include "base/encoding.h"

namespace blobgate::blob {
namespace {

using Kind = AclEntry::Kind;

constexpr std::string_view kHeader = "x-ms-acl";
constexpr std::size_t kMaxId = 256;  // bytes

azure::Error BadAcl(std::string_view text) {
  return azure::InvalidHeader(kHeader, text.substr(0, 1024));
}

std::optional<Kind> ParseKind(std::string_view text) {
  if (text == "user") return Kind::kUser;
  if (text == "group") return Kind::kGroup;
  if (text == "mask") return Kind::kMask;
  if (text == "other") return Kind::kOther;
  return std::nullopt;
}

std::string_view NameOf(Kind kind) {
  switch (kind) {
    case Kind::kUser:
      return "user";
    case Kind::kGroup:
      return "group";
    case Kind::kMask:
      return "mask";
    case Kind::kOther:
      return "other";
  }
  return "other";
}

/// Exactly three of `rwx`, each or `-`.
std::optional<AccessBits> ParseBits(std::string_view text) {
  constexpr std::string_view kLetters = "rwx";
  if (text.size() != kLetters.size()) return std::nullopt;
  AccessBits bits = 0;
  for (std::size_t i = 0; i < kLetters.size(); ++i) {
    if (text[i] == kLetters[i]) {
      bits = static_cast<AccessBits>(bits | kAclRead >> i);
    } else if (text[i] != '-') {
      return std::nullopt;
    }
  }
  return bits;
}

void AppendBits(std::string& out, AccessBits bits) {
  out += (bits & kAclRead) != 0 ? 'r' : '-';
  out += (bits & kAclWrite) != 0 ? 'w' : '-';
  out += (bits & kAclExecute) != 0 ? 'x' : '-';
}

/// Visible ASCII without what separates entries: an object id, a user name, or `$superuser`.
bool IsId(std::string_view id) {
  if (id.size() > kMaxId) return false;
  return std::ranges::all_of(id, [](char c) { return c > 0x20 && c < 0x7f && c != ','; });
}

/// The text up to the next ':' off the front of `rest`; nullopt: there is none.
std::optional<std::string_view> TakePart(std::string_view& rest) {
  const std::size_t colon = rest.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const std::string_view part = rest.substr(0, colon);
  rest.remove_prefix(colon + 1);
  return part;
}

std::optional<AclEntry> ParseEntry(std::string_view text, bool with_bits) {
  AclEntry entry;
  constexpr std::string_view kDefault = "default:";
  if (text.starts_with(kDefault)) {
    entry.is_default = true;
    text.remove_prefix(kDefault.size());
  }
  std::string_view kind = text;
  std::string_view id;
  if (const std::size_t colon = text.find(':'); colon != std::string_view::npos) {
    kind = text.substr(0, colon);
    text.remove_prefix(colon + 1);
    if (with_bits) {
      const auto part = TakePart(text);
      const auto bits = ParseBits(text);
      if (!part || !bits) return std::nullopt;
      id = *part;
      entry.bits = *bits;
    } else {
      id = text.ends_with(':') ? text.substr(0, text.size() - 1) : text;
    }
  } else if (with_bits) {
    return std::nullopt;
  }
  const auto known = ParseKind(kind);
  if (!known || !IsId(id) || id.find(':') != std::string_view::npos) return std::nullopt;
  const bool named = *known == Kind::kUser || *known == Kind::kGroup;
  if (!named && !id.empty()) return std::nullopt;
  entry.kind = *known;
  entry.id = id;
  return entry;
}

auto OrderOf(const AclEntry& entry) {
  return std::tie(entry.is_default, entry.kind, entry.id);
}

bool IsNamed(const AclEntry& entry) {
  return !entry.id.empty();
}

}  // namespace

std::optional<Mode> ParseMode(std::string_view text) {
  if (text.size() == 4) {
    Mode mode = 0;
    for (const char c : text) {
      if (c < '0' || c > '7') return std::nullopt;
      mode = static_cast<Mode>(mode << 3 | (c - '0'));
    }
    return mode <= 01777 ? std::optional(mode) : std::nullopt;
  }
  if (text.size() == 10 && text.ends_with('+')) text.remove_suffix(1);
  if (text.size() != 9) return std::nullopt;
  std::string plain(text);
  Mode mode = 0;
  if (plain[8] == 't' || plain[8] == 'T') {
    mode = kStickyBit;
    plain[8] = plain[8] == 't' ? 'x' : '-';
  }
  for (std::size_t i = 0; i < 9; i += 3) {
    const auto bits = ParseBits(std::string_view(plain).substr(i, 3));
    if (!bits) return std::nullopt;
    mode = static_cast<Mode>(mode | *bits << (6 - i));
  }
  return mode;
}

std::optional<Mode> ParseUmask(std::string_view text) {
  if (text.empty() || text.size() > 4) return std::nullopt;
  Mode mode = 0;
  for (const char c : text) {
    if (c < '0' || c > '7') return std::nullopt;
    mode = static_cast<Mode>(mode << 3 | (c - '0'));
  }
  return mode <= 0777 ? std::optional(mode) : std::nullopt;
}

azure::Outcome<std::vector<AclEntry>> ParseAclEntries(std::string_view text, bool with_bits) {
  std::vector<AclEntry> entries;
  const std::string_view all = text;
  if (text.size() > Acl::kMaxTextBytes) return azure::Fail(BadAcl(all));
  for (bool more = true; more;) {
    const std::size_t comma = text.find(',');
    more = comma != std::string_view::npos;
    auto entry = ParseEntry(Trim(text.substr(0, comma)), with_bits);
    if (!entry) return azure::Fail(BadAcl(all));
    for (const AclEntry& other : entries) {
      if (entry->SameSubject(other)) return azure::Fail(BadAcl(all));
    }
    entries.push_back(std::move(*entry));
    if (entries.size() > 2 * Acl::kMaxEntries) return azure::Fail(BadAcl(all));
    if (more) text.remove_prefix(comma + 1);
  }
  return entries;
}

azure::Outcome<Acl> Acl::Parse(std::string_view text, bool directory) {
  BG_TRY(auto entries, ParseAclEntries(text, true));
  Acl acl;
  BG_CHECK(acl.Modify(entries, directory));
  for (const Kind kind : {Kind::kUser, Kind::kGroup, Kind::kOther}) {
    if (acl.Find(false, kind, {}) == nullptr) return azure::Fail(BadAcl(text));
  }
  return acl;
}

Acl Acl::FromStored(std::string_view text) {
  auto parsed = Parse(text, true);
  return parsed ? std::move(*parsed) : FromMode(0);
}

Acl Acl::FromMode(Mode mode) {
  Acl acl;
  acl.entries_ = {
      {.kind = Kind::kUser, .id = {}, .bits = static_cast<AccessBits>(mode >> 6 & kAclAll)},
      {.kind = Kind::kGroup, .id = {}, .bits = static_cast<AccessBits>(mode >> 3 & kAclAll)},
      {.kind = Kind::kOther, .id = {}, .bits = static_cast<AccessBits>(mode & kAclAll)}};
  return acl;
}

Acl Acl::ForChild(bool directory, std::optional<Mode> mode, std::optional<Mode> umask) const {
  if (!has_default()) {
    const Mode wanted = mode.value_or(directory ? 0777 : 0666);
    return FromMode(static_cast<Mode>(wanted & ~umask.value_or(kDefaultUmask)));
  }
  Acl child = FromMode(0);
  for (const AclEntry& entry : entries_) {
    if (!entry.is_default) continue;
    AclEntry access = entry;
    access.is_default = false;
    child.Put(access);
    if (directory) child.Put(entry);
  }
  child.SetMode(static_cast<Mode>(child.mode() & mode.value_or(0777)));
  // The umask takes from the base entries, never from the mask.
  const Mode kept = static_cast<Mode>(~umask.value_or(0));
  for (AclEntry& entry : child.entries_) {
    if (entry.is_default || IsNamed(entry) || entry.kind == Kind::kMask) continue;
    const int shift = entry.kind == Kind::kUser ? 6 : entry.kind == Kind::kGroup ? 3 : 0;
    entry.bits = static_cast<AccessBits>(entry.bits & kept >> shift);
  }
  child.Sort();
  return child;
}

std::string Acl::Text() const {
  std::string out;
  for (const AclEntry& entry : entries_) {
    if (!out.empty()) out += ',';
    if (entry.is_default) out += "default:";
    out.append(NameOf(entry.kind)).append(":").append(entry.id).append(":");
    AppendBits(out, entry.bits);
  }
  return out;
}

bool Acl::has_default() const {
  return std::ranges::any_of(entries_, &AclEntry::is_default);
}

const AclEntry* Acl::Find(bool is_default, Kind kind, std::string_view id) const {
  for (const AclEntry& entry : entries_) {
    if (entry.is_default == is_default && entry.kind == kind && entry.id == id) return &entry;
  }
  return nullptr;
}

Mode Acl::mode() const {
  const auto bits = [this](Kind kind) {
    const AclEntry* entry = Find(false, kind, {});
    return static_cast<unsigned>(entry == nullptr ? 0 : entry->bits);
  };
  const bool masked = Find(false, Kind::kMask, {}) != nullptr;
  return static_cast<Mode>(bits(Kind::kUser) << 6 | bits(masked ? Kind::kMask : Kind::kGroup) << 3 |
                           bits(Kind::kOther));
}

void Acl::SetMode(Mode mode) {
  const bool masked = Find(false, Kind::kMask, {}) != nullptr;
  const auto set = [this](Kind kind, unsigned bits) {
    Put({.kind = kind, .id = {}, .bits = static_cast<AccessBits>(bits & kAclAll)});
  };
  set(Kind::kUser, mode >> 6);
  set(masked ? Kind::kMask : Kind::kGroup, mode >> 3);
  set(Kind::kOther, mode);
  Sort();
}

std::string Acl::Symbolic(bool sticky) const {
  const Mode bits = mode();
  std::string out;
  for (const int shift : {6, 3, 0}) AppendBits(out, static_cast<AccessBits>(bits >> shift & 7));
  if (sticky) out.back() = out.back() == 'x' ? 't' : 'T';
  const bool extended = std::ranges::any_of(
      entries_, [](const AclEntry& entry) { return IsNamed(entry) || entry.is_default; });
  if (extended) out += '+';
  return out;
}

void Acl::Put(AclEntry entry) {
  for (AclEntry& old : entries_) {
    if (!old.SameSubject(entry)) continue;
    old.bits = entry.bits;
    return;
  }
  entries_.push_back(std::move(entry));
}

/// The union of named users, owning group and named groups. Without named entries there need be no
/// mask, and one that is there stays.
void Acl::ComputeMask(bool of_default) {
  AccessBits bits = 0;
  bool named = false;
  for (const AclEntry& entry : entries_) {
    if (entry.is_default != of_default || entry.kind == Kind::kMask) continue;
    if (entry.kind == Kind::kGroup || IsNamed(entry)) bits |= entry.bits;
    named = named || IsNamed(entry);
  }
  if (!named) return;
  Put({.is_default = of_default, .kind = Kind::kMask, .id = {}, .bits = bits});
}

void Acl::Sort() {
  std::ranges::sort(entries_, {}, OrderOf);
}

azure::Outcome<void> Acl::Replace(std::string_view text, bool directory) {
  BG_TRY(const auto entries, ParseAclEntries(text, true));
  const bool access = !std::ranges::all_of(entries, &AclEntry::is_default);
  Acl next = *this;
  std::erase_if(next.entries_, [access](const AclEntry& entry) {
    const bool base = !IsNamed(entry) && entry.kind != Kind::kMask;
    return entry.is_default || (access && !base);
  });
  BG_CHECK(next.Modify(entries, directory));
  *this = std::move(next);
  return {};
}

azure::Outcome<void> Acl::Modify(std::span<const AclEntry> changes, bool directory) {
  bool mask[2] = {false, false};
  bool touched[2] = {false, false};
  Acl next = *this;
  for (const AclEntry& change : changes) {
    if (change.is_default && !directory) return azure::Fail(BadAcl("default entries on a file"));
    mask[change.is_default] |= change.kind == Kind::kMask;
    touched[change.is_default] = true;
    next.Put(change);
  }
  // A default list has base entries too; they are copied from the access list where not given.
  if (next.has_default()) {
    for (const Kind kind : {Kind::kUser, Kind::kGroup, Kind::kOther}) {
      const AclEntry* access = next.Find(false, kind, {});
      if (next.Find(true, kind, {}) != nullptr || access == nullptr) continue;
      AclEntry copy = *access;
      copy.is_default = true;
      next.Put(std::move(copy));
    }
  }
  for (const bool of_default : {false, true}) {
    if (touched[of_default] && !mask[of_default]) next.ComputeMask(of_default);
    const auto count = std::ranges::count(next.entries_, of_default, &AclEntry::is_default);
    if (static_cast<std::size_t>(count) > kMaxEntries) {
      return azure::Fail(BadAcl("more than 32 entries"));
    }
  }
  next.Sort();
  *this = std::move(next);
  return {};
}

azure::Outcome<void> Acl::Remove(std::span<const AclEntry> subjects) {
  for (const AclEntry& subject : subjects) {
    const bool base = !subject.is_default && !IsNamed(subject) && subject.kind != Kind::kMask;
    if (base) return azure::Fail(BadAcl("the owner's, group's and other entries cannot go"));
  }
  Acl next = *this;
  bool touched[2] = {false, false};
  for (const AclEntry& subject : subjects) {
    const auto gone = std::erase_if(
        next.entries_, [&](const AclEntry& entry) { return entry.SameSubject(subject); });
    touched[subject.is_default] |= gone > 0;
  }
  // Without the base entries there is no default list.
  for (const Kind kind : {Kind::kUser, Kind::kGroup, Kind::kOther}) {
    if (next.Find(true, kind, {}) != nullptr) continue;
    std::erase_if(next.entries_, [](const AclEntry& entry) { return entry.is_default; });
    break;
  }
  for (const bool of_default : {false, true}) {
    if (touched[of_default]) next.ComputeMask(of_default);
  }
  next.Sort();
  *this = std::move(next);
  return {};
}

bool MayAccess(const Acl& acl, std::string_view owner, std::string_view group,
               const AclCaller& caller, AccessBits wanted) {
  AccessBits mask = kAclAll;
  AccessBits other = 0;
  for (const AclEntry& entry : acl.entries()) {
    if (entry.is_default) continue;
    if (entry.kind == Kind::kMask) mask = entry.bits;
    if (entry.kind == Kind::kOther) other = entry.bits;
  }
  const auto holds = [wanted](AccessBits bits) { return (bits & wanted) == wanted; };
  const bool is_owner = EqualsIgnoreCase(caller.oid, owner);
  for (const AclEntry& entry : acl.entries()) {
    if (entry.is_default || entry.kind != Kind::kUser) continue;
    if (entry.id.empty() && is_owner) return holds(entry.bits);
    if (!is_owner && !entry.id.empty() && EqualsIgnoreCase(entry.id, caller.oid)) {
      return holds(entry.bits & mask);
    }
  }
  // Groups add up, and who is in a group of the list is not among the others.
  bool member = false;
  AccessBits bits = 0;
  for (const AclEntry& entry : acl.entries()) {
    if (entry.is_default || entry.kind != Kind::kGroup) continue;
    const std::string_view id = entry.id.empty() ? group : std::string_view(entry.id);
    const bool mine = std::ranges::any_of(
        caller.groups, [id](const std::string& own) { return EqualsIgnoreCase(own, id); });
    if (!mine) continue;
    member = true;
    bits |= entry.bits;
  }
  if (member) return holds(bits & mask);
  return holds(other & mask);
}

}  // namespace blobgate::blob
