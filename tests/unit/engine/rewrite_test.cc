// Rewriting of sparse segments: extents move, and nobody notices.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <iterator>
#include <map>
#include <mutex>
#include <random>
#include <thread>

#include "engine/local/catalog_db.h"
#include "engine/local/catalog_rows.h"
#include "engine/local/disk.h"
#include "engine/local/extent_format.h"
#include "engine/local/integrity_check.h"
#include "engine/local/offline_store.h"
#include "engine_harness.h"

namespace blobgate::engine {
namespace {

namespace fs = std::filesystem;

/// Tells before and after each call that changes a segment.
class WatchedDisk final : public Disk {
 public:
  int WriteAll(int fd, iovec* parts, int count, std::uint64_t offset) override {
    return Watched([&] { return Disk::WriteAll(fd, parts, count, offset); });
  }
  int Sync(int fd) override {
    return Watched([&] { return Disk::Sync(fd); });
  }
  int PunchHole(int fd, std::uint64_t offset, std::uint64_t length) override {
    return Watched([&] { return Disk::PunchHole(fd, offset, length); });
  }
  int Truncate(int fd, std::uint64_t size) override {
    return Watched([&] { return Disk::Truncate(fd, size); });
  }
  int Remove(const std::string& path) override {
    return Watched([&] { return Disk::Remove(path); });
  }
  std::uint64_t FreeBytes(const std::string& path) override {
    return full ? 0 : Disk::FreeBytes(path);
  }

  ssize_t Read(int fd, void* into, std::size_t size, std::uint64_t offset, int flags) override {
    if (before_read) before_read();
    return Disk::Read(fd, into, size, offset, flags);
  }
  /// Set while nothing is read.
  std::function<void()> before_read;

  void Watch(std::function<void()> watcher) {
    const std::lock_guard lock(mutex_);
    watcher_ = std::move(watcher);
  }
  std::atomic<bool> full{false};

 private:
  template <class Call>
  int Watched(Call call) {
    const std::lock_guard lock(mutex_);
    if (watcher_) watcher_();
    const int result = call();
    if (watcher_) watcher_();
    return result;
  }

  std::mutex mutex_;
  std::function<void()> watcher_;
};

class RewriteTest : public testing::Test {
 protected:
  RewriteTest() { Open(data()); }
  ~RewriteTest() override { engine_.reset(); }

  void Open(const std::string& directory) {
    engine_.reset();
    LocalOptions options = SmallOptions(directory);
    options.segment_bytes = 1024 * 1024;
    options.large_writers = 1;
    options.rewrite_live_percent = percent_;
    options.rewrite_bytes_per_second = rate_;
    options.disk = &disk_;
    engine_ = OpenLocalEngine(options).value();
    partition_ = run_(engine_->catalog().Locate("space", "")).value();
  }
  std::string data() const { return directory_.path() + "/data"; }

