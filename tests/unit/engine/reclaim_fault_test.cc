// Space that could not be given back is given back at the next start.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <cerrno>
#include <filesystem>

#include "engine/local/disk.h"
#include "engine_harness.h"

namespace blobgate::engine {
namespace {

class StubbornDisk final : public Disk {
 public:
  int PunchHole(int fd, std::uint64_t offset, std::uint64_t length) override {
    return fails ? -EIO : Disk::PunchHole(fd, offset, length);
  }
  std::atomic<bool> fails{false};
};

class ReclaimFaultTest : public testing::Test {
 protected:
  ReclaimFaultTest() { Open(); }

  void Open() {
    engine_.reset();
    LocalOptions options = SmallOptions(directory_.path() + "/data");
    options.disk = &disk_;
    engine_ = OpenLocalEngine(options).value();
    partition_ = run_(engine_->catalog().Locate("space", "")).value();
  }
  ExtentRef Write(std::size_t size) {
    return run_(WriteText(engine_->extents(), RandomText(size, 1), 100'000)).value();
  }
  ExtentRef Store(std::size_t size) {
    const ExtentRef ref = Write(size);
    Batch batch;
    batch.acquires = {ref};
    EXPECT_TRUE(run_(engine_->catalog().Commit(partition_, std::move(batch))));
    return ref;
  }
  void Release(const ExtentRef& ref) {
    Batch batch;
    batch.releases = {ref};
    EXPECT_TRUE(run_(engine_->catalog().Commit(partition_, std::move(batch))));
  }
  std::uint64_t Allocated() const {
    std::uint64_t blocks = 0;
    for (const auto& entry :
         std::filesystem::directory_iterator(directory_.path() + "/data/segments")) {
      struct stat info{};
      if (stat(entry.path().c_str(), &info) == 0) {
        blocks += static_cast<std::uint64_t>(info.st_blocks);
      }
    }
    return blocks * 512;
  }
  /// What is reclaimed while holes cannot be punched, and after the start behind that.
  void ReclaimInVain() {
    disk_.fails = true;
    WaitUntilReclaimed(*engine_);
    engine_.reset();
    disk_.fails = false;
    EXPECT_GT(Allocated(), 1'000'000u);
    Open();
    WaitUntilReclaimed(*engine_);
  }

  StubbornDisk disk_;
  TemporaryDirectory directory_;
  Runner run_;
  std::unique_ptr<Engine> engine_;
  PartitionRef partition_;
};

TEST_F(ReclaimFaultTest, DiscardedExtents) {
  const ExtentRef discarded = Write(1'000'000);
  Store(1'000);
  Store(100'000);
  Store(100'000);  // behind it, whichever of the active segments it lies in
  disk_.fails = true;
  engine_->extents().Discard(discarded);
  ReclaimInVain();
  EXPECT_LT(Allocated(), 400'000u);
}

TEST_F(ReclaimFaultTest, ReleasedExtents) {
  const ExtentRef released = Store(1'000'000);
  Store(1'000);
  Store(100'000);
  Store(100'000);
  disk_.fails = true;
  Release(released);
  ReclaimInVain();
  EXPECT_LT(Allocated(), 400'000u);
}

}  // namespace
}  // namespace blobgate::engine
