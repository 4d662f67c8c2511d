// What the local engine does when the disk fails: through its seams to segments and catalog.
#include <gtest/gtest.h>
#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <functional>
#include <future>
#include <thread>

#include "engine/local/catalog_db.h"
#include "engine/local/disk.h"
#include "engine/local/extent_format.h"
#include "engine/local/logged_extents.h"
#include "engine/local/offline_store.h"
#include "engine_harness.h"

namespace blobgate::engine {
namespace {

namespace fs = std::filesystem;

/// The real disk, but for what a test asks to fail.
class FaultyDisk final : public Disk {
 public:
  int WriteAll(int fd, iovec* parts, int count, std::uint64_t offset) override {
    const int fault = write_error;
    return fault != 0 ? fault : Disk::WriteAll(fd, parts, count, offset);
  }
  int Sync(int fd) override {
    ++syncs;
    if (std::atomic<bool>* const full = fill_log_at_sync) {
      *full = true;
      free_bytes = 0;
    }
    const int fault = sync_error.exchange(0);
    return fault != 0 ? fault : Disk::Sync(fd);
  }
  int PunchHole(int fd, std::uint64_t offset, std::uint64_t length) override {
    const std::uint64_t after = free_after_punch;
    if (after != 0) free_bytes = after;
    return Disk::PunchHole(fd, offset, length);
  }
  std::uint64_t FreeBytes(const std::string& path) override {
    const std::uint64_t free = free_bytes;
    return free != kReal ? free : Disk::FreeBytes(path);
  }

  static constexpr std::uint64_t kReal = UINT64_MAX;
  std::atomic<int> write_error{0};  ///< until it is set back
  std::atomic<int> sync_error{0};   ///< the next one only
  std::atomic<int> syncs{0};
  std::atomic<std::atomic<bool>*> fill_log_at_sync{nullptr};  ///< becomes true with the next one
  std::atomic<std::uint64_t> free_bytes{kReal};
  std::atomic<std::uint64_t> free_after_punch{0};  ///< 0: as before
};

/// What the catalog's log does. Shared by the file system and the files it handed out.
struct LogFaults {
  std::atomic<bool> full{false};           ///< appends end half way with ENOSPC
  std::atomic<int> refused{0};             ///< such appends
  std::atomic<bool> sync_fails{false};     ///< syncs answer EIO
  std::atomic<bool> manifest_full{false};  ///< the manifest's next append answers ENOSPC
  /// Called when the manifest was synced. Set while nothing writes.
  std::function<void()> manifest_synced;
};

class FaultyLog final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  FaultyLog(std::unique_ptr<rocksdb::FSWritableFile> file, LogFaults& faults)
      : FSWritableFileOwnerWrapper(std::move(file)), faults_(faults) {}

  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           rocksdb::IODebugContext* context) override {
    if (!faults_.full) return FSWritableFileOwnerWrapper::Append(data, options, context);
    const rocksdb::Slice half(data.data(), data.size() / 2);
    (void)FSWritableFileOwnerWrapper::Append(half, options, context);
    ++faults_.refused;
    return rocksdb::IOStatus::NoSpace("no room for the log");
  }
  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           const rocksdb::DataVerificationInfo&,
                           rocksdb::IODebugContext* context) override {
    return Append(data, options, context);
  }
  /// With direct I/O: half of the blocks.
  rocksdb::IOStatus PositionedAppend(const rocksdb::Slice& data, std::uint64_t offset,
                                     const rocksdb::IOOptions& options,
                                     rocksdb::IODebugContext* context) override {
    const std::size_t half = data.size() / 2 / kBlock * kBlock;
    const rocksdb::Slice part(data.data(), faults_.full ? half : data.size());
    auto status = FSWritableFileOwnerWrapper::PositionedAppend(part, offset, options, context);
    if (part.size() == data.size()) return status;
    ++faults_.refused;
    return rocksdb::IOStatus::NoSpace("no room for the log");
  }
  rocksdb::IOStatus Sync(const rocksdb::IOOptions& options,
                         rocksdb::IODebugContext* context) override {
    if (faults_.sync_fails) return rocksdb::IOStatus::IOError("sync of the log failed");
    return FSWritableFileOwnerWrapper::Sync(options, context);
  }

 private:
  LogFaults& faults_;
};

