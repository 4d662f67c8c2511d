// What batches that share one sync see of each other.
#include <gtest/gtest.h>
#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <future>
#include <semaphore>

#include "engine_harness.h"

namespace blobgate::engine {
namespace {

/// Lets a test stop the syncs of the catalog's log, and fail the ones behind that.
struct LogGate {
  std::atomic<bool> closed{false};
  std::binary_semaphore reached{0};  ///< a sync waits
  std::binary_semaphore opened{0};
  std::atomic<bool> fails{false};  ///< syncs after the one that waited
};

class GatedLog final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  GatedLog(std::unique_ptr<rocksdb::FSWritableFile> file, LogGate& gate)
      : FSWritableFileOwnerWrapper(std::move(file)), gate_(gate) {}

  rocksdb::IOStatus Sync(const rocksdb::IOOptions& options,
                         rocksdb::IODebugContext* context) override {
    if (gate_.closed.exchange(false)) {
      gate_.reached.release();
      gate_.opened.acquire();
    } else if (gate_.fails) {
      return rocksdb::IOStatus::IOError("sync of the log failed");
    }
    return FSWritableFileOwnerWrapper::Sync(options, context);
  }

 private:
  LogGate& gate_;
};

class GatedFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  explicit GatedFileSystem(LogGate& gate)
      : FileSystemWrapper(rocksdb::FileSystem::Default()), gate_(gate) {}
  const char* Name() const override { return "GatedFileSystem"; }

  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* result,
                                    rocksdb::IODebugContext* context) override {
    auto status = FileSystemWrapper::NewWritableFile(name, options, result, context);
    if (status.ok() && name.ends_with(".log")) {
      *result = std::make_unique<GatedLog>(std::move(*result), gate_);
    }
    return status;
  }

 private:
  LogGate& gate_;
};

class GroupCommitTest : public testing::Test {
 protected:
  GroupCommitTest() {
    env_ = rocksdb::NewCompositeEnv(std::make_shared<GatedFileSystem>(gate_));
    LocalOptions options = SmallOptions(directory_.path() + "/data");
    options.catalog_env = env_.get();
    engine_ = OpenLocalEngine(options).value();
    Runner run;
    partition_ = run(engine_->catalog().Locate("space", "")).value();
  }

  std::future<Status> Start(const std::string& key) {
    Batch batch;
    batch.preconditions = {Precondition::Absent(key)};
    batch.puts = {{key, "x"}};
    auto task = engine_->catalog().Commit(partition_, std::move(batch));
    return boost::asio::co_spawn(io_, std::move(task), boost::asio::use_future);
  }

  LogGate gate_;
  TemporaryDirectory directory_;
  std::unique_ptr<rocksdb::Env> env_;
  std::unique_ptr<Engine> engine_;
  PartitionRef partition_;
  boost::asio::io_context io_;
};

// Two want to be the first, behind one whose sync takes long, so that they share the next sync. It
// fails. The loser must not hear that the row is there: nobody has it.
TEST_F(GroupCommitTest, NobodyLosesAgainstABatchThatIsNotDurable) {
  gate_.closed = true;
  auto slow = Start("slow");
  io_.poll();
  gate_.reached.acquire();
  auto winner = Start("contended"), loser = Start("contended");
  io_.poll();  // both are in the queue
  gate_.fails = true;
  gate_.opened.release();
  io_.run();
  EXPECT_TRUE(slow.get());
  EXPECT_EQ(winner.get().error().code, Errc::kIoError);
  EXPECT_EQ(loser.get().error().code, Errc::kIoError);
}

TEST_F(GroupCommitTest, OneOfAGroupWins) {
  gate_.closed = true;
  auto slow = Start("slow");
  io_.poll();
  gate_.reached.acquire();
  auto winner = Start("contended"), loser = Start("contended");
  io_.poll();
  gate_.opened.release();
  io_.run();
  EXPECT_TRUE(slow.get());
  EXPECT_TRUE(winner.get());
  EXPECT_EQ(loser.get().error().code, Errc::kConflict);
}

}  // namespace
}  // namespace blobgate::engine
