// The background scrub: what it finds, and where it goes on.
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <thread>

#include "engine/local/disk.h"
#include "engine/local/scrubber.h"
#include "engine/local/segment_file.h"
#include "engine_harness.h"

namespace blobgate::engine {
namespace {

class ScrubTest : public testing::Test {
 protected:
  ScrubTest() { Open(0); }

  static constexpr std::uint64_t kFast = 1ull << 40;

  void Open(std::uint64_t rate, std::chrono::milliseconds logged_wait = std::chrono::seconds(1)) {
    engine_.reset();
    LocalOptions options = SmallOptions(directory_.path() + "/data");
    options.scrub_bytes_per_second = rate;
    options.logged_wait = logged_wait;
    engine_ = OpenLocalEngine(options).value();
  }
  ExtentRef Store(const std::string& key, const std::string& text) {
    const ExtentRef ref = run_(WriteText(engine_->extents(), text, 100'000)).value();
    Batch batch;
    batch.puts = {{key, "x"}};
    batch.acquires = {ref};
    EXPECT_TRUE(Commit(std::move(batch)));
    return ref;
  }
  Status Commit(Batch batch) {
    const PartitionRef space = run_(engine_->catalog().Locate("space", "")).value();
    return run_(engine_->catalog().Commit(space, std::move(batch)));
  }
  void Flip(const ExtentRef& ref, std::uint64_t offset) {
    const SegmentPaths paths(SystemDisk(), directory_.path() + "/data/segments");
    std::fstream file(paths.PathOf(ref.space), std::ios::in | std::ios::out | std::ios::binary);
    const auto at = static_cast<std::streamoff>(ref.position + offset);
    file.seekg(at);
    const char old = static_cast<char>(file.get());
    file.seekp(at);
    file.put(static_cast<char>(old ^ 1));
  }

  TemporaryDirectory directory_;
  Runner run_;
  std::unique_ptr<Engine> engine_;
};

// Its place in the segment holds nothing yet.
TEST_F(ScrubTest, WhatWaitsInTheLogIsNotDamage) {
  Open(kFast, std::chrono::hours(1));
  for (unsigned i = 0; i < 20; ++i) Store("k" + std::to_string(i), RandomText(3000, i));
  ASSERT_TRUE(RunScrub(*engine_));
  EXPECT_EQ(engine_->Stats().damaged_extents, 0u);
}

TEST_F(ScrubTest, APassReadsAllThatIsLiveAndCountsDamage) {
  Open(kFast);
  std::vector<ExtentRef> refs;
  std::uint64_t content = 0;
  for (unsigned i = 0; i < 20; ++i) {
    const std::size_t size = 10 + i * 50'000;
    content += size;
    refs.push_back(Store("k" + std::to_string(i), RandomText(size, i)));
  }
  Open(kFast);  // the short ones are in their segments then
  ASSERT_TRUE(RunScrub(*engine_));
  EXPECT_EQ(engine_->Stats().damaged_extents, 0u);
  EXPECT_GE(engine_->Stats().scrubbed_bytes, content);
  EXPECT_GT(engine_->Stats().last_scrub, 0);

  Flip(refs[0], 3);
  Flip(refs[9], 400'001);
  Flip(refs[9], 2);
  ASSERT_TRUE(RunScrub(*engine_));
  EXPECT_EQ(engine_->Stats().damaged_extents, 2u);
  EXPECT_EQ(engine_->Stats().corruption_errors, 0u) << "no read was refused";
  EXPECT_TRUE(engine_->Health());

  Flip(refs[0], 3);
  ASSERT_TRUE(RunScrub(*engine_));
  EXPECT_EQ(engine_->Stats().damaged_extents, 1u);
}

TEST_F(ScrubTest, WhatIsReleasedMeanwhileIsNoDamage) {
  Open(kFast);
  for (int round = 0; round < 20; ++round) {
    std::vector<ExtentRef> refs;
    Batch drop;
    for (unsigned i = 0; i < 20; ++i) {
      const std::string key = "k" + std::to_string(i);
      drop.releases.push_back(Store(key, RandomText(60'000, i)));
      drop.deletes.push_back(key);
    }
    ASSERT_TRUE(RequestScrub(*engine_));
    ASSERT_TRUE(Commit(std::move(drop)));
    ASSERT_TRUE(RunScrub(*engine_));
    ASSERT_EQ(engine_->Stats().damaged_extents, 0u);
  }
}

TEST_F(ScrubTest, ARestartGoesOnWithThePass) {
  constexpr std::uint64_t kContent = 40 * 100'000;
  for (unsigned i = 0; i < 40; ++i) Store("k" + std::to_string(i), RandomText(100'000, i));
  // A store that was never scrubbed begins at once.
  Open(4 * 1024 * 1024);
  while (engine_->Stats().scrubbed_bytes < kContent / 2) std::this_thread::yield();
  EXPECT_EQ(engine_->Stats().last_scrub, 0);
  Open(kFast);
  while (engine_->Stats().last_scrub == 0) std::this_thread::yield();
  EXPECT_LT(engine_->Stats().scrubbed_bytes, kContent * 3 / 4);
}

TEST_F(ScrubTest, OffMeansOff) {
  EXPECT_EQ(RequestScrub(*engine_).error().code, Errc::kInvalidArgument);
  EXPECT_EQ(RunScrub(*engine_).error().code, Errc::kInvalidArgument);
}

TEST(ScrubProgressTest, SurvivesItsEncoding) {
  const ScrubProgress progress{{7, 8192}, 1'700'000'000, 1'699'999'999, 3, true, 12'345};
  const auto again = ScrubProgress::Decode(progress.Encode());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->next, progress.next);
  EXPECT_EQ(again->began, progress.began);
  EXPECT_EQ(again->ended, progress.ended);
  EXPECT_EQ(again->damaged, 3u);
  EXPECT_TRUE(again->running);
  EXPECT_FALSE(ScrubProgress::Decode("\xFF\xFF"));
}

}  // namespace
}  // namespace blobgate::engine
