#include "blob/keys.h"

namespace blobgate::blob {
namespace {

constexpr char kPartEnd = '\x01';
constexpr char kNameEnd = '\x02';
constexpr std::size_t kGenerationDigits = 16;
constexpr std::size_t kTimeDigits = 16;

std::string Prefixed(std::string_view prefix, std::string_view rest) {
  std::string key(prefix);
  key += rest;
  return key;
}

void AppendHex(std::string& out, std::uint64_t value) {
  for (int shift = 60; shift >= 0; shift -= 4) out += "0123456789abcdef"[(value >> shift) & 0xF];
}

}  // namespace

std::string AccountSpace(std::string_view account) {
  return Prefixed("a/", account);
}
std::string ContainerSpace(std::string_view incarnation) {
  return Prefixed("k/", incarnation);
}

std::string ContainerKey(std::string_view container) {
  return Prefixed("c", container);
}
std::string DeletedContainerKey(std::string_view container, std::string_view version) {
  std::string key = ContainerKey(container);
  key += kPartEnd;
  return key.append(version);
}
std::string_view ContainerOfKey(std::string_view key) {
  if (key.empty()) return {};
  key.remove_prefix(1);
  return key.substr(0, key.find(kPartEnd));
}
std::string_view ContainerVersionOfKey(std::string_view key) {
  const std::size_t end = key.find(kPartEnd);
  return end == std::string_view::npos ? std::string_view() : key.substr(end + 1);
}
std::string ContainerVersion(Time deleted) {
  std::string version;
  AppendHex(version, ToDotNetTicks(deleted));
  return version;
}
std::string GarbageKey(std::string_view incarnation) {
  return Prefixed("g", incarnation);
}
std::string ServicePropertiesKey() {
  return "p";
}
std::string CopyJobKey(std::string_view copy_id) {
  return Prefixed("y", copy_id);
}

std::string AliveKey() {
  return "!";
}

std::string BlobKey(std::string_view name) {
  std::string key = Prefixed("b", name);
  key += kNameEnd;
  return key;
}

std::string HistoryPrefix(std::string_view name) {
  std::string key = Prefixed("b", name);
  key += kPartEnd;
  return key;
}

std::string SnapshotKey(std::string_view name, Time id) {
  std::string key = HistoryPrefix(name);
  AppendHex(key, ToDotNetTicks(id));
  return key += 's';
}

std::string VersionKey(std::string_view name, Time id) {
  std::string key = HistoryPrefix(name);
  AppendHex(key, ToDotNetTicks(id));
  return key += 'v';
}

std::string TagPrefix(std::string_view tag) {
  std::string key = Prefixed("t", tag);
  return key += kPartEnd;
}

std::string TagPrefix(std::string_view tag, std::string_view value) {
  std::string key = TagPrefix(tag).append(value);
  return key += kPartEnd;
}

std::string TagKey(std::string_view tag, std::string_view value, std::string_view name) {
  return TagPrefix(tag, value).append(name);
}

std::string_view NameOfTagKey(std::string_view key) {
  return key.substr(key.rfind(kPartEnd) + 1);
}

std::string PurgeKey(Time when, std::string_view row_key) {
  std::string key = "x";
  AppendHex(key, ToDotNetTicks(when));
  return key.append(row_key);
}

std::string_view RowOfPurgeKey(std::string_view key) {
  constexpr std::size_t kStart = 1 + kTimeDigits;
  return key.size() > kStart ? key.substr(kStart) : std::string_view();
}

std::string StagedPrefix(std::string_view name, std::uint64_t generation) {
  std::string key = Prefixed("u", name);
  key += kPartEnd;
  AppendHex(key, generation);
  key += kPartEnd;
  return key;
}

std::string StagedKey(std::string_view name, std::uint64_t generation, std::string_view block_id) {
  return StagedPrefix(name, generation).append(block_id);
}

std::string_view NameOfKey(std::string_view key) {
  if (key.empty()) return {};
  key.remove_prefix(1);
  return key.substr(0, key.find_first_of("\x01\x02"));
}

std::string_view BlockIdOfKey(std::string_view key) {
  const std::size_t name_end = key.find(kPartEnd);
  if (name_end == std::string_view::npos) return {};
  const std::size_t start = name_end + 1 + kGenerationDigits + 1;
  return start <= key.size() ? key.substr(start) : std::string_view();
}

std::string PrefixEnd(std::string prefix) {
  while (!prefix.empty() && prefix.back() == '\xFF') prefix.pop_back();
  if (!prefix.empty()) ++prefix.back();
  return prefix;
}

}  // namespace blobgate::blob
