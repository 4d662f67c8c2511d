// What only the local engine has: files that stay, crashes, damage, space.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>

#include "engine/local/disk.h"
#include "engine_harness.h"

namespace blobgate::engine {
namespace {

namespace fs = std::filesystem;

class LocalEngineTest : public testing::Test {
 protected:
  LocalEngineTest() { Open(); }

  void Open() {
    engine_.reset();
    engine_ = OpenLocalEngine(SmallOptions(data())).value();
  }
  std::string data() const { return directory_.path() + "/data"; }

  void Crash() {
    engine::Crash(engine_, data());
    Open();
  }

  PartitionRef Partition() { return run_(engine_->catalog().Locate("space", "")).value(); }
  /// Puts `key` with the reference to an extent that holds `text`.
  ExtentRef Store(const std::string& key, const std::string& text) {
    const ExtentRef ref = run_(WriteText(engine_->extents(), text, 100'000)).value();
    Batch batch;
    std::string value;
    ref.EncodeTo(value);
    batch.puts = {{key, value}};
    batch.acquires = {ref};
    EXPECT_TRUE(run_(engine_->catalog().Commit(Partition(), std::move(batch))));
    return ref;
  }
  void Drop(const std::string& key, const ExtentRef& ref) {
    Batch batch;
    batch.deletes = {key};
    batch.releases = {ref};
    EXPECT_TRUE(run_(engine_->catalog().Commit(Partition(), std::move(batch))));
  }
  Result<std::string> Load(const std::string& key) {
    auto row = run_(engine_->catalog().Get(Partition(), key)).value();
    if (!row) return Fail(Errc::kNotFound);
    const ExtentRef ref = ExtentRef::Decode(AsBytes(row->value));
    return run_(ReadText(engine_->extents(), ref, 0, ref.length));
  }
  std::uint64_t Allocated() const {
    std::uint64_t blocks = 0;
    for (const auto& entry : fs::directory_iterator(data() + "/segments")) {
      struct stat info;
      if (stat(entry.path().c_str(), &info) == 0)
        blocks += static_cast<std::uint64_t>(info.st_blocks);
    }
    return blocks * 512;
  }
  void Flip(const ExtentRef& ref, std::uint64_t offset) {
    char name[32];
    std::snprintf(name, sizeof(name), "%016lx.seg", static_cast<unsigned long>(ref.space));
    std::fstream file(data() + "/segments/" + name,
                      std::ios::in | std::ios::out | std::ios::binary);
    const auto at = static_cast<std::streamoff>(ref.position + offset);
    file.seekg(at);
    const char old = static_cast<char>(file.get());
    file.seekp(at);
    file.put(static_cast<char>(old ^ 0x40));
  }

  TemporaryDirectory directory_;
  Runner run_;
  std::unique_ptr<Engine> engine_;
};

TEST_F(LocalEngineTest, ReopenKeepsEverything) {
  std::vector<std::string> texts;
  for (unsigned i = 0; i < 40; ++i) texts.push_back(RandomText(1 + i * 37'000, i));
  for (unsigned i = 0; i < 40; ++i) Store("k" + std::to_string(i), texts[i]);
  Open();
  for (unsigned i = 0; i < 40; ++i) EXPECT_EQ(Load("k" + std::to_string(i)), texts[i]);
  EXPECT_GT(engine_->Stats().segments, 1u);
}

TEST_F(LocalEngineTest, ACrashKeepsWhatWasAcknowledgedAndDropsTheRest) {
  const std::string text = RandomText(700'000, 1);
  Store("kept", text);
  // Finished but never named, and begun but never finished.
  const auto orphan = run_(WriteText(engine_->extents(), RandomText(900'000, 2), 100'000)).value();
  auto begun = run_(engine_->extents().Create(500'000)).value();
  ASSERT_TRUE(run_(begun->Append(AsBytes(std::string_view(text).substr(0, 300'000)))));
  {
    const std::string copy = directory_.path() + "/crashed";
    fs::copy(data(), copy, fs::copy_options::recursive);
    begun.reset();
    engine_.reset();
    fs::remove_all(data());
    fs::rename(copy, data());
    Open();
  }
  EXPECT_EQ(Load("kept"), text);
  EXPECT_LT(Allocated(), 800'000u);
  Batch batch;
  batch.acquires = {orphan};
  EXPECT_EQ(run_(engine_->catalog().Commit(Partition(), batch)).error().code, Errc::kExtentGone);
}

TEST_F(LocalEngineTest, ReleasedSpaceComesBackButNotUnderAGuard) {
  const ExtentRef ref = Store("big", RandomText(4'000'000, 3));
  Store("small", "x");
  ASSERT_GT(Allocated(), 4'000'000u);
  ReadGuard guard = engine_->extents().BeginRead();
  Drop("big", ref);
  WaitUntilReclaimed(*engine_);
  EXPECT_GT(Allocated(), 4'000'000u);
  guard.reset();
  WaitUntilReclaimed(*engine_);
  EXPECT_LT(Allocated(), 100'000u);
}

TEST_F(LocalEngineTest, ANarrowedGuardHoldsBackOnlyItsExtents) {
  const std::string text = RandomText(1'000'000, 20);
  const ExtentRef slow = Store("slow", text);
  const ExtentRef big = Store("big", RandomText(4'000'000, 21));
  ReadGuard first = engine_->extents().Narrow(engine_->extents().BeginRead(), {slow});
  ReadGuard second = engine_->extents().Narrow(engine_->extents().BeginRead(), {slow, big});
  Drop("big", big);
  Drop("slow", slow);
  WaitUntilReclaimed(*engine_);
  EXPECT_GT(Allocated(), 5'000'000u);
  second.reset();
  WaitUntilReclaimed(*engine_);
  EXPECT_LT(Allocated(), 1'100'000u);
  EXPECT_EQ(run_(ReadText(engine_->extents(), slow, 0, slow.length)), text);
  first.reset();
  WaitUntilReclaimed(*engine_);
  EXPECT_LT(Allocated(), 100'000u);
}

// The end of a segment is where the last referenced extent ends. What was released behind it must
// not be taken off again once something new lies there.
TEST_F(LocalEngineTest, GarbageAtTheEndOfASegmentDoesNotReachNewExtents) {
  const std::string kept = RandomText(200'000, 4), fresh = RandomText(300'000, 5);
  Store("kept", kept);
  const ExtentRef gone = Store("gone", RandomText(400'000, 6));
  ReadGuard guard = engine_->extents().BeginRead();
  Drop("gone", gone);
  {
    const std::string copy = directory_.path() + "/crashed";
    fs::copy(data(), copy, fs::copy_options::recursive);
    guard.reset();
    engine_.reset();
    fs::remove_all(data());
    fs::rename(copy, data());
    Open();
  }
  for (unsigned i = 0; i < 8; ++i) Store("fresh" + std::to_string(i), fresh);
  WaitUntilReclaimed(*engine_);
  EXPECT_EQ(Load("kept"), kept);
  for (unsigned i = 0; i < 8; ++i) EXPECT_EQ(Load("fresh" + std::to_string(i)), fresh);
}

TEST_F(LocalEngineTest, AFlippedByteIsAnErrorOnEveryRead) {
  const std::string text = RandomText(100'000, 7);
  const ExtentRef content = Store("content", text), small = Store("small", "tiny");
  const ExtentRef trailer = Store("trailer", text);
  Open();  // no cache of what was written
  Flip(content, 50'000);
  Flip(small, 1);
  Flip(trailer, 102'400);
  for (int again = 0; again < 2; ++again) {
    for (const char* key : {"content", "small", "trailer"}) {
      auto loaded = Load(key);
      ASSERT_FALSE(loaded) << key;
      EXPECT_EQ(loaded.error().code, Errc::kCorruption) << key;
    }
  }
  EXPECT_EQ(run_(ReadText(engine_->extents(), content, 0, 30'000)), text.substr(0, 30'000))
      << "other chunks are good";
  EXPECT_GE(engine_->Stats().corruption_errors, 6u);
}

// What is in memory does not feel what happens to the disk.
TEST_F(LocalEngineTest, LongReadsThatComeAgainAreKept) {
  const std::string text = RandomText(200'000, 8);
  const ExtentRef again = Store("again", text), once = Store("once", text);
  Open();
  EXPECT_EQ(Load("again"), text);
  EXPECT_EQ(Load("again"), text);
  EXPECT_EQ(Load("once"), text);
  for (std::uint64_t at = 10'000; at < 200'000; at += 30'000) {
    Flip(again, at);
    Flip(once, at);
  }
  EXPECT_EQ(Load("again"), text);
  EXPECT_EQ(run_(ReadText(engine_->extents(), again, 70'001, 100'000)),
            text.substr(70'001, 100'000));
  EXPECT_EQ(Load("once").error().code, Errc::kCorruption);
}

// Who asks for what was read a moment ago need not wait.
TEST_F(LocalEngineTest, WhatWasReadIsAtHand) {
  const std::string text = RandomText(100'000, 8);
  const ExtentRef ref = Store("row", text);
  Open();
  ExtentStore& extents = engine_->extents();
  EXPECT_FALSE(extents.ReadCached(ref, 0, 1000)) << "never read";
  EXPECT_EQ(run_(ReadText(extents, ref, 0, 1000)), text.substr(0, 1000));
  const auto cached = extents.ReadCached(ref, 10, 500);
  ASSERT_TRUE(cached);
  EXPECT_EQ(AsChars(cached->view()), text.substr(10, 500));
  const auto part = extents.ReadCached(ref, 32'000, 2000);
  ASSERT_TRUE(part);
  EXPECT_EQ(AsChars(part->view()), text.substr(32'000, 768)) << "what lies in that chunk";
  EXPECT_FALSE(extents.ReadCached(ref, 60'000, 100)) << "of another chunk";
  EXPECT_FALSE(extents.ReadCached(ref, 99'999, 2)) << "past the end";
  EXPECT_FALSE(extents.ReadCached(ref, 0, 0));

  for (int i = 0; i < 2; ++i) EXPECT_TRUE(Load("row"));  // once is not remembered
  const auto row = engine_->catalog().Known("space", "name", "row");
  ASSERT_TRUE(row);
  EXPECT_FALSE(row->row.value.empty());
}

// Pages that were lent cost page faults when they go.
TEST_F(LocalEngineTest, LendsWhatIsUsedMuch) {
  const std::string text = RandomText(200'000, 8);
  const ExtentRef ref = Store("long", text), tiny = Store("tiny", "tiny");
  Open();
  const auto lends = [&](const ExtentRef& extent, std::uint64_t from, std::uint64_t length) {
    return run_(engine_->extents().Read(extent, from, length)).value().lender() != nullptr;
  };
  for (unsigned use = 1; use < LendablePages::kUses; ++use) {
    EXPECT_FALSE(lends(ref, 100, 20'000)) << use;
    EXPECT_FALSE(lends(ref, 40'000, 50'000)) << use;  // two chunks
    EXPECT_FALSE(lends(ref, 199'990, 10)) << use;
    EXPECT_FALSE(lends(tiny, 0, 4)) << use;
  }
  lends(ref, 40'000, 50'000);  // the first may have come from what was read, not from the cache
  EXPECT_TRUE(lends(ref, 100, 20'000));
  EXPECT_TRUE(lends(ref, 40'000, 50'000));
  EXPECT_FALSE(lends(ref, 199'990, 10)) << "not whole pages";
  EXPECT_FALSE(lends(tiny, 0, 4)) << "not whole pages";
}

TEST_F(LocalEngineTest, LongReadsBeginAndEndAnywhere) {
  const std::string text = RandomText(400'000, 9);
  const ExtentRef ref = Store("long", text);
  const auto read = [&](std::uint64_t from, std::uint64_t length) {
    EXPECT_EQ(run_(ReadText(engine_->extents(), ref, from, length)), text.substr(from, length))
        << from << " " << length;
  };
  for (int round = 0; round < 3; ++round) {
    for (const std::uint64_t from : {0, 1, 32'767, 32'768, 100'000, 299'999}) {
      for (const std::uint64_t length : {1, 65'536, 65'537, 100'000}) read(from, length);
    }
    read(150'000, 20);  // its chunk is there, those around it may not be
    read(0, 400'000);
  }
}

/// Counts reads by the way they take.
class CountingDisk final : public Disk {
 public:
  int Open(const std::string& path, int flags) override {
    const int fd = Disk::Open(path, flags);
    const std::lock_guard lock(mutex_);
    direct_[fd] = (flags & O_DIRECT) != 0;
    return fd;
  }
  ssize_t Read(int fd, void* data, std::size_t size, std::uint64_t offset, int flags) override {
    const std::lock_guard lock(mutex_);
    ++(direct_[fd] ? direct : cached);
    return Disk::Read(fd, data, size, offset, flags);
  }
  int direct = 0;
  int cached = 0;

 private:
  std::mutex mutex_;
  std::map<int, bool> direct_;
};

// A short read for the first time goes past the page cache, in one go; one that comes again does
// not.
TEST_F(LocalEngineTest, ShortReadsUseThePageCacheForWhatComesAgain) {
  const std::string text = RandomText(200'000, 8);
  const ExtentRef ref = Store("long", text);
  CountingDisk disk;
  const auto reopen = [&](bool direct_io) {
    engine_.reset();
    LocalOptions options = SmallOptions(data());
    options.disk = &disk;
    options.read_cache_bytes = 0;
    options.direct_io = direct_io;
    engine_ = OpenLocalEngine(options).value();
    EXPECT_EQ(run_(ReadText(engine_->extents(), ref, 0, 1)), text.substr(0, 1));  // its trailer
    disk.direct = disk.cached = 0;
  };
  const auto read = [&](std::uint64_t from, std::uint64_t length) {
    EXPECT_EQ(run_(ReadText(engine_->extents(), ref, from, length)), text.substr(from, length));
  };
  reopen(true);
  read(40'000, 50'000);  // chunks 1 and 2
  EXPECT_EQ(disk.direct, 1);
  EXPECT_EQ(disk.cached, 0);
  read(199'990, 10);  // the end, which is padded
  EXPECT_EQ(disk.direct, 2);
  EXPECT_EQ(disk.cached, 0);
  read(40'000, 50'000);
  read(199'990, 10);
  EXPECT_EQ(disk.direct, 2);
  EXPECT_GE(disk.cached, 2);
  const ExtentRef fresh = Store("fresh", text);  // its segment may grow further
  EXPECT_EQ(run_(ReadText(engine_->extents(), fresh, 40'000, 10)), text.substr(40'000, 10));
  EXPECT_EQ(disk.direct, 2);
  reopen(false);
  read(40'000, 50'000);
  read(199'990, 10);
  EXPECT_EQ(disk.direct, 0);
  EXPECT_GE(disk.cached, 2);
  engine_.reset();
}

// What was read ahead is not what counts: it may have been on its way while the content moved.
TEST_F(LocalEngineTest, WhatWasReadAheadAndDoesNotMatchIsReadOnceMore) {
  const std::string text = RandomText(2'000'000, 14);
  const ExtentRef ref = Store("long", text);
  constexpr std::uint64_t kPiece = ExtentStore::kMaxRead;
  for (int round = 0; round < 10; ++round) {
    Open();
    Flip(ref, kPiece + 10'000);
    auto first = run_(engine_->extents().Read(ref, 0, ref.length));  // and begins those behind it
    ASSERT_TRUE(first);
    EXPECT_EQ(AsChars(first->view()), text.substr(0, kPiece));
    Flip(ref, kPiece + 10'000);
    EXPECT_EQ(run_(ReadText(engine_->extents(), ref, kPiece, ref.length - kPiece)),
              text.substr(kPiece));
    EXPECT_EQ(engine_->Stats().corruption_errors, 0u);
  }
  Open();
  Flip(ref, kPiece + 10'000);
  EXPECT_EQ(Load("long").error().code, Errc::kCorruption);
}

TEST_F(LocalEngineTest, ManyReadTheSameLongExtents) {
  std::vector<std::string> texts;
  std::vector<ExtentRef> refs;
  for (unsigned i = 0; i < 4; ++i) {
    texts.push_back(RandomText(3'000'000 + i * 12'345, i));
    refs.push_back(Store("long" + std::to_string(i), texts.back()));
  }
  for (int round = 0; round < 3; ++round) {
    Open();
    std::vector<std::future<Result<std::string>>> readers;
    for (std::size_t i = 0; i < 40; ++i) {
      const ExtentRef& ref = refs[i % refs.size()];
      const std::uint64_t from = i / refs.size() * 40'000;
      readers.push_back(boost::asio::co_spawn(
          run_.executor(), ReadText(engine_->extents(), ref, from, ref.length - from),
          boost::asio::use_future));
    }
    for (std::size_t i = 0; i < readers.size(); ++i) {
      EXPECT_EQ(readers[i].get(), texts[i % texts.size()].substr(i / refs.size() * 40'000)) << i;
    }
  }
}

TEST_F(LocalEngineTest, ShortReadsBesideEachOtherAreKeptAlone) {
  const std::string text = RandomText(200'000, 10);
  const ExtentRef ref = Store("long", text);
  Open();
  const auto read = [&](std::uint64_t from, std::uint64_t length) {
    return run_(ReadText(engine_->extents(), ref, from, length));
  };
  EXPECT_EQ(read(40'000, 50'000), text.substr(40'000, 50'000));  // chunks 1 and 2
  for (std::uint64_t at = 10'000; at < 200'000; at += 20'000) Flip(ref, at);
  EXPECT_EQ(read(40'000, 50'000), text.substr(40'000, 50'000));
  EXPECT_EQ(read(70'000, 10), text.substr(70'000, 10));
  EXPECT_EQ(read(20'000, 10).error().code, Errc::kCorruption);      // chunk 0
  EXPECT_EQ(read(90'000, 20'000).error().code, Errc::kCorruption);  // chunks 2 and 3
}

// By whatever way, and wherever the file ends now.
TEST_F(LocalEngineTest, ASegmentCutShortIsCorruption) {
  const std::string text = RandomText(200'000, 13);
  const ExtentRef ref = Store("long", text);
  const std::string file = fs::directory_iterator(data() + "/segments")->path();
  for (const bool direct_io : {true, false}) {
    for (const std::uint64_t end : {100'000ul, 98'304ul + 4096, 98'304ul}) {
      engine_.reset();
      LocalOptions options = SmallOptions(data());
      options.direct_io = direct_io;
      engine_ = OpenLocalEngine(options).value();
      EXPECT_EQ(run_(ReadText(engine_->extents(), ref, 0, 10)), text.substr(0, 10));
      const auto whole = fs::file_size(file);
      const std::string saved = directory_.path() + "/saved";
      fs::copy_file(file, saved);
      fs::resize_file(file, ref.position + end);
      const auto read = run_(ReadText(engine_->extents(), ref, 98'304, 10));  // chunk 3
      EXPECT_EQ(read.error().code, Errc::kCorruption) << direct_io << " " << end;
      EXPECT_EQ(engine_->Stats().corruption_errors, 1u);
      fs::rename(saved, file);
      EXPECT_EQ(fs::file_size(file), whole);
    }
  }
}

// Uploads that have nothing to write at the moment need no segment of their own.
TEST_F(LocalEngineTest, AQuietStoreUsesFewSegments) {
  for (int i = 0; i < 20; ++i) Store("key" + std::to_string(i), RandomText(100'000, 12));
  std::size_t segments = 0;
  for ([[maybe_unused]] const auto& entry : fs::directory_iterator(data() + "/segments"))
    ++segments;
  EXPECT_EQ(segments, 1u);
}

TEST_F(LocalEngineTest, TheDirectoryHasOneUser) {
  auto second = OpenLocalEngine(SmallOptions(data()));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::kUnavailable);
}

TEST_F(LocalEngineTest, ANewerFormatIsRefused) {
  engine_.reset();
  std::ofstream(data() + "/FORMAT") << "blobgate data 99\n";
  auto opened = OpenLocalEngine(SmallOptions(data()));
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Errc::kInvalidArgument);
}

TEST_F(LocalEngineTest, AMissingSegmentIsCorruption) {
  Store("k", RandomText(50'000, 8));
  engine_.reset();
  for (const auto& entry : fs::directory_iterator(data() + "/segments")) fs::remove(entry.path());
  auto opened = OpenLocalEngine(SmallOptions(data()));
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Errc::kCorruption);
}

TEST_F(LocalEngineTest, RowVersionsAreNotUsedAgainAfterARestart) {
  Store("k", "1");
  const auto before = run_(engine_->catalog().Get(Partition(), "k")).value()->version;
  Crash();
  Store("k", "2");
  EXPECT_NE(run_(engine_->catalog().Get(Partition(), "k")).value()->version, before);
}

}  // namespace
}  // namespace blobgate::engine
