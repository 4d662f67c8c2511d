#include "operations/path/tree_walk.h"

#include <deque>
#include <utility>

#include "blob/path_keys.h"

namespace blobgate::operations {
namespace {

/// Rows and bytes that one level reads ahead.
constexpr std::size_t kAheadRows = 256;
constexpr std::size_t kAheadBytes = 256 * 1024;
/// About what an entry takes in the answer besides its names, bytes.
constexpr std::size_t kEntryWeight = 512;

/// Behind `key` and whatever else its name has.
std::string Behind(std::string key) {
  key += '\x01';
  return key;
}

struct ReadRow {
  std::string key;
  std::string value;
  engine::RowVersion version = 0;
};

/// One directory that the walk is in.
struct Level {
  std::uint64_t directory = 0;
  std::string path;  ///< with its slash; empty: the root
  std::string from;  ///< the next key to read
  std::string end;
  std::deque<ReadRow> ahead;
  bool read_all = false;
};

class TreeWalk {
 public:
  TreeWalk(Services& services, engine::PartitionRef partition, TreeQuery query)
      : services_(services), partition_(partition), query_(std::move(query)) {}

  Task<azure::Outcome<TreePage>> Run() {
    BG_CO_CHECK(co_await Begin());
    while (!levels_.empty()) {
      Level& level = levels_.back();
      if (level.ahead.empty()) {
        if (level.read_all) {
          levels_.pop_back();
          continue;
        }
        BG_CO_CHECK(co_await ReadAhead(level));
        continue;
      }
      BG_CO_TRY(const bool more, Take(level));
      if (!more) break;
    }
    co_return std::move(page_);
  }

 private:
  Level LevelOf(std::uint64_t directory, std::string path, std::string_view leaf_prefix) {
    Level level;
    level.directory = directory;
    level.path = std::move(path);
    level.from = blob::EntryPrefix(directory).append(leaf_prefix);
    level.end = blob::PrefixEnd(level.from);
    return level;
  }

  /// Goes down to where the last page ended.
  Task<azure::Outcome<void>> Begin() {
    std::string path = query_.path.empty() ? std::string() : query_.path + "/";
    levels_.push_back(LevelOf(query_.directory, path, query_.leaf_prefix));
    std::string_view rest = query_.from;
    if (rest.empty()) co_return azure::Outcome<void>();
    if (!rest.starts_with(path)) {
      // A place outside of the directory: before all of it, or behind.
      if (rest > std::string_view(path)) levels_.clear();
      co_return azure::Outcome<void>();
    }
    rest.remove_prefix(path.size());
    while (!rest.empty()) {
      Level& level = levels_.back();
      const std::size_t slash = rest.find('/');
      const std::string_view leaf = rest.substr(0, slash);
      const std::string key = blob::BlobKey(blob::EntryName(level.directory, leaf));
      const bool last = slash == std::string_view::npos || slash + 1 == rest.size();
      if (last) {
        level.from = std::max(level.from, key);
        break;
      }
      level.from = std::max(level.from, Behind(key));
      if (!query_.recursive) break;
      BG_CO_TRY(const auto row, co_await services_.catalog().Get(partition_, key));
      if (!row) break;
      BG_CO_TRY(const auto record, blob::BlobRecord::Decode(row->value));
      if (!record.path.directory) break;
      std::string below = level.path;
      below.append(leaf).append("/");
      levels_.push_back(LevelOf(record.path.id, std::move(below), {}));
      rest.remove_prefix(slash + 1);
    }
    co_return azure::Outcome<void>();
  }

  Task<azure::Outcome<void>> ReadAhead(Level& level) {
    std::size_t bytes = 0;
    bool stopped = false;
    const std::size_t rows = std::min(kAheadRows, query_.limits.entries + 1);
    engine::ScanVisitor visitor = [&](std::string_view key, std::string_view value,
                                      engine::RowVersion version) {
      level.ahead.push_back({std::string(key), std::string(value), version});
      bytes += key.size() + value.size();
      stopped = level.ahead.size() >= rows || bytes >= kAheadBytes;
      return stopped ? engine::ScanStep::Stop() : engine::ScanStep::Next();
    };
    if (level.from < level.end) {
      BG_CO_CHECK(
          co_await services_.catalog().Scan(partition_, level.from, level.end, std::move(visitor)));
    }
    level.read_all = !stopped;
    if (stopped) level.from = Behind(level.ahead.back().key);
    co_return azure::Outcome<void>();
  }

  /// False: the page is full.
  azure::Outcome<bool> Take(Level& level) {
    const ReadRow row = std::move(level.ahead.front());
    level.ahead.pop_front();
    const auto parts = blob::PartsOfEntryName(blob::NameOfKey(row.key));
    if (!parts) {
      return azure::Fail(azure::Error(Error{Errc::kCorruption, "no key of a directory's entry"}));
    }
    std::string path = level.path;
    path += parts->leaf;
    if (++rows_ > query_.limits.rows) return Stop(std::move(path));
    BG_TRY(blob::BlobRecord record, blob::BlobRecord::Decode(row.value));
    record.content = {};
    const bool enters =
        query_.recursive && record.path.directory && (!query_.enters || query_.enters(record));
    const std::uint64_t directory = record.path.id;
    if (!query_.shows || query_.shows(record)) {
      if (full_) return Stop(std::move(path));
      bytes_ += kEntryWeight + path.size() + row.value.size();
      page_.entries.push_back({path, row.key, row.version, std::move(record)});
      full_ = page_.entries.size() >= query_.limits.entries || bytes_ >= query_.limits.bytes;
    }
    // `level` is no more once another is pushed.
    if (enters) levels_.push_back(LevelOf(directory, path + "/", {}));
    return true;
  }

  bool Stop(std::string path) {
    page_.next = std::move(path);
    return false;
  }

  Services& services_;
  const engine::PartitionRef partition_;
  const TreeQuery query_;
  std::vector<Level> levels_;
  TreePage page_;
  std::size_t rows_ = 0;
  std::size_t bytes_ = 0;
  bool full_ = false;
};

}  // namespace

Task<azure::Outcome<TreePage>> WalkTree(Services& services, engine::PartitionRef partition,
                                        TreeQuery query) {
  TreeWalk walk(services, partition, std::move(query));
  co_return co_await walk.Run();
}

}  // namespace blobgate::operations