class WatchedManifest final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  WatchedManifest(std::unique_ptr<rocksdb::FSWritableFile> file, LogFaults& faults)
      : FSWritableFileOwnerWrapper(std::move(file)), faults_(faults) {}

  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           rocksdb::IODebugContext* context) override {
    if (faults_.manifest_full.exchange(false)) return rocksdb::IOStatus::NoSpace("no room");
    return FSWritableFileOwnerWrapper::Append(data, options, context);
  }
  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           const rocksdb::DataVerificationInfo&,
                           rocksdb::IODebugContext* context) override {
    return Append(data, options, context);
  }
  rocksdb::IOStatus Sync(const rocksdb::IOOptions& options,
                         rocksdb::IODebugContext* context) override {
    auto status = FSWritableFileOwnerWrapper::Sync(options, context);
    if (faults_.manifest_synced) faults_.manifest_synced();
    return status;
  }
  rocksdb::IOStatus Fsync(const rocksdb::IOOptions& options,
                          rocksdb::IODebugContext* context) override {
    return Sync(options, context);
  }

 private:
  LogFaults& faults_;
};

class FaultyFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  explicit FaultyFileSystem(LogFaults& faults)
      : FileSystemWrapper(rocksdb::FileSystem::Default()), faults_(faults) {}
  const char* Name() const override { return "FaultyFileSystem"; }

  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* result,
                                    rocksdb::IODebugContext* context) override {
    auto status = FileSystemWrapper::NewWritableFile(name, options, result, context);
    if (status.ok() && name.ends_with(".log")) {
      *result = std::make_unique<FaultyLog>(std::move(*result), faults_);
    } else if (status.ok() && name.find("MANIFEST-") != std::string::npos) {
      *result = std::make_unique<WatchedManifest>(std::move(*result), faults_);
    }
    return status;
  }

 private:
  LogFaults& faults_;
};

class FaultTest : public testing::Test {
 protected:
  static constexpr std::uint64_t kReserve = 1024 * 1024;

  FaultTest() {
    auto file_system = std::make_shared<FaultyFileSystem>(log_);
    env_ = rocksdb::NewCompositeEnv(std::move(file_system));
    Open();
  }
  ~FaultTest() override { engine_.reset(); }

  void Open() {
    engine_.reset();
    LocalOptions options = SmallOptions(data());
    options.reserve_bytes = kReserve;
    options.logged_wait = logged_wait_;
    options.disk = &disk_;
    options.catalog_env = env_.get();
    engine_ = OpenLocalEngine(options).value();
    partition_ = run_(engine_->catalog().Locate("space", "")).value();
  }
  std::string data() const { return directory_.path() + "/data"; }
  Result<ExtentRef> Write(const std::string& text) {
    return run_(WriteText(engine_->extents(), text, 256 * 1024));
  }
  Status Commit(Batch batch) {
    return run_(engine_->catalog().Commit(partition_, std::move(batch)));
  }
  Status Put(const std::string& key, const std::string& value) {
    Batch batch;
    batch.puts = {{key, value}};
    return Commit(std::move(batch));
  }
  Status PutWith(const std::string& key, const ExtentRef& ref) {
    Batch batch;
    batch.puts = {{key, "x"}};
    batch.acquires = {ref};
    return Commit(std::move(batch));
  }
  bool Has(const std::string& key) {
    return run_(engine_->catalog().Get(partition_, key)).value().has_value();
  }
  Result<std::string> Read(const ExtentRef& ref) {
    return run_(ReadText(engine_->extents(), ref, 0, ref.length));
  }

