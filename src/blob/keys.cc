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

constexpr std::size_t kChunkDigits = 8;

void AppendHex(std::string& out, std::uint64_t value, std::size_t digits = kGenerationDigits) {
  for (std::size_t i = digits; i-- > 0;) out += "0123456789abcdef"[(value >> (4 * i)) & 0xF];
}

/// Takes exactly `digits` lower-case hex digits off the front of `in`.
std::optional<std::uint64_t> TakeHex(std::string_view& in, std::size_t digits) {
  if (in.size() < digits) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : in.substr(0, digits)) {
    const std::size_t digit = std::string_view("0123456789abcdef").find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    value = value << 4 | digit;
  }
  in.remove_prefix(digits);
  return value;
}

bool TakePartEnd(std::string_view& in) {
  if (!in.starts_with(kPartEnd)) return false;
  in.remove_prefix(1);
  return true;
}

/// KIND NAME \x01 NUMBER \x01.
std::string NumberedPrefix(std::string_view kind, std::string_view name, std::uint64_t number) {
  std::string key = Prefixed(kind, name);
  key += kPartEnd;
  AppendHex(key, number);
  key += kPartEnd;
  return key;
}

/// What comes behind the name in `key`.
std::string_view AfterName(std::string_view key) {
  const std::size_t name_end = key.find(kPartEnd);
  return name_end == std::string_view::npos ? std::string_view() : key.substr(name_end + 1);
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

std::string AccessTrackingKey() {
  return "l";
}

std::string AliveKey() {
  return "!";
}

std::string ImmutableKey() {
  return "i";
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

std::string EventKey(std::uint64_t ticks) {
  std::string key = "e";
  AppendHex(key, ticks);
  return key;
}

std::optional<std::uint64_t> TicksOfEventKey(std::string_view key) {
  if (!key.starts_with('e')) return std::nullopt;
  key.remove_prefix(1);
  const auto ticks = TakeHex(key, kTimeDigits);
  return key.empty() ? ticks : std::nullopt;
}

std::string FeedStateKey() {
  return "f";
}

std::string FeedIntentKey(std::string_view incarnation, std::uint64_t partition) {
  std::string key = Prefixed("j", incarnation);
  key += kPartEnd;
  AppendHex(key, partition);
  return key;
}

std::string AppendPrefix(std::string_view name, std::uint64_t lineage) {
  return NumberedPrefix("d", name, lineage);
}

std::string AppendKey(std::string_view name, std::uint64_t lineage, std::uint64_t end) {
  std::string key = AppendPrefix(name, lineage);
  AppendHex(key, end);
  return key;
}

std::string PagePrefix(std::string_view name, std::uint64_t lineage) {
  return NumberedPrefix("q", name, lineage);
}

std::string PageLayerPrefix(std::string_view name, std::uint64_t lineage, std::uint64_t layer) {
  std::string key = PagePrefix(name, lineage);
  AppendHex(key, layer);
  key += kPartEnd;
  return key;
}

std::string PageChunkKey(std::string_view name, std::uint64_t lineage, std::uint64_t layer,
                         std::uint32_t chunk) {
  std::string key = PageLayerPrefix(name, lineage, layer);
  AppendHex(key, chunk, kChunkDigits);
  return key;
}

std::string LeftoverKey(std::string_view name, std::uint64_t lineage) {
  std::string key = NumberedPrefix("w", name, lineage);
  key.pop_back();
  return key;
}

std::optional<std::uint64_t> LineageOfKey(std::string_view key) {
  std::string_view rest = AfterName(key);
  const auto lineage = TakeHex(rest, kGenerationDigits);
  if (!rest.empty() && !rest.starts_with(kPartEnd)) return std::nullopt;
  return lineage;
}

std::optional<std::uint64_t> EndOfAppendKey(std::string_view key) {
  std::string_view rest = AfterName(key);
  if (!TakeHex(rest, kGenerationDigits) || !TakePartEnd(rest)) return std::nullopt;
  const auto end = TakeHex(rest, kGenerationDigits);
  return rest.empty() ? end : std::nullopt;
}

std::optional<PageChunkName> NameOfPageChunkKey(std::string_view key) {
  std::string_view rest = AfterName(key);
  if (!TakeHex(rest, kGenerationDigits) || !TakePartEnd(rest)) return std::nullopt;
  const auto layer = TakeHex(rest, kGenerationDigits);
  if (!layer || !TakePartEnd(rest)) return std::nullopt;
  const auto chunk = TakeHex(rest, kChunkDigits);
  if (!chunk || !rest.empty()) return std::nullopt;
  return PageChunkName{*layer, static_cast<std::uint32_t>(*chunk)};
}

std::string StagedPrefix(std::string_view name, std::uint64_t generation) {
  return NumberedPrefix("u", name, generation);
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
