#include "engine/local/catalog_log.h"

#include <rocksdb/env.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <utility>
#include <vector>

#include "base/buffer.h"
#include "engine/local/extent_format.h"

namespace blobgate::engine {
namespace {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

/// Reads until `into` is full or the file ends.
IOStatus ReadBlock(rocksdb::FSSequentialFile& file, std::vector<char>& into, std::size_t* got) {
  for (*got = 0; *got < into.size();) {
    Slice part;
    IOStatus read = file.Read(into.size() - *got, {}, &part, into.data() + *got, nullptr);
    if (!read.ok()) return read;
    if (part.empty()) break;
    if (part.data() != into.data() + *got) std::ranges::copy(part.ToStringView(), &into[*got]);
    *got += part.size();
  }
  return IOStatus::OK();
}

/// Never written to, so that it takes no memory.
alignas(kBlock) constinit std::array<char, LogFiles::kLeastAhead> nothing{};

/// The first bytes of a file.
class Beginning final : public rocksdb::FSSequentialFileOwnerWrapper {
 public:
  Beginning(std::unique_ptr<rocksdb::FSSequentialFile> file, std::uint64_t size)
      : FSSequentialFileOwnerWrapper(std::move(file)), size_(size), left_(size) {}

  IOStatus Read(std::size_t n, const IOOptions& options, Slice* result, char* scratch,
                IODebugContext* context) override {
    n = std::min<std::uint64_t>(n, left_);
    IOStatus read = FSSequentialFileOwnerWrapper::Read(n, options, result, scratch, context);
    if (read.ok()) left_ -= result->size();
    return read;
  }
  IOStatus Skip(std::uint64_t n) override {
    n = std::min(n, left_);
    left_ -= n;
    return FSSequentialFileOwnerWrapper::Skip(n);
  }
  IOStatus PositionedRead(std::uint64_t offset, std::size_t n, const IOOptions& options,
                          Slice* result, char* scratch, IODebugContext* context) override {
    n = std::min<std::uint64_t>(n, size_ - std::min(offset, size_));
    return FSSequentialFileOwnerWrapper::PositionedRead(offset, n, options, result, scratch,
                                                        context);
  }

 private:
  const std::uint64_t size_;
  std::uint64_t left_;
};

}  // namespace

std::size_t EndOfLogBlock(std::string_view block) {
  constexpr std::size_t kHeader = 4 + 2 + 1;  // checksum, length, type
  constexpr unsigned kLastType = 4;           // others belong to what the catalog does not use
  const auto byte = [block](std::size_t at) { return static_cast<unsigned char>(block[at]); };
  std::size_t at = 0;
  // What is too small for a header ends the block, as zeros.
  while (block.size() - at >= kHeader) {
    const std::size_t length = byte(at + 4) | byte(at + 5) << 8;
    const unsigned type = byte(at + 6);
    // Whatever the checksum: RocksDB does not look at it, either, but goes on to the next block.
    if (type == 0 && length == 0) return at;
    if (type == 0 || type > kLastType || length > block.size() - at - kHeader) break;
    at += kHeader + length;
  }
  return block.size();
}

bool IsCatalogLog(std::string_view name) {
  return name.ends_with(".log");
}

IOStatus FindEndOfLog(rocksdb::FSSequentialFile& file, std::uint64_t* end) {
  std::vector<char> block(kLogBlock);
  for (*end = 0;;) {
    std::size_t got = 0;
    IOStatus read = ReadBlock(file, block, &got);
    if (!read.ok()) return read;
    const std::size_t records = EndOfLogBlock({block.data(), got});
    *end += records;
    if (records < got || got < block.size()) return IOStatus::OK();
  }
}

IOStatus FindEndOfLog(rocksdb::FileSystem& files, const std::string& name, std::uint64_t* end) {
  std::unique_ptr<rocksdb::FSSequentialFile> file;
  IOStatus opened = files.NewSequentialFile(name, {}, &file, nullptr);
  return opened.ok() ? FindEndOfLog(*file, end) : opened;
}

IOStatus OpenLog(rocksdb::FileSystem& files, const std::string& name,
                 const rocksdb::FileOptions& options,
                 std::unique_ptr<rocksdb::FSSequentialFile>* result, IODebugContext* context) {
  std::uint64_t end = 0;
  IOStatus found = FindEndOfLog(files, name, &end);
  if (!found.ok()) return found;
  IOStatus opened = files.NewSequentialFile(name, options, result, context);
  if (opened.ok()) *result = std::make_unique<Beginning>(std::move(*result), end);
  return opened;
}

struct LogFiles::Log {
  std::atomic<std::uint64_t> written{0};   ///< by RocksDB, bytes
  std::atomic<std::uint64_t> prepared{0};  ///< the file is at least as long, bytes
  std::atomic<std::uint64_t> ahead{kLeastAhead};
  std::atomic<bool> asked{false};

  /// More have to be asked for, by whoever is told so.
  bool NeedsZeros() { return written + ahead / 2 > prepared && !asked.exchange(true); }

  std::mutex mutex;                                ///< held while zeros are written
  std::unique_ptr<rocksdb::FSWritableFile> zeros;  ///< appends at the file's end; null: no more
};

/// Called by one thread at a time.
class LogFiles::LogFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  LogFile(std::unique_ptr<rocksdb::FSWritableFile> file, std::shared_ptr<Log> log, LogFiles& files)
      : FSWritableFileOwnerWrapper(std::move(file)),
        log_(std::move(log)),
        files_(files),
        buffer_(kBufferBytes) {}
  ~LogFile() override { EndZeros(); }

