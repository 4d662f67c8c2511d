#include "blob/path_keys.h"

namespace blobgate::blob {
namespace {

constexpr std::size_t kIdDigits = 16;
constexpr char kPartEnd = '\x01';
constexpr std::string_view kDigits = "0123456789abcdef";

void AppendId(std::string& out, std::uint64_t id) {
  for (std::size_t i = kIdDigits; i-- > 0;) out += kDigits[(id >> (4 * i)) & 0xF];
}

std::optional<std::uint64_t> ParseId(std::string_view text) {
  if (text.size() != kIdDigits) return std::nullopt;
  std::uint64_t id = 0;
  for (const char c : text) {
    const std::size_t digit = kDigits.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    id = id << 4 | digit;
  }
  return id;
}

std::string Keyed(char kind, std::uint64_t id) {
  std::string key(1, kind);
  AppendId(key, id);
  return key;
}

}  // namespace

std::string EntryName(std::uint64_t directory, std::string_view leaf) {
  std::string name;
  AppendId(name, directory);
  name += '/';
  return name.append(leaf);
}

std::string EntryPrefix(std::uint64_t directory) {
  return "b" + EntryName(directory, {});
}

std::optional<EntryParts> PartsOfEntryName(std::string_view name) {
  if (name.size() <= kIdDigits || name[kIdDigits] != '/') return std::nullopt;
  const auto directory = ParseId(name.substr(0, kIdDigits));
  if (!directory) return std::nullopt;
  return EntryParts{*directory, name.substr(kIdDigits + 1)};
}

std::string ContentName(std::uint64_t id) {
  std::string name;
  AppendId(name, id);
  return name;
}

std::string InodeKey(std::uint64_t directory) {
  return Keyed(kInodeRows, directory);
}

std::string DetachedKey(std::uint64_t directory) {
  return Keyed(kDetachedRows, directory);
}

std::optional<std::uint64_t> DirectoryOfKey(std::string_view key) {
  if (!key.starts_with(kInodeRows) && !key.starts_with(kDetachedRows)) return std::nullopt;
  return ParseId(key.substr(1));
}

std::string DeletedPrefix(std::string_view path) {
  std::string key = "z";
  key += path;
  return key += kPartEnd;
}

std::string DeletedKey(std::string_view path, std::uint64_t deletion) {
  std::string key = DeletedPrefix(path);
  AppendId(key, deletion);
  return key;
}

std::optional<DeletedParts> PartsOfDeletedKey(std::string_view key) {
  const std::size_t end = key.find(kPartEnd);
  if (!key.starts_with('z') || end == std::string_view::npos) return std::nullopt;
  const auto deletion = ParseId(key.substr(end + 1));
  if (!deletion) return std::nullopt;
  return DeletedParts{key.substr(1, end - 1), *deletion};
}

std::string InternalName(std::string_view entry_name) {
  std::string name(1, kInternalMark);
  return name.append(entry_name);
}

std::optional<std::string_view> EntryOfInternalName(std::string_view name) {
  if (!name.starts_with(kInternalMark)) return std::nullopt;
  return name.substr(1);
}

}  // namespace blobgate::blob
