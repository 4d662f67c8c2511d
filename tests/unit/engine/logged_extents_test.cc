// Short extents, whose content is durable by the catalog's log before it is in its segment.
#include "engine/local/logged_extents.h"

#include <gtest/gtest.h>
#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <map>
#include <set>
#include <thread>

#include "engine/local/ballast.h"
#include "engine/local/catalog_db.h"
#include "engine/local/disk.h"
#include "engine/local/integrity_check.h"
#include "engine/local/offline_store.h"
#include "engine_harness.h"

namespace blobgate::engine {
namespace {

namespace fs = std::filesystem;

class WatchedDisk final : public Disk {
 public:
  int Sync(int fd) override {
    if (fail_syncs) return -EIO;
    ++syncs;
    return Disk::Sync(fd);
  }
  int WriteAll(int fd, iovec* parts, int count, std::uint64_t offset) override {
    if (parts[0].iov_len < kBlock) return Disk::WriteAll(fd, parts, count, offset);  // no segment
    if (const int error = write_error; error != 0 && IsRefused(fd)) return error;
    if (!ballast.empty() && SizeOf(ballast) == ballast_bytes) {
      ++refused;
      return -ENOSPC;
    }
    ++writes;
    return Disk::WriteAll(fd, parts, count, offset);
  }
  /// Of any file, or of the one that is named.
  bool IsRefused(int fd) const {
    return refused_file.empty() ||
           fs::read_symlink("/proc/self/fd/" + std::to_string(fd)) == refused_file;
  }
  std::string refused_file;  ///< set while write_error is 0
  std::atomic<bool> fail_syncs{false};
  std::atomic<int> write_error{0};
  std::atomic<int> writes{0};
  std::atomic<int> refused{0};
  std::atomic<int> syncs{0};
  std::string ballast;  ///< not empty: there is no room before it is cut
  std::uint64_t ballast_bytes = 0;
};

class LoggedExtentsTest : public testing::Test {
 protected:
  LoggedExtentsTest() { Open(data()); }
  ~LoggedExtentsTest() override { engine_.reset(); }

  std::string data() const { return directory_.path() + "/data"; }
  std::string image() const { return directory_.path() + "/image"; }

  void Open(const std::string& path, std::chrono::milliseconds wait = std::chrono::hours(1)) {
    engine_.reset();
    LocalOptions options = SmallOptions(path);
    options.logged_wait = wait;
    options.disk = &disk_;
    engine_ = OpenLocalEngine(options).value();
    partition_ = run_(engine_->catalog().Locate("space", "")).value();
  }
  Result<ExtentRef> Write(const std::string& text) {
    return run_(WriteText(engine_->extents(), text, 256 * 1024));
  }
  Status Commit(Batch batch) {
    return run_(engine_->catalog().Commit(partition_, std::move(batch)));
  }
  /// A row with `text` as an extent; expected from now on.
  void Put(const std::string& key, const std::string& text) {
    const ExtentRef ref = Write(text).value();
    Batch batch;
    batch.puts = {{key, "x"}};
    batch.acquires = {ref};
    ASSERT_TRUE(Commit(std::move(batch)));
    expected_[key] = {ref, text};
  }
  void Drop(const std::string& key) {
    Batch batch;
    batch.deletes = {key};
    batch.releases = {expected_.at(key).ref};
    ASSERT_TRUE(Commit(std::move(batch)));
    expected_.erase(key);
  }
  void ExpectAll() {
    for (const auto& [key, extent] : expected_) {
      EXPECT_EQ(run_(ReadText(engine_->extents(), extent.ref, 0, extent.ref.length)), extent.text)
          << key;
    }
  }
  /// All that landed is in its segment, and the rows are gone.
  void Settle() {
    const std::string target = directory_.path() + "/snapshot";
    ASSERT_TRUE(TakeSnapshot(*engine_, target, {}));
    fs::remove_all(target);
  }
  /// The disk as a power cut may leave it: what was synced, and of the segments nothing since then.
  void MakeImage() {
    fs::remove_all(image());
    fs::create_directory(image());
    for (const char* part : {"FORMAT", "ACKNOWLEDGED", "catalog", "segments"}) {
      fs::copy(fs::path(data()) / part, fs::path(image()) / part, fs::copy_options::recursive);
    }
    for (const auto& file : fs::directory_iterator(image() + "/segments")) {
      fs::resize_file(file.path(), 0);
    }
  }
  std::size_t LoggedRows(const std::string& path) {
    const auto store = OfflineStore::Open(path).value();
    std::size_t rows = 0;
    EXPECT_TRUE(ForEachLogged(store->db(), [&rows](const LoggedContent&) {
      ++rows;
      return Status();
    }));
    return rows;
  }
  std::vector<std::string> FsckFindings(const std::string& path) {
    const auto store = OfflineStore::Open(path).value();
    IntegrityCheck check(*store, {.data = true, .bytes_per_second = 0});
    FoundReferences found;
    for (const auto& [key, extent] : expected_) found.references.push_back(extent.ref);
    EXPECT_TRUE(check.Run(std::move(found)));
    std::vector<std::string> texts;
    for (const Finding& finding : check.findings()) {
      if (finding.severity != Finding::Severity::kNote) texts.push_back(finding.what);
    }
    return texts;
  }

