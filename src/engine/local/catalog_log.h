// Files of the catalog's log: written past the page cache, over zeros that were written ahead.
//
// A sync of bytes that were appended waits for the file system's journal as well, as it makes the
// file longer; a sync of bytes that replace others waits for them alone, in half the time and with
// half the CPU (docs/performance.md). So zeros go ahead of what RocksDB appends. They are no part
// of the log: for who reads it, it ends where the first record would begin with zeros. RocksDB's
// own reader would look for more behind them, and after a power cut, which may keep what was
// written last and lose what was written before it, find what must not be there without the rest.
#pragma once

#include <rocksdb/file_system.h>

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace blobgate::engine {

/// Whether RocksDB keeps a log under this name.
bool IsCatalogLog(std::string_view name);

/// A log is made of blocks of so many bytes; the last one may be shorter.
inline constexpr std::size_t kLogBlock = 32 * 1024;

/// Where the records of a block end, as bytes from its beginning: at the first one that would begin
/// with zeros, else with the block. What is no record is left to RocksDB, which sees that it is
/// none. The format: RocksDB's wiki, Write Ahead Log File Format.
std::size_t EndOfLogBlock(std::string_view block);

/// Where the records of a log end, as bytes from its beginning. Reads `file`, which is at its
/// beginning, up to there.
rocksdb::IOStatus FindEndOfLog(rocksdb::FSSequentialFile& file, std::uint64_t* end);

/// The same of a file.
rocksdb::IOStatus FindEndOfLog(rocksdb::FileSystem& files, const std::string& name,
                               std::uint64_t* end);

/// `name` without the zeros behind its records.
rocksdb::IOStatus OpenLog(rocksdb::FileSystem& files, const std::string& name,
                          const rocksdb::FileOptions& options,
                          std::unique_ptr<rocksdb::FSSequentialFile>* result,
                          rocksdb::IODebugContext* context);

/// Makes logs, and writes zeros ahead of them in a thread of its own that begins with the first
/// one. Thread-safe.
class LogFiles {
 public:
  /// So much at first, and twice as much each time, bytes.
  static constexpr std::uint64_t kLeastAhead = 256 * 1024;
  static constexpr std::uint64_t kMostAhead = 4 * 1024 * 1024;

  /// Zeros are only written while `has_room()`.
  LogFiles(std::shared_ptr<rocksdb::FileSystem> files, std::function<bool()> has_room)
      : files_(std::move(files)), has_room_(std::move(has_room)) {}
  /// The logs are closed before.
  ~LogFiles();
  LogFiles(const LogFiles&) = delete;
  LogFiles& operator=(const LogFiles&) = delete;

  /// A new, empty log. What is appended is with the disk when Append returns, and durable when Sync
  /// does. The zeros that are left over are cut off when it is closed. nullptr where the file
  /// system has no direct I/O: an ordinary file will do.
  std::unique_ptr<rocksdb::FSWritableFile> Make(const std::string& name,
                                                const rocksdb::FileOptions& options);

 private:
  struct Log;
  class LogFile;

  void Ask(std::shared_ptr<Log> log);
  void Loop();
  /// False: it has all it will get.
  bool WriteAhead(Log& log);
  bool AppendZeros(Log& log);

  const std::shared_ptr<rocksdb::FileSystem> files_;
  const std::function<bool()> has_room_;
  std::uint64_t ahead_ = kLeastAhead;  ///< the thread's own
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::shared_ptr<Log>> asked_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace blobgate::engine