  std::chrono::milliseconds logged_wait_{1000};
  FaultyDisk disk_;
  LogFaults log_;
  TemporaryDirectory directory_;
  std::unique_ptr<rocksdb::Env> env_;
  Runner run_;
  std::unique_ptr<Engine> engine_;
  PartitionRef partition_;
};

Errc CodeOf(const auto& result) {
  EXPECT_FALSE(result);
  return result ? Errc::kInternal : result.error().code;
}

TEST_F(FaultTest, AFailedSegmentSyncEndsWritingUntilRestart) {
  const std::string text = RandomText(100'000, 1);
  const ExtentRef kept = Write(text).value();
  ASSERT_TRUE(PutWith("kept", kept));

  disk_.sync_error = -EIO;
  EXPECT_EQ(CodeOf(Write(RandomText(100'000, 2))), Errc::kIoError);
  const int syncs = disk_.syncs;
  EXPECT_EQ(CodeOf(Write(RandomText(100'000, 3))), Errc::kReadOnly);
  EXPECT_EQ(CodeOf(Write("refused")), Errc::kReadOnly);
  EXPECT_EQ(CodeOf(Put("refused", "x")), Errc::kReadOnly);
  EXPECT_EQ(disk_.syncs, syncs) << "a failed sync is never tried again";
  EXPECT_EQ(CodeOf(engine_->Health()), Errc::kReadOnly);
  EXPECT_TRUE(engine_->Stats().read_only);
  EXPECT_EQ(Read(kept), text);
  EXPECT_TRUE(Has("kept"));

  Open();
  EXPECT_TRUE(engine_->Health());
  EXPECT_EQ(Read(kept), text);
  EXPECT_TRUE(Has("kept"));
  EXPECT_FALSE(Has("refused"));
  EXPECT_TRUE(PutWith("again", Write("again").value()));
}

TEST_F(FaultTest, AFailedSyncFailsAllThatWaitForIt) {
  const std::string text = RandomText(40'000, 1);  // too long for the log
  std::vector<std::unique_ptr<ExtentWriter>> writers;
  for (int i = 0; i < 16; ++i) {
    writers.push_back(run_(engine_->extents().Create(text.size())).value());
    ASSERT_TRUE(run_(writers.back()->Append(AsBytes(text))));
  }
  disk_.sync_error = -EIO;
  std::vector<std::future<Result<ExtentRef>>> finished;
  for (auto& writer : writers) {
    finished.push_back(
        boost::asio::co_spawn(run_.executor(), writer->Finish(), boost::asio::use_future));
  }
  for (auto& future : finished) {
    const Errc code = CodeOf(future.get());
    EXPECT_TRUE(code == Errc::kIoError || code == Errc::kReadOnly);
  }
}

// Its content would be kept a second time until the next start.
TEST_F(FaultTest, WhatLeavesTheLogOnAFullDiskLeavesItLater) {
  logged_wait_ = std::chrono::milliseconds(20);
  Open();
  disk_.fill_log_at_sync = &log_.full;
  ASSERT_TRUE(PutWith("k", Write("content").value()));
  while (log_.refused == 0) std::this_thread::yield();
  disk_.fill_log_at_sync = nullptr;
  Batch after;  // that needs no space
  after.deletes = {"nothing"};
  EXPECT_EQ(CodeOf(Commit(std::move(after))), Errc::kNoSpace);
  log_.full = false;
  disk_.free_bytes = FaultyDisk::kReal;
  EXPECT_TRUE(Put("other", "x"));
  engine_.reset();
  std::size_t logged = 0;
  const auto store = OfflineStore::Open(data()).value();
  EXPECT_TRUE(ForEachLogged(store->db(), [&logged](const LoggedContent&) {
    ++logged;
    return Status();
  }));
  EXPECT_EQ(logged, 0u);
}

TEST_F(FaultTest, AFullDiskFailsTheExtentAndNothingElse) {
  for (const std::size_t length : {LoggedExtents::kLongest + 1, 600'000ul}) {
    disk_.write_error = -ENOSPC;
    EXPECT_EQ(CodeOf(Write(RandomText(length, 2))), Errc::kNoSpace);
    disk_.write_error = 0;
    EXPECT_TRUE(engine_->Health());
    const std::string text = RandomText(length, 3);
    const ExtentRef ref = Write(text).value();
    EXPECT_TRUE(PutWith("k" + std::to_string(length), ref));
    EXPECT_EQ(Read(ref), text);
  }
}

TEST_F(FaultTest, AWriteErrorIsNotCalledFullAndIsForgotten) {
  disk_.write_error = -EIO;
  EXPECT_EQ(CodeOf(Write(RandomText(600'000, 4))), Errc::kIoError);
  disk_.write_error = 0;
  EXPECT_TRUE(Write("fine"));
}

TEST_F(FaultTest, TheReserveIsKeptForDeletes) {
  const ExtentRef ref = Write(RandomText(100'000, 5)).value();
  ASSERT_TRUE(PutWith("old", ref));
  const ExtentRef fresh = Write("fresh").value();

  disk_.free_bytes = kReserve - 1;
  EXPECT_EQ(CodeOf(run_(engine_->extents().Create(1))), Errc::kNoSpace);
  EXPECT_EQ(CodeOf(PutWith("new", fresh)), Errc::kNoSpace);
  EXPECT_EQ(CodeOf(Put("new", "x")), Errc::kNoSpace);
  EXPECT_EQ(CodeOf(engine_->Health()), Errc::kNoSpace);
  EXPECT_TRUE(Has("old"));
  Batch remove;
  remove.deletes = {"old"};
  remove.releases = {ref};
  EXPECT_TRUE(Commit(std::move(remove)));
  EXPECT_FALSE(Has("old"));

  disk_.free_bytes = FaultyDisk::kReal;
  EXPECT_TRUE(engine_->Health());
  EXPECT_TRUE(PutWith("new", fresh)) << "a refused commit takes nothing away";
}

TEST_F(FaultTest, AWriterWaitsForSpaceThatIsOnItsWay) {
  const ExtentRef old = Write(RandomText(100'000, 11)).value();
  ASSERT_TRUE(PutWith("old", old));
  ReadGuard guard = engine_->extents().BeginRead();
  disk_.free_after_punch = FaultyDisk::kReal;
  disk_.free_bytes = kReserve - 1;
  Batch remove;
  remove.deletes = {"old"};
  remove.releases = {old};
  ASSERT_TRUE(Commit(std::move(remove)));
  auto waiting = boost::asio::co_spawn(run_.executor(), engine_->extents().Create(50'000),
                                       boost::asio::use_future);
  guard.reset();
  EXPECT_TRUE(waiting.get()) << "the hole made room";
  EXPECT_GE(engine_->Stats().holes_punched, 1u);
}

TEST_F(FaultTest, OpenUploadsDoNotStopSmallCommits) {
  disk_.free_bytes = kReserve + 4 * 1024 * 1024;
  auto upload = run_(engine_->extents().Create(3 * 1024 * 1024)).value();
  EXPECT_EQ(CodeOf(run_(engine_->extents().Create(3 * 1024 * 1024))), Errc::kNoSpace)
      << "the room is promised to the first";
  // The upload takes what it was promised.
  const std::string text = RandomText(3 * 1024 * 1024, 6);
  ASSERT_TRUE(run_(upload->Append(AsBytes(text))));
  disk_.free_bytes = kReserve + 1024 * 1024;
  EXPECT_TRUE(engine_->Health());
  const ExtentRef ref = run_(upload->Finish()).value();
  EXPECT_TRUE(PutWith("upload", ref));
  EXPECT_TRUE(run_(engine_->extents().Create(512 * 1024)));
}

TEST_F(FaultTest, AFullLogFailsTheCommitAndWritingResumes) {
  const std::string text = RandomText(50'000, 7);
  const ExtentRef kept = Write(text).value();
  ASSERT_TRUE(PutWith("kept", kept));
  const ExtentRef unlucky = Write("unlucky").value();

  log_.full = true;
  EXPECT_EQ(CodeOf(PutWith("unlucky", unlucky)), Errc::kNoSpace);
  EXPECT_FALSE(Has("unlucky"));
  EXPECT_TRUE(Has("kept"));
  EXPECT_EQ(Read(kept), text);
  EXPECT_EQ(Read(unlucky), "unlucky") << "in doubt, and whoever wrote it may read it";
  EXPECT_FALSE(engine_->Stats().read_only);
  engine_->extents().Discard(unlucky);

  log_.full = false;
  EXPECT_TRUE(Put("later", "x"));
  EXPECT_FALSE(Has("unlucky"));
  for (int restart = 0; restart < 2; ++restart) {
    EXPECT_TRUE(Has("kept"));
    EXPECT_TRUE(Has("later"));
    EXPECT_FALSE(Has("unlucky"));
    EXPECT_EQ(Read(kept), text);
    Open();
  }
}

// Nothing was written since the log was begun, so RocksDB would not begin another one.
TEST_F(FaultTest, AFullLogThatCannotBeReplacedEndsWritingUntilRestart) {
  ASSERT_TRUE(Put("kept", "x"));
  log_.full = true;
  EXPECT_EQ(CodeOf(Put("first", "x")), Errc::kNoSpace);
  EXPECT_EQ(CodeOf(Put("second", "x")), Errc::kNoSpace);
  log_.full = false;
  EXPECT_EQ(CodeOf(Put("third", "x")), Errc::kReadOnly);
  EXPECT_TRUE(Has("kept"));
  Open();
  EXPECT_TRUE(Has("kept"));
  EXPECT_FALSE(Has("first"));
  EXPECT_FALSE(Has("third"));
  EXPECT_TRUE(Put("later", "x"));
}

TEST_F(FaultTest, AFullLogIsReplacedOnlyWhenThereIsRoom) {
  ASSERT_TRUE(Put("kept", "x"));
  log_.full = true;
  disk_.free_bytes = 0;
  for (int tries = 0; tries < 3; ++tries) {
    Batch remove;
    remove.deletes = {"kept"};
    EXPECT_EQ(CodeOf(Commit(std::move(remove))), Errc::kNoSpace);
  }
  log_.full = false;
  disk_.free_bytes = FaultyDisk::kReal;
  EXPECT_TRUE(Put("later", "x"));
  for (int restart = 0; restart < 2; ++restart) {
    EXPECT_TRUE(Has("kept"));
    EXPECT_TRUE(Has("later"));
    Open();
  }
}

// The log may hold the batch or not: either way it is whole, and what it names can be read.
TEST_F(FaultTest, ACrashWithAFullLogLeavesNoDanglingReference) {
  ASSERT_TRUE(Put("kept", "x"));
  const std::string text = RandomText(20'000, 8);
  const ExtentRef doubtful = Write(text).value();
  log_.full = true;
  EXPECT_EQ(CodeOf(PutWith("doubtful", doubtful)), Errc::kNoSpace);
  engine_->extents().Discard(doubtful);
  WaitUntilReclaimed(*engine_);
  Crash(engine_, data());
  log_.full = false;
  Open();
  EXPECT_TRUE(Has("kept"));
  if (Has("doubtful")) EXPECT_EQ(Read(doubtful), text);
  EXPECT_TRUE(Put("later", "x"));
}

// Behind a torn record the log is given up for tables of all families: in one step, or a crash in
// the middle would leave some families ahead of what can be read of the log.
TEST_F(FaultTest, ACrashWhileAFullLogIsReplacedLosesNothing) {
  const std::string text = RandomText(50'000, 11);
  const ExtentRef kept = Write(text).value();
  ASSERT_TRUE(PutWith("kept", kept));
  log_.full = true;
  EXPECT_EQ(CodeOf(Put("torn", RandomText(10'000, 12))), Errc::kNoSpace);
  log_.full = false;

  std::vector<std::string> copies;
  log_.manifest_synced = [&] {
    copies.push_back(directory_.path() + "/crash" + std::to_string(copies.size()));
    fs::copy(data(), copies.back(), fs::copy_options::recursive);
  };
  ASSERT_TRUE(Put("later", "x"));
  log_.manifest_synced = nullptr;
  ASSERT_FALSE(copies.empty());
  engine_.reset();
  for (const std::string& copy : copies) {
    fs::remove_all(data());
    fs::rename(copy, data());
    Open();
    EXPECT_TRUE(Has("kept"));
    EXPECT_EQ(Read(kept), text);
    engine_.reset();
  }
}

// The new log is there, but the manifest does not know it: families that had nothing to write out
// stay with the old log, torn as it is, and later starts must not stop reading there.
TEST_F(FaultTest, AFullManifestWhileAFullLogIsReplacedKeepsNoTornLog) {
  ASSERT_TRUE(Put("kept", "x"));
  Open();  // so that the manifest is told of a log that went, before anything else
  disk_.free_bytes = kReserve / 2;
  log_.full = true;
  Batch remove;
  remove.deletes = {"kept"};
  EXPECT_EQ(CodeOf(Commit(std::move(remove))), Errc::kNoSpace);
  log_.full = false;

  disk_.free_bytes = FaultyDisk::kReal;
  log_.manifest_full = true;
  EXPECT_EQ(CodeOf(Put("early", "x")), Errc::kNoSpace);
  EXPECT_FALSE(log_.manifest_full);
  ASSERT_TRUE(Put("later", "x"));
  Crash(engine_, data());
  Open();
  EXPECT_TRUE(Has("kept"));
  EXPECT_TRUE(Has("later"));
}

TEST_F(FaultTest, AFailedLogSyncEndsWritingUntilRestart) {
  ASSERT_TRUE(Put("kept", "x"));
  const ExtentRef unlucky = Write("unlucky").value();
  log_.sync_fails = true;
  EXPECT_EQ(CodeOf(PutWith("unknown", unlucky)), Errc::kIoError);
  EXPECT_EQ(Read(unlucky), "unlucky") << "in doubt, and whoever wrote it may read it";
  log_.sync_fails = false;
  EXPECT_EQ(CodeOf(Put("refused", "x")), Errc::kReadOnly);
  EXPECT_EQ(CodeOf(run_(engine_->extents().Create(1))), Errc::kReadOnly);
  EXPECT_FALSE(Has("unknown")) << "not visible while it may not be durable";
  EXPECT_TRUE(Has("kept"));
  Open();
  EXPECT_TRUE(Has("kept"));
  EXPECT_FALSE(Has("refused"));
  EXPECT_TRUE(Put("again", "x"));
}

TEST_F(FaultTest, AVanishedSegmentIsCorruptionNotAbsence) {
  const ExtentRef ref = Write(RandomText(100'000, 9)).value();
  ASSERT_TRUE(PutWith("k", ref));
  Open();  // no descriptor is kept from writing
  for (const auto& entry : fs::directory_iterator(data() + "/segments")) fs::remove(entry.path());
  EXPECT_EQ(CodeOf(Read(ref)), Errc::kCorruption);
  EXPECT_GE(engine_->Stats().corruption_errors, 1u);
}

TEST_F(FaultTest, ATruncatedSegmentIsCorruption) {
  const ExtentRef ref = Write(RandomText(100'000, 10)).value();
  ASSERT_TRUE(PutWith("k", ref));
  for (const auto& entry : fs::directory_iterator(data() + "/segments")) {
    fs::resize_file(entry.path(), 4096);
  }
  EXPECT_EQ(CodeOf(Read(ref)), Errc::kCorruption);
}

}  // namespace
}  // namespace blobgate::engine