  struct Extent {
    ExtentRef ref;
    std::string text;
  };
  WatchedDisk disk_;
  TemporaryDirectory directory_;
  Runner run_;
  std::unique_ptr<Engine> engine_;
  PartitionRef partition_;
  std::map<std::string, Extent> expected_;
};

TEST_F(LoggedExtentsTest, WhatWasCommittedNeedsNoSegment) {
  for (const std::size_t size : {1ul, 4095ul, 4096ul, 4097ul, LoggedExtents::kLongest}) {
    Put("k" + std::to_string(size), RandomText(size, static_cast<unsigned>(size)));
  }
  MakeImage();
  EXPECT_EQ(LoggedRows(image()), expected_.size());
  EXPECT_EQ(FsckFindings(image()), std::vector<std::string>());
  const auto store = OfflineStore::Open(image()).value();
  EXPECT_EQ(store->ReadExtent(expected_.at("k4097").ref), expected_.at("k4097").text);
}

// Large pieces of longer extents go to the disk as they come.
TEST_F(LoggedExtentsTest, WhateverPiecesItCameIn) {
  const std::string text = RandomText(LoggedExtents::kLongest, 1);
  AlignedBuffer aligned(text.size());
  std::memcpy(aligned.data(), text.data(), text.size());
  for (const std::size_t piece : {1000ul, 4096ul, 8192ul, 16384ul, 20480ul, 32768ul}) {
    auto writer = run_(engine_->extents().Create(text.size())).value();
    for (std::size_t at = 0; at < text.size(); at += piece) {
      const std::size_t size = std::min(piece, text.size() - at);
      ASSERT_TRUE(run_(writer->Append(aligned.span().subspan(at, size))));
    }
    const ExtentRef ref = run_(writer->Finish()).value();
    const std::string key = "pieces of " + std::to_string(piece);
    Batch batch;
    batch.puts = {{key, "x"}};
    batch.acquires = {ref};
    ASSERT_TRUE(Commit(std::move(batch)));
    expected_[key] = {ref, text};
  }
  MakeImage();
  Open(image());
  ExpectAll();
}

TEST_F(LoggedExtentsTest, AStartWritesThemToTheirSegments) {
  for (unsigned i = 0; i < 50; ++i) Put("k" + std::to_string(i), RandomText(600 * i + 1, i));
  Drop("k7");
  Drop("k49");
  MakeImage();
  Open(image());
  ExpectAll();
  engine_.reset();
  EXPECT_EQ(LoggedRows(image()), 0u);
  EXPECT_EQ(FsckFindings(image()), std::vector<std::string>());
  Open(image());
  ExpectAll();
  while (!expected_.empty()) Drop(expected_.begin()->first);
  WaitUntilReclaimed(*engine_);
  EXPECT_EQ(engine_->Stats().live_bytes, 0u);
}

TEST_F(LoggedExtentsTest, LongerOnesAreInTheirSegmentBeforeTheyAreCommitted) {
  const int before = disk_.syncs;
  Put("long", RandomText(LoggedExtents::kLongest + 1, 1));
  EXPECT_GT(disk_.syncs, before);
  MakeImage();
  EXPECT_EQ(LoggedRows(image()), 0u);
  EXPECT_NE(FsckFindings(image()), std::vector<std::string>()) << "the image lacks the segment";
}

TEST_F(LoggedExtentsTest, OnceTheSegmentIsSyncedTheRowsGo) {
  for (unsigned i = 0; i < 20; ++i) Put("k" + std::to_string(i), RandomText(3000, i));
  const int before = disk_.syncs;
  Settle();
  EXPECT_GT(disk_.syncs, before);
  MakeImage();
  EXPECT_EQ(LoggedRows(image()), 0u);
  Open(data());
  ExpectAll();
}

TEST_F(LoggedExtentsTest, TheyAreSyncedWithoutBeingAsked) {
  Open(data(), std::chrono::milliseconds(10));
  Put("k", "content");
  const int before = disk_.syncs;
  for (int i = 0; i < 600 && disk_.syncs == before; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  EXPECT_GT(disk_.syncs, before);
}

// The client was told that it is stored, and it is: in the log, from where the next start has it.
// The page cache may call clean what never reached the disk, so the start writes it once more.
TEST_F(LoggedExtentsTest, AFailedSyncLaterLosesNothing) {
  Open(data(), std::chrono::milliseconds(10));
  disk_.fail_syncs = true;
  Put("k", "content");
  for (int i = 0; i < 600 && !engine_->Stats().read_only; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  EXPECT_TRUE(engine_->Stats().read_only);
  EXPECT_FALSE(Write("refused"));
  std::this_thread::sleep_for(std::chrono::milliseconds(100));  // for the round that failed to end
  const int writes = disk_.writes;
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  EXPECT_EQ(disk_.writes, writes) << "it cannot be synced, so it is not tried again";
  ExpectAll();
  disk_.fail_syncs = false;
  engine_.reset();
  EXPECT_EQ(LoggedRows(data()), 1u);
  for (const auto& file : fs::directory_iterator(data() + "/segments")) {
    fs::resize_file(file.path(), 0);
  }
  Open(data());
  ExpectAll();
}

TEST_F(LoggedExtentsTest, WhatWasNeverAcquiredIsNotLogged) {
  const ExtentRef discarded = Write("discarded").value();
  engine_->extents().Discard(discarded);
  Batch batch;
  batch.puts = {{"k", "x"}};
  batch.acquires = {discarded};
  const Status refused = Commit(std::move(batch));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::kExtentGone);
  MakeImage();
  EXPECT_EQ(LoggedRows(image()), 0u);
}

// A batch that meets a conflict is tried again with the same extent.
TEST_F(LoggedExtentsTest, AConflictKeepsTheContent) {
  const ExtentRef ref = Write("content").value();
  Batch batch;
  batch.preconditions = {Precondition::Present("missing")};
  batch.puts = {{"k", "x"}};
  batch.acquires = {ref};
  EXPECT_FALSE(Commit(batch));
  batch.preconditions.clear();
  ASSERT_TRUE(Commit(batch));
  expected_["k"] = {ref, "content"};
  MakeImage();
  Open(image());
  ExpectAll();
}

std::uint64_t BlocksOf(const std::string& directory) {
  std::uint64_t blocks = 0;
  for (const auto& file : fs::directory_iterator(directory)) {
    struct stat info{};
    EXPECT_EQ(::stat(file.path().c_str(), &info), 0);
    blocks += static_cast<std::uint64_t>(info.st_blocks);
  }
  return blocks;
}

TEST_F(LoggedExtentsTest, ReadBeforeTheyAreWritten) {
  for (unsigned i = 0; i < 20; ++i) Put("k" + std::to_string(i), RandomText(3000 + i, i));
  EXPECT_EQ(disk_.writes, 0);
  ExpectAll();
  const Extent& one = expected_.at("k7");
  EXPECT_EQ(run_(ReadText(engine_->extents(), one.ref, 1000, 500)), one.text.substr(1000, 500));
  Settle();
  EXPECT_EQ(disk_.writes, 1) << "they lie one behind the other";
  ExpectAll();
  engine_.reset();
  EXPECT_EQ(FsckFindings(data()), std::vector<std::string>());
}

TEST_F(LoggedExtentsTest, WhatIsReleasedBeforeItIsWrittenNeverIs) {
  Put("kept", RandomText(5000, 1));
  for (unsigned i = 0; i < 20; ++i) Put("k" + std::to_string(i), RandomText(30000, i));
  for (unsigned i = 0; i < 20; ++i) Drop("k" + std::to_string(i));
  WaitUntilReclaimed(*engine_);
  Settle();
  EXPECT_LE(BlocksOf(data() + "/segments"), 8192u * 2 / 512);
  ExpectAll();
  engine_.reset();
  EXPECT_EQ(LoggedRows(data()), 0u);
}

TEST_F(LoggedExtentsTest, ADiskThatTakesNothingIsTriedAgain) {
  Open(data(), std::chrono::milliseconds(10));
  for (const int error : {-ENOSPC, -EIO}) {
    disk_.write_error = error;
    const std::string key = "k" + std::to_string(error);
    Put(key, RandomText(3000, 7));
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    EXPECT_FALSE(engine_->Stats().read_only);
    ExpectAll();
    const int before = disk_.writes;
    disk_.write_error = 0;
    for (int i = 0; i < 600 && disk_.writes == before; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    EXPECT_GT(disk_.writes, before);
  }
  engine_.reset();
  EXPECT_EQ(LoggedRows(data()), 0u);
  EXPECT_EQ(FsckFindings(data()), std::vector<std::string>());
}

// A sealed segment may be shared with a snapshot, and is not written any more.
TEST_F(LoggedExtentsTest, SealedSegmentsHaveThem) {
  const std::uint64_t segment = [this] {
    Put("first", RandomText(LoggedExtents::kLongest, 1));
    return expected_.at("first").ref.space;
  }();
  for (unsigned i = 0; i < 10'000 && expected_.rbegin()->second.ref.space == segment; ++i) {
    Put(fmt::format("k{:05}", i), RandomText(LoggedExtents::kLongest, i));
  }
  WaitUntilReclaimed(*engine_);
  EXPECT_GT(disk_.writes, 0);
  ExpectAll();
  MakeImage();
  const auto store = OfflineStore::Open(image()).value();
  EXPECT_TRUE(ForEachLogged(store->db(), [segment](const LoggedContent& extent) {
    EXPECT_NE(extent.place.segment, segment);
    return Status();
  }));
}

TEST_F(LoggedExtentsTest, BeyondWhatMayBeHeldTheyAreWrittenAtOnce) {
  std::vector<ExtentRef> held;
  for (std::uint64_t bytes = 0; bytes < LoggedExtents::kMostHeld;
       bytes += LoggedExtents::kLongest) {
    held.push_back(Write(RandomText(LoggedExtents::kLongest, 1)).value());
  }
  EXPECT_EQ(disk_.writes, 0);
  Put("written", RandomText(3000, 2));
  EXPECT_EQ(disk_.writes, 1);
  for (const ExtentRef& ref : held) engine_->extents().Discard(ref);
  Put("logged", RandomText(3000, 3));
  EXPECT_EQ(disk_.writes, 1);
  ExpectAll();
}

TEST_F(LoggedExtentsTest, AStartOnAFullDiskTakesTheBallast) {
  for (unsigned i = 0; i < 20; ++i) Put("k" + std::to_string(i), RandomText(3000, i));
  MakeImage();
  engine_.reset();
  disk_.ballast_bytes = 4 << 20;
  disk_.ballast = image() + "/BALLAST";
  {
    const Ballast set_aside(disk_.ballast, disk_.ballast_bytes);
  }
  ASSERT_EQ(::truncate(disk_.ballast.c_str(), static_cast<off_t>(disk_.ballast_bytes)), 0);
  LocalOptions options = SmallOptions(image());
  options.disk = &disk_;
  options.ballast_bytes = disk_.ballast_bytes;
  engine_ = OpenLocalEngine(options).value();
  EXPECT_EQ(disk_.refused, 1);
  ExpectAll();
}

// A store that does not open has lost nothing: what only the log had is still there.
TEST_F(LoggedExtentsTest, AMissingSegmentThatComesBack) {
  for (unsigned i = 0; i < 20; ++i) Put("k" + std::to_string(i), RandomText(3000, i));
  MakeImage();
  engine_.reset();
  fs::rename(image() + "/segments", image() + "/hidden");
  fs::create_directory(image() + "/segments");
  for (int i = 0; i < 2; ++i) {
    const auto refused = OpenLocalEngine(SmallOptions(image()));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::kCorruption);
  }
  fs::remove_all(image() + "/segments");
  fs::rename(image() + "/hidden", image() + "/segments");
  Open(image());
  ExpectAll();
}

// As `cp -al` of a store that was killed leaves it.
TEST_F(LoggedExtentsTest, ActiveSegmentsWithASecondName) {
  for (unsigned i = 0; i < 20; ++i) Put("k" + std::to_string(i), RandomText(3000, i));
  MakeImage();
  fs::create_directory(image() + "/copy");
  for (const auto& file : fs::directory_iterator(image() + "/segments")) {
    fs::create_hard_link(file.path(), fs::path(image()) / "copy" / file.path().filename());
  }
  Open(image());
  ExpectAll();
}

TEST_F(LoggedExtentsTest, ASegmentThatTakesNothingKeepsNobodyElseBack) {
  Open(data(), std::chrono::milliseconds(200));
  Put("bad", RandomText(3000, 1));
  const std::uint64_t bad = expected_.at("bad").ref.space;
  disk_.refused_file = fs::canonical(SegmentPaths(disk_, data() + "/segments").PathOf(bad));
  disk_.write_error = -EIO;
  Put("gone", RandomText(3000, 2));
  for (unsigned i = 0; i < 10'000 && expected_.rbegin()->second.ref.space == bad; ++i) {
    Put(fmt::format("k{:05}", i), RandomText(LoggedExtents::kLongest, i));
  }
  Put("last", RandomText(3000, 3));
  ASSERT_NE(expected_.at("last").ref.space, bad);
  Drop("gone");
  WaitUntilReclaimed(*engine_);
  std::this_thread::sleep_for(std::chrono::seconds(1));
  ExpectAll();
  EXPECT_FALSE(engine_->Stats().read_only);
  MakeImage();
  const auto store = OfflineStore::Open(image()).value();
  std::set<std::uint64_t> segments;
  EXPECT_TRUE(ForEachLogged(store->db(), [&segments](const LoggedContent& extent) {
    segments.insert(extent.place.segment);
    return Status();
  }));
  EXPECT_EQ(segments, std::set<std::uint64_t>{bad});
  disk_.write_error = 0;
  engine_.reset();
  EXPECT_EQ(LoggedRows(data()), 0u);
  EXPECT_EQ(FsckFindings(data()), std::vector<std::string>());
}

TEST_F(LoggedExtentsTest, ASnapshotHasThem) {
  for (unsigned i = 0; i < 20; ++i) Put("k" + std::to_string(i), RandomText(3000, i));
  const std::string target = directory_.path() + "/kept";
  ASSERT_TRUE(TakeSnapshot(*engine_, target, {}));
  Open(target);
  ExpectAll();
}

}  // namespace
}  // namespace blobgate::engine
