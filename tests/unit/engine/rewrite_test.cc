// Rewriting of sparse segments: extents move, and nobody notices.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <iterator>
#include <map>
#include <mutex>
#include <thread>

#include "engine/local/disk.h"
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

  unsigned percent_ = 50;
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
  EXPECT_EQ(Format(), "blobgate data 1\n") << "older programs read it so far";
  const std::uint64_t before = engine_->Stats().segments;
  const std::uint64_t born = RefOf("k0").space;
  ASSERT_TRUE(HasFile(born));
  const std::uint64_t live = engine_->Stats().live_bytes;
  Rewrite();
  EXPECT_FALSE(HasFile(born));
  EXPECT_EQ(Format(), "blobgate data 2\n");
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
    DropAll();
    engine_.reset();
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