  Status Commit(Batch batch) {
    return run_(engine_->catalog().Commit(partition_, std::move(batch)));
  }
  /// Puts `key` with the reference to a new extent that holds RandomText(size, seed).
  void Store(const std::string& key, std::size_t size, unsigned seed) {
    const std::string text = RandomText(size, seed);
    const ExtentRef ref = run_(WriteText(engine_->extents(), text, 100'000)).value();
    Batch batch;
    std::string value;
    ref.EncodeTo(value);
    batch.puts = {{key, value}};
    batch.acquires = {ref};
    ASSERT_TRUE(Commit(std::move(batch)));
    expected_[key] = text;
  }
  ExtentRef RefOf(const std::string& key) {
    auto row = run_(engine_->catalog().Get(partition_, key)).value();
    return ExtentRef::Decode(AsBytes(row.value().value));
  }
  void Drop(const std::string& key) {
    Batch batch;
    batch.deletes = {key};
    batch.releases = {RefOf(key)};
    ASSERT_TRUE(Commit(std::move(batch)));
    expected_.erase(key);
  }
  Result<std::string> Load(const ExtentRef& ref) {
    return run_(ReadText(engine_->extents(), ref, 0, ref.length));
  }
  void ExpectAll() {
    for (const auto& [key, text] : expected_) EXPECT_EQ(Load(RefOf(key)), text) << key;
  }
  void DropAll() {
    while (!expected_.empty()) Drop(expected_.begin()->first);
    WaitUntilReclaimed(*engine_);
    EXPECT_EQ(engine_->Stats().live_bytes, 0u);
    EXPECT_LT(Allocated(), 64u * 1024);
  }

  /// Extents of all kinds in several segments, one in `keep` of which stays.
  void FillSparsely(unsigned keep, unsigned count = 120) {
    for (unsigned i = 0; i < count; ++i) {
      static constexpr std::size_t kSizes[] = {1, 4096, 9'000, 32'768, 32'769, 70'000, 300'000};
      Store("k" + std::to_string(i), kSizes[i % std::size(kSizes)], i);
    }
    for (unsigned i = 0; i < count; ++i) {
      if (i % keep != 0) Drop("k" + std::to_string(i));
    }
    WaitUntilReclaimed(*engine_);
  }
  void Rewrite() {
    RewriteSparseSegments(*engine_);
    WaitUntilReclaimed(*engine_);
  }
  std::uint64_t Allocated() const {
    std::uint64_t blocks = 0;
    for (const auto& entry : fs::directory_iterator(data_now_ + "/segments")) {
      struct stat info{};
      if (stat(entry.path().c_str(), &info) == 0) {
        blocks += static_cast<std::uint64_t>(info.st_blocks);
      }
    }
    return blocks * 512;
  }
  bool HasFile(std::uint64_t segment) const {
    char name[32];
    std::snprintf(name, sizeof(name), "/segments/%016lx.seg", static_cast<unsigned long>(segment));
    return fs::exists(data() + name);
  }
  std::string Format() const {
    std::ifstream in(data() + "/FORMAT");
    return {std::istreambuf_iterator<char>(in), {}};
  }

  /// As fsck does, every byte. REQUIRES: closed.
  static void CheckIntegrity(const std::string& directory) {
    auto store = OfflineStore::Open(directory).value();
    FoundReferences found;
    EXPECT_TRUE(store->ForEachNameSpace([&](std::string_view, std::uint64_t id) {
      return store->ForEachRow(id, [&](std::string_view, std::string_view value) -> Status {
        found.references.push_back(ExtentRef::Decode(AsBytes(value)));
        return {};
      });
    }));
    IntegrityCheck check(*store, {.data = true, .bytes_per_second = 0});
    EXPECT_TRUE(check.Run(std::move(found)));
    for (const Finding& finding : check.findings()) ADD_FAILURE() << finding.what;
  }

  unsigned percent_ = 50;
  std::uint64_t rate_ = 0;
  WatchedDisk disk_;
  TemporaryDirectory directory_;
  std::string data_now_ = directory_.path() + "/data";
  Runner run_;
  std::unique_ptr<Engine> engine_;
  PartitionRef partition_;
  std::map<std::string, std::string> expected_;
};

TEST_F(RewriteTest, ASparseSegmentIsEmptiedAndItsFileGoes) {
  FillSparsely(12);
  const std::uint64_t before = engine_->Stats().segments;
  const std::uint64_t born = RefOf("k0").space;
  ASSERT_TRUE(HasFile(born));
  const std::uint64_t live = engine_->Stats().live_bytes;
  Rewrite();
  EXPECT_FALSE(HasFile(born));
  const EngineStats stats = engine_->Stats();
  EXPECT_LT(stats.segments, before);
  EXPECT_GT(stats.rewritten_segments, 0u);
  EXPECT_GT(stats.rewritten_bytes, 0u);
  EXPECT_GE(stats.reclaimed_bytes, stats.rewritten_bytes);
  EXPECT_EQ(stats.live_bytes, live) << "what is live does not change by moving";
  ExpectAll();
  Open(data());
  EXPECT_EQ(engine_->Stats().live_bytes, live);
  ExpectAll();
  DropAll();
}

TEST_F(RewriteTest, WhatMovedMovesAgain) {
  FillSparsely(4);
  for (unsigned round = 0; round < 3; ++round) {
    const std::uint64_t moved = engine_->Stats().rewritten_bytes;
    Rewrite();
    EXPECT_GT(engine_->Stats().rewritten_bytes, moved);
    ExpectAll();
    // Half of what is left goes, and the segments it was moved to are sealed.
    bool odd = false;
    for (const auto& [key, text] : std::map(expected_)) {
      if (odd) Drop(key);
      odd = !odd;
    }
    Open(data());
    ExpectAll();
    percent_ = 90;
    Open(data());
  }
  DropAll();
}

TEST_F(RewriteTest, AReaderFinishesWhereItBegan) {
  FillSparsely(12);
  const ReadGuard guard = engine_->extents().BeginRead();
  std::map<std::string, ExtentRef> refs;
  for (const auto& [key, text] : expected_) refs[key] = RefOf(key);
  Rewrite();
  for (const auto& [key, ref] : refs) EXPECT_EQ(Load(ref), expected_[key]) << key;
}

TEST_F(RewriteTest, AMovedExtentIsReadUnderAGuardAfterItsRelease) {
  FillSparsely(12);
  Rewrite();
  Open(data());  // no chunk is cached
  ReadGuard guard = engine_->extents().BeginRead();
  std::map<std::string, ExtentRef> refs;
  const auto texts = expected_;
  for (const auto& [key, text] : texts) refs[key] = RefOf(key);
  for (const auto& [key, text] : texts) Drop(key);
  WaitUntilReclaimed(*engine_);
  for (const auto& [key, ref] : refs) EXPECT_EQ(Load(ref), texts.at(key)) << key;
  guard.reset();
  DropAll();
}

TEST_F(RewriteTest, APinHoldsEveryPlaceOfItsExtent) {
  FillSparsely(12);
  const ExtentRef ref = RefOf("k48");
  const std::string text = expected_["k48"];
  ReadGuard pin = engine_->extents().Narrow(engine_->extents().BeginRead(), {ref});
  EXPECT_EQ(run_(ReadText(engine_->extents(), ref, 0, 100)), text.substr(0, 100));
  Rewrite();
  EXPECT_TRUE(HasFile(ref.space)) << "the old place of the pinned extent";
  Drop("k48");
  WaitUntilReclaimed(*engine_);
  EXPECT_EQ(Load(ref), text);
  pin.reset();
  WaitUntilReclaimed(*engine_);
  EXPECT_FALSE(HasFile(ref.space));
  ExpectAll();
  DropAll();
}

TEST_F(RewriteTest, ReferencesAreCountedAcrossAMove) {
  FillSparsely(12);
  const ExtentRef ref = RefOf("k0");
  Batch more;
  std::string value;
  ref.EncodeTo(value);
  more.puts = {{"second", value}};
  more.acquires = {ref};
  ASSERT_TRUE(Commit(more));
  expected_["second"] = expected_["k0"];
  Rewrite();
  more.puts = {{"third", value}};
  ASSERT_TRUE(Commit(more)) << "a moved extent is acquired by the same name";
  expected_["third"] = expected_["k0"];
  Drop("k0");
  Rewrite();
  ExpectAll();
  Drop("second");
  Drop("third");
  WaitUntilReclaimed(*engine_);
  EXPECT_EQ(Commit(more).error().code, Errc::kExtentGone);
  DropAll();
}

TEST_F(RewriteTest, NothingMovesWhileTheDiskIsNearlyFull) {
  FillSparsely(12);
  disk_.full = true;
  Rewrite();
  EXPECT_EQ(engine_->Stats().rewritten_bytes, 0u);
  disk_.full = false;
  Rewrite();
  EXPECT_GT(engine_->Stats().rewritten_bytes, 0u);
}

// Uploads need the room more than it does: it stops in the middle, and leaves nothing behind.
TEST_F(RewriteTest, ItStepsBackWhenTheDiskFillsUp) {
  FillSparsely(12);
  WaitUntilReclaimed(*engine_);
  const std::uint64_t before = Allocated();
  disk_.Watch([&] { disk_.full = true; });  // with the first byte that is copied
  Rewrite();
  disk_.Watch({});
  EXPECT_EQ(engine_->Stats().rewritten_bytes, 0u);
  EXPECT_LE(Allocated(), before);
  disk_.full = false;
  ExpectAll();
  Rewrite();
  EXPECT_GT(engine_->Stats().rewritten_segments, 0u);
  ExpectAll();
}

// A long copy must not keep the space of everything else from coming back.
TEST_F(RewriteTest, OnlyWhatIsCopiedIsHeldBack) {
  FillSparsely(12);
  Store("other", 400'000, 500);
  std::atomic<bool> once{false};
  std::uint64_t garbage = 1;
  disk_.before_read = [&] {
    if (once.exchange(true)) return;
    Drop("other");
    for (int i = 0; i < 500 && garbage != 0; ++i) {
      garbage = engine_->Stats().garbage_bytes;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  };
  Rewrite();
  disk_.before_read = nullptr;
  EXPECT_EQ(garbage, 0u);
  ExpectAll();
}

TEST_F(RewriteTest, ALiveCountThatIsTooHighIsReportedOnce) {
  FillSparsely(12);
  const std::uint64_t segment = RefOf("k0").space;
  engine_.reset();
  {
    auto store = OfflineStore::Open(data()).value();
    ASSERT_TRUE(store->Reopen(/*writable=*/true));
    std::string value;
    rocksdb::DB& db = store->db().db();
    ASSERT_TRUE(db.Get({}, store->db().meta(), SegmentKey(segment), &value).ok());
    SegmentRow row = SegmentRow::Decode(value).value();
    row.live += kBlock;
    ASSERT_TRUE(db.Put({}, store->db().meta(), SegmentKey(segment), row.Encode()).ok());
  }
  Open(data());
  Rewrite();  // ends
  EXPECT_EQ(engine_->Stats().corruption_errors, 1u);
  ExpectAll();
}

// An extent that goes while its segment is looked through is gone in the database a moment before
// it is in memory.
TEST_F(RewriteTest, WhatIsDroppedMeanwhileIsNoDamage) {
  percent_ = 90;
  Open(data());
  for (unsigned round = 0; round < 20; ++round) {
    for (unsigned i = 0; i < 12; ++i) Store(std::to_string(i), 300'000, i);
    for (unsigned i = 0; i < 12; ++i) {
      if (i % 3 != 0) Drop(std::to_string(i));
    }
    std::jthread rewriter([&] { RewriteSparseSegments(*engine_); });
    while (!expected_.empty()) Drop(expected_.begin()->first);
  }
  EXPECT_EQ(engine_->Stats().corruption_errors, 0u);
}

TEST_F(RewriteTest, ItKeepsToItsRate) {
  percent_ = 90;
  FillSparsely(4);
  rate_ = 1024 * 1024;
  const auto begun = std::chrono::steady_clock::now();
  Open(data());
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  const std::uint64_t moved = engine_->Stats().rewritten_bytes;
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
  // The first piece is free, and a batch is counted when it is complete.
  EXPECT_LE(static_cast<double>(moved), took.count() * 1024 * 1024 + 1024 * 1024);
  ExpectAll();
  const auto closing = std::chrono::steady_clock::now();
  engine_.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - closing, std::chrono::seconds(5));
}

TEST_F(RewriteTest, WhatIsDamagedStaysAndIsReported) {
  FillSparsely(12);
  const ExtentRef bad = RefOf("k48");  // 300,000 bytes
  char name[32];
  std::snprintf(name, sizeof(name), "/segments/%016lx.seg", static_cast<unsigned long>(bad.space));
  std::fstream file(data() + name, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(bad.position + 40'000));
  file.put(static_cast<char>(expected_["k48"][40'000] ^ 1));
  file.close();
  Rewrite();
  EXPECT_TRUE(HasFile(bad.space));
  EXPECT_GT(engine_->Stats().corruption_errors, 0u);
  EXPECT_EQ(Load(bad).error().code, Errc::kCorruption);
  expected_.erase("k48");
  ExpectAll();
}

// Every image is what a kill at that moment leaves. All of it must be there, in every one.
TEST_F(RewriteTest, ACrashAtAnyStepLosesNothing) {
  FillSparsely(6, 240);
  std::vector<std::string> images;
  disk_.Watch([&] {
    images.push_back(directory_.path() + "/image-" + std::to_string(images.size()));
    fs::copy(data(), images.back(), fs::copy_options::recursive);
  });
  Rewrite();
  disk_.Watch({});
  ExpectAll();
  ASSERT_GT(images.size(), 10u);
  const auto expected = expected_;
  for (const std::string& image : images) {
    SCOPED_TRACE(image);
    data_now_ = image;
    expected_ = expected;
    Open(image);
    ExpectAll();
    Rewrite();
    ExpectAll();
    engine_.reset();
    CheckIntegrity(image);
    Open(image);
    DropAll();
    engine_.reset();
    CheckIntegrity(image);
    fs::remove_all(image);
  }
}

TEST_F(RewriteTest, ReadersWritersAndTheRewriterGoTogether) {
  percent_ = 90;
  Open(data());
  constexpr unsigned kKeys = 60;
  std::atomic<bool> stop{false};
  std::atomic<unsigned> reads{0}, wrong{0};
  auto text_of = [](unsigned seed) { return RandomText(1 + seed * 7919 % 90'000, seed); };
  auto read = [&](unsigned from) -> Task<void> {
    for (unsigned i = from; !stop; ++i) {
      const ReadGuard guard = engine_->extents().BeginRead();
      const auto row =
          (co_await engine_->catalog().Get(partition_, "k" + std::to_string(i % kKeys))).value();
      if (!row) continue;
      const ExtentRef ref = ExtentRef::Decode(AsBytes(row->value));
      const auto seed = static_cast<unsigned>(std::stoul(row->value.substr(32)));
      const auto text = co_await ReadText(engine_->extents(), ref, 0, ref.length);
      ++reads;
      if (!text || *text != text_of(seed)) ++wrong;
    }
  };
  // Threads of their own: what is cached is read without ever giving way to another Task.
  boost::asio::thread_pool pool(3);
  std::vector<std::future<void>> readers;
  for (unsigned i = 0; i < 3; ++i) {
    readers.push_back(
        boost::asio::co_spawn(pool.get_executor(), read(i * 17), boost::asio::use_future));
  }
  std::jthread rewriter([&] {
    while (!stop) RewriteSparseSegments(*engine_);
  });
  std::mt19937 random(5);
  std::map<unsigned, ExtentRef> refs;
  for (unsigned step = 0; step < 1'500; ++step) {
    const unsigned key = random() % kKeys;
    Batch batch;
    if (refs.contains(key)) batch.releases = {refs[key]};
    const unsigned action = random() % 4;
    if (action == 0 && refs.contains(key)) {
      batch.deletes = {"k" + std::to_string(key)};
    } else if (action == 1 && !refs.empty()) {
      const auto& [source, ref] = *std::next(refs.begin(), random() % refs.size());
      const auto row =
          run_(engine_->catalog().Get(partition_, "k" + std::to_string(source))).value();
      batch.puts = {{"k" + std::to_string(key), row->value}};
      batch.acquires = {ref};
    } else {
      const ExtentRef ref = run_(WriteText(engine_->extents(), text_of(step), 50'000)).value();
      std::string value;
      ref.EncodeTo(value);
      batch.puts = {{"k" + std::to_string(key), value + std::to_string(step)}};
      batch.acquires = {ref};
    }
    const auto now = batch.acquires;
    if (!Commit(std::move(batch))) {
      ADD_FAILURE() << "step " << step;
      break;
    }
    refs.erase(key);
    if (!now.empty()) refs[key] = now.front();
  }
  stop = true;
  rewriter.join();
  for (auto& reader : readers) reader.get();
  EXPECT_GT(engine_->Stats().rewritten_segments, 0u);
  EXPECT_GT(reads, 0u);
  EXPECT_EQ(wrong, 0u);
  EXPECT_EQ(engine_->Stats().corruption_errors, 0u);
}

}  // namespace
}  // namespace blobgate::engine
