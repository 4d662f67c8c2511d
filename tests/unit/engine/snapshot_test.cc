// Snapshots of a store in use, and what a store and its snapshot may do to the files they share.
#include <gtest/gtest.h>
#include <rocksdb/env.h>
#include <rocksdb/file_system.h>
#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <thread>

#include "engine/local/integrity_check.h"
#include "engine/local/offline_store.h"
#include "engine_harness.h"

namespace blobgate::engine {
namespace {

namespace fs = std::filesystem;

/// A store whose rows are named after their number and hold the reference to their text.
class Store {
 public:
  Store(Runner& run, std::string directory, rocksdb::Env* env = nullptr)
      : run_(run), directory_(std::move(directory)) {
    LocalOptions options = SmallOptions(directory_);
    options.catalog_env = env;
    engine = OpenLocalEngine(options).value();
    space_ = run_(engine->catalog().Locate("space", "")).value();
  }

  ExtentRef Put(unsigned number, std::size_t size) {
    const ExtentRef ref =
        run_(WriteText(engine->extents(), RandomText(size, number), 100'000)).value();
    Batch batch;
    std::string value;
    ref.EncodeTo(value);
    batch.puts = {{Key(number), value}};
    batch.acquires = {ref};
    EXPECT_TRUE(run_(engine->catalog().Commit(space_, std::move(batch))));
    return ref;
  }
  void Drop(unsigned number, const ExtentRef& ref) {
    Batch batch;
    batch.deletes = {Key(number)};
    batch.releases = {ref};
    EXPECT_TRUE(run_(engine->catalog().Commit(space_, std::move(batch))));
  }
  bool Has(unsigned number) {
    return run_(engine->catalog().Get(space_, Key(number))).value().has_value();
  }
  void ExpectContent(unsigned number) {
    auto row = run_(engine->catalog().Get(space_, Key(number))).value();
    ASSERT_TRUE(row) << number;
    const ExtentRef ref = ExtentRef::Decode(AsBytes(row->value));
    const auto text = run_(ReadText(engine->extents(), ref, 0, ref.length));
    ASSERT_TRUE(text) << number << ": " << text.error().detail;
    EXPECT_EQ(*text, RandomText(ref.length, number)) << number;
  }
  void Reopen() {
    engine.reset();
    engine = OpenLocalEngine(SmallOptions(directory_)).value();
  }

  std::unique_ptr<Engine> engine;

 private:
  static std::string Key(unsigned number) { return "k" + std::to_string(number); }
  Runner& run_;
  const std::string directory_;
  PartitionRef space_;
};

/// Tells when a snapshot of the catalog is complete: its directory then gets its name.
class CheckpointWatcher final : public rocksdb::FileSystemWrapper {
 public:
  explicit CheckpointWatcher(std::function<void()> done)
      : FileSystemWrapper(rocksdb::FileSystem::Default()), done_(std::move(done)) {}
  const char* Name() const override { return "CheckpointWatcher"; }
  rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to,
                               const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* context) override {
    auto status = FileSystemWrapper::RenameFile(from, to, options, context);
    if (to.ends_with("/snapshot/catalog")) done_();
    return status;
  }

 private:
  const std::function<void()> done_;
};

class SnapshotTest : public testing::Test {
 protected:
  std::string data() const { return directory_.path() + "/data"; }
  std::string target() const { return directory_.path() + "/snapshot"; }

  std::vector<Finding> Check(const std::string& where) {
    auto store = OfflineStore::Open(where).value();
    FoundReferences found;
    EXPECT_TRUE(store->ForEachNameSpace([&](std::string_view, std::uint64_t id) {
      return store->ForEachRow(id, [&](std::string_view, std::string_view value) -> Status {
        found.references.push_back(ExtentRef::Decode(AsBytes(value)));
        return {};
      });
    }));
    IntegrityCheck check(*store, {.data = true, .bytes_per_second = 0});
    EXPECT_TRUE(check.Run(std::move(found)));
    return check.findings();
  }
  static std::uint64_t Allocated(const std::string& store) {
    std::uint64_t blocks = 0;
    for (const auto& entry : fs::directory_iterator(store + "/segments")) {
      struct stat info{};
      if (::stat(entry.path().c_str(), &info) == 0) {
        blocks += static_cast<std::uint64_t>(info.st_blocks);
      }
    }
    return blocks * 512;
  }