  /// Not told to RocksDB, which syncs nothing of what is written with direct I/O.
  bool use_direct_io() const override { return false; }
  std::size_t GetRequiredBufferAlignment() const override { return rocksdb::kDefaultPageSize; }
  std::uint64_t GetFileSize(const IOOptions&, IODebugContext*) override { return log_->written; }
  /// Blocks that were given ahead and not written would have to be made part of the file, too.
  void PrepareWrite(std::size_t, std::size_t, const IOOptions&, IODebugContext*) override {}
  IOStatus Allocate(std::uint64_t, std::uint64_t, const IOOptions&, IODebugContext*) override {
    return IOStatus::OK();
  }

  IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* context) override {
    for (std::string_view left = data.ToStringView(); !left.empty();) {
      const std::size_t take = std::min(left.size(), buffer_.size() - filled_);
      std::memcpy(buffer_.data() + filled_, left.data(), take);
      filled_ += take;
      left.remove_prefix(take);
      IOStatus written = WriteOut(options, context);
      if (!written.ok()) return written;
      log_->written += take;
    }
    if (log_->NeedsZeros()) files_.Ask(log_);
    return IOStatus::OK();
  }
  IOStatus Append(const Slice& data, const IOOptions& options, const rocksdb::DataVerificationInfo&,
                  IODebugContext* context) override {
    return Append(data, options, context);
  }
  IOStatus Close(const IOOptions& options, IODebugContext* context) override {
    EndZeros();
    // Zeros that stay do not matter.
    Truncate(log_->written, options, context).PermitUncheckedError();
    return FSWritableFileOwnerWrapper::Close(options, context);
  }

 private:
  static constexpr std::size_t kBufferBytes = 128 * 1024;

  /// What is in the buffer; its last block stays there while it is not full, and is written again
  /// with what follows.
  IOStatus WriteOut(const IOOptions& options, IODebugContext* context) {
    const std::size_t padded = PaddedLength(filled_);
    std::memset(buffer_.data() + filled_, 0, padded - filled_);
    const Slice blocks(reinterpret_cast<const char*>(buffer_.data()), padded);
    IOStatus written = PositionedAppend(blocks, position_, options, context);
    if (!written.ok()) return written;
    const std::size_t whole = filled_ - filled_ % kBlock;
    if (whole > 0) std::memcpy(buffer_.data(), buffer_.data() + whole, filled_ - whole);
    position_ += whole;
    filled_ -= whole;
    return written;
  }

  /// No more are written afterwards.
  void EndZeros() {
    const std::lock_guard lock(log_->mutex);
    log_->zeros = nullptr;
  }

  const std::shared_ptr<Log> log_;
  LogFiles& files_;
  AlignedBuffer buffer_;
  std::size_t filled_ = 0;      ///< of the buffer
  std::uint64_t position_ = 0;  ///< of the buffer in the file
};

LogFiles::~LogFiles() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    changed_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

std::unique_ptr<rocksdb::FSWritableFile> LogFiles::Make(const std::string& name,
                                                        const rocksdb::FileOptions& options) {
  rocksdb::FileOptions direct = options;
  direct.use_direct_writes = true;
  std::unique_ptr<rocksdb::FSWritableFile> file;
  if (!files_->NewWritableFile(name, direct, &file, nullptr).ok()) return nullptr;
  if (!file->use_direct_io() || kBlock % file->GetRequiredBufferAlignment() != 0) return nullptr;
  // Not later, when it may be gone, and would be made anew.
  auto log = std::make_shared<Log>();
  if (!files_->ReopenWritableFile(name, direct, &log->zeros, nullptr).ok()) log->zeros = nullptr;
  return std::make_unique<LogFile>(std::move(file), std::move(log), *this);
}

void LogFiles::Ask(std::shared_ptr<Log> log) {
  const std::lock_guard lock(mutex_);
  asked_.push_back(std::move(log));
  if (!thread_.joinable()) thread_ = std::thread([this] { Loop(); });
  changed_.notify_one();
}

void LogFiles::Loop() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stop_ || !asked_.empty(); });
    if (stop_) return;
    const std::shared_ptr<Log> log = std::move(asked_.front());
    asked_.pop_front();
    lock.unlock();
    const bool all = WriteAhead(*log);
    // What was appended meanwhile did not ask.
    if (all && log->NeedsZeros()) Ask(log);
    lock.lock();
  }
}

// A log that could not get all of them does not ask again.
bool LogFiles::WriteAhead(Log& log) {
  std::uint64_t end = std::max(log.prepared.load(), log.written.load());
  for (const std::uint64_t wanted = log.written + ahead_; end < wanted; end += kLeastAhead) {
    if (!has_room_() || !AppendZeros(log)) return false;
  }
  log.prepared = end;
  log.ahead = ahead_;
  ahead_ = std::min(2 * ahead_, kMostAhead);
  log.asked = false;
  return true;
}

// At the file's end, wherever that is: nothing that is written can be replaced. The file's length
// is left to the next sync of the log.
bool LogFiles::AppendZeros(Log& log) {
  const std::lock_guard lock(log.mutex);
  return log.zeros && log.zeros->Append({nothing.data(), nothing.size()}, {}, nullptr).ok();
}

}  // namespace blobgate::engine