  TemporaryDirectory directory_;
  Runner run_;
};

TEST_F(SnapshotTest, HoldsWhatWasThereAndNothingLater) {
  Store store(run_, data());
  for (unsigned i = 0; i < 12; ++i) store.Put(i, 1 + i * 200'000);
  store.Reopen();  // what lies there now is sealed
  for (unsigned i = 12; i < 20; ++i) store.Put(i, 300'000);
  const auto report = TakeSnapshot(*store.engine, target());
  ASSERT_TRUE(report) << report.error().detail;
  EXPECT_GE(report->segments, 3u);
  store.Put(99, 1000);

  EXPECT_TRUE(Check(target()).empty());
  Store snapshot(run_, target());
  for (unsigned i = 0; i < 20; ++i) snapshot.ExpectContent(i);
  EXPECT_FALSE(snapshot.Has(99));
}

// The sealed segments are the same files: neither side may punch holes into them or append.
TEST_F(SnapshotTest, BothSidesLeaveSharedFilesAlone) {
  Store store(run_, data());
  std::vector<ExtentRef> refs;
  for (unsigned i = 0; i < 10; ++i) refs.push_back(store.Put(i, 250'000));
  store.Reopen();
  ASSERT_TRUE(TakeSnapshot(*store.engine, target()));
  for (unsigned i = 0; i < 10; i += 2) store.Drop(i, refs[i]);
  for (unsigned i = 20; i < 40; ++i) store.Put(i, 250'000);
  WaitUntilReclaimed(*store.engine);
  {
    Store snapshot(run_, target());
    for (unsigned i = 0; i < 10; ++i) snapshot.ExpectContent(i);
    for (unsigned i = 1; i < 10; i += 2) snapshot.Drop(i, refs[i]);
    for (unsigned i = 50; i < 70; ++i) snapshot.Put(i, 250'000);
    WaitUntilReclaimed(*snapshot.engine);
    for (unsigned i = 0; i < 10; i += 2) snapshot.ExpectContent(i);
  }
  store.Reopen();
  for (unsigned i = 1; i < 10; i += 2) store.ExpectContent(i);
  for (unsigned i = 20; i < 40; ++i) store.ExpectContent(i);
  store.engine.reset();
  EXPECT_TRUE(Check(data()).empty());
  EXPECT_TRUE(Check(target()).empty());
}

// Opening a snapshot cuts what was active in it to what it knows of. The store goes on with these
// segments, and seals them.
TEST_F(SnapshotTest, ASegmentThatIsSealedMeanwhileIsNotShared) {
  std::function<void()> meanwhile = [] {};
  const auto env =
      rocksdb::NewCompositeEnv(std::make_shared<CheckpointWatcher>([&meanwhile] { meanwhile(); }));
  Store store(run_, data(), env.get());
  store.Put(0, 250'000);
  store.Put(1, 250'000);
  meanwhile = [&] {
    for (unsigned i = 2; i < 80; ++i) store.Put(i, 250'000);
    WaitUntilReclaimed(*store.engine);
  };
  ASSERT_TRUE(TakeSnapshot(*store.engine, target()));
  {
    Store snapshot(run_, target());
    snapshot.ExpectContent(0);
    snapshot.ExpectContent(1);
    EXPECT_FALSE(snapshot.Has(2));
  }
  for (unsigned i = 0; i < 80; ++i) store.ExpectContent(i);
}

TEST_F(SnapshotTest, SpaceComesBackOnceTheSnapshotIsGone) {
  Store store(run_, data());
  const ExtentRef big = store.Put(1, 5'000'000);
  store.Put(2, 1000);
  const ExtentRef other = store.Put(3, 100'000);
  store.Reopen();
  ASSERT_TRUE(TakeSnapshot(*store.engine, target()));
  store.Drop(1, big);
  WaitUntilReclaimed(*store.engine);
  EXPECT_GT(Allocated(target()), 5'000'000u);
  Store(run_, target()).ExpectContent(1);
  fs::remove_all(target());
  store.Drop(3, other);  // wakes the reclaimer, which takes what it had put off along
  WaitUntilReclaimed(*store.engine);
  store.Reopen();
  WaitUntilReclaimed(*store.engine);
  EXPECT_LT(Allocated(data()), 1'000'000u);
  store.ExpectContent(2);
}

TEST_F(SnapshotTest, IsWholeWhileOthersWriteAndDelete) {
  Store store(run_, data());
  std::atomic<bool> stop{false};
  std::vector<std::thread> writers;
  for (unsigned writer = 0; writer < 3; ++writer) {
    writers.emplace_back([&, writer] {
      for (unsigned i = 0; !stop; ++i) {
        const unsigned number = writer * 1'000'000 + i;
        const ExtentRef ref = store.Put(number, 1 + (i * 7919) % 400'000);
        if (i % 3 != 0) store.Drop(number, ref);
      }
    });
  }
  for (int round = 0; round < 4; ++round) {
    const std::string directory = target() + std::to_string(round);
    const auto report = TakeSnapshot(*store.engine, directory);
    ASSERT_TRUE(report) << report.error().detail;
  }
  stop = true;
  for (std::thread& writer : writers) writer.join();
  for (int round = 0; round < 4; ++round) {
    const std::string directory = target() + std::to_string(round);
    for (const Finding& finding : Check(directory)) {
      EXPECT_EQ(finding.severity, Finding::Severity::kNote) << round << ": " << finding.what;
    }
    EXPECT_TRUE(OpenLocalEngine(SmallOptions(directory)));
  }
}

TEST_F(SnapshotTest, TheTargetMustBeNewAndOutside) {
  Store store(run_, data());
  store.Put(1, 1000);
  fs::create_directory(target());
  std::atomic<int> files = 0;
  EXPECT_TRUE(TakeSnapshot(*store.engine, target())) << "an empty directory will do";
  const auto again = TakeSnapshot(*store.engine, target());
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Errc::kInvalidArgument);
  const auto inside = TakeSnapshot(*store.engine, data() + "/segments/snapshot");
  ASSERT_FALSE(inside);
  EXPECT_EQ(inside.error().code, Errc::kInvalidArgument);
  EXPECT_FALSE(TakeSnapshot(*store.engine, directory_.path() + "/no/such/place"));
  for (const auto& entry : fs::directory_iterator(data() + "/segments")) {
    EXPECT_EQ(entry.path().extension(), ".seg");
    ++files;
  }
  EXPECT_GT(files, 0);
  Store(run_, target()).ExpectContent(1);
}

TEST_F(SnapshotTest, OneThatIsStoppedLeavesNothing) {
  Store store(run_, data());
  store.Put(1, 100'000);
  std::stop_source source;
  source.request_stop();
  const auto stopped = TakeSnapshot(*store.engine, target(), source.get_token());
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, Errc::kCancelled);
  EXPECT_FALSE(fs::exists(target()));
}

}  // namespace
}  // namespace blobgate::engine
