// Files of the catalog's log: the zeros ahead of it are written, and are never taken for a part of
// it, whatever a crash leaves.
#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "engine/local/catalog_env.h"
#include "engine/local/catalog_log.h"
#include "engine_harness.h"

namespace blobgate::engine {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kHeader = 7;

/// As RocksDB writes it, but for the checksum.
std::string Record(std::size_t length, char type = 1) {
  std::string record = "sum.";
  record += static_cast<char>(length % 256);
  record += static_cast<char>(length / 256);
  record += type;
  return record.append(length, 'x');
}

std::string Zeros(std::size_t size) {
  return std::string(size, '\0');
}

std::string ReadAll(const std::string& path) {
  std::ostringstream out;
  out << std::ifstream(path, std::ios::binary).rdbuf();
  return out.str();
}

void WriteAll(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary) << content;
}

std::uint64_t EndOf(const std::string& content) {
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/1.log";
  WriteAll(path, content);
  std::uint64_t end = 0;
  EXPECT_TRUE(FindEndOfLog(*rocksdb::FileSystem::Default(), path, &end).ok());
  return end;
}

TEST(EndOfLogTest, IsTheFilesWhereNoZerosAre) {
  EXPECT_EQ(EndOf(""), 0);
  EXPECT_EQ(EndOf("x"), 1);
  EXPECT_EQ(EndOf(Record(0)), kHeader);
  EXPECT_EQ(EndOf(Record(10) + Record(70)), 2 * kHeader + 80);
  const std::string block = Record(kLogBlock - kHeader);
  EXPECT_EQ(EndOf(block), kLogBlock);
  EXPECT_EQ(EndOf(block + block + Record(5)), 2 * kLogBlock + kHeader + 5);
}

TEST(EndOfLogTest, IsBeforeZeros) {
  EXPECT_EQ(EndOf(Zeros(kHeader)), 0);
  EXPECT_EQ(EndOf(Zeros(3 * kLogBlock)), 0);
  EXPECT_EQ(EndOf(Record(10) + Zeros(100'000)), kHeader + 10);
  const std::string block = Record(kLogBlock - kHeader);
  EXPECT_EQ(EndOf(block + Zeros(1'000)), kLogBlock);
  EXPECT_EQ(EndOf(block + Record(1) + Zeros(100'000)), kLogBlock + kHeader + 1);
}

TEST(EndOfLogTest, IsBeforeZerosThatRecordsFollow) {
  const std::string block = Record(kLogBlock - kHeader);
  EXPECT_EQ(EndOf(block + Zeros(kLogBlock) + block), kLogBlock);
  EXPECT_EQ(EndOf(Zeros(512) + Record(10)), 0);
  EXPECT_EQ(EndOf(Record(10) + Zeros(kLogBlock - kHeader - 10) + block), kHeader + 10);
}

TEST(EndOfLogTest, TornHeaderThatRocksDbWouldSkipIsTheEnd) {
  const std::string torn = "sum" + Zeros(kHeader - 3);
  EXPECT_EQ(EndOf(Record(10) + torn + Record(20)), kHeader + 10);
}

TEST(EndOfLogTest, RestOfABlockThatIsTooSmallForAHeaderIsNone) {
  for (std::size_t rest = 1; rest < kHeader; ++rest) {
    const std::string block = Record(kLogBlock - kHeader - rest) + Zeros(rest);
    EXPECT_EQ(EndOf(block + Record(10) + Zeros(100)), kLogBlock + kHeader + 10);
  }
  const std::string block = Record(kLogBlock - 2 * kHeader) + Zeros(kHeader);
  EXPECT_EQ(EndOf(block + Record(10)), kLogBlock - kHeader);
}

TEST(EndOfLogTest, WhatIsNoRecordIsLeftToRocksDb) {
  const std::string tail = Zeros(1'000);
  for (const std::string& bad :
       {Record(10, 5), Record(10, 0), Record(10, '\xff'), std::string("sum.\xff\xff\x01") + tail}) {
    EXPECT_EQ(EndOf(Record(3) + bad + tail), kHeader + 3 + bad.size() + tail.size());
  }
  // RocksDB does not look behind it, so that what is said of the blocks that follow does not
  // matter.
  EXPECT_EQ(EndOf(Record(10, 9) + Zeros(kLogBlock)), kLogBlock);
}

class LogFileTest : public testing::Test {
 protected:
  std::string path(int number = 1) const {
    return directory_.path() + "/" + std::to_string(number) + ".log";
  }
  std::unique_ptr<rocksdb::FSWritableFile> Make(int number = 1) {
    auto file = files_.Make(path(number), {});
    EXPECT_NE(file, nullptr) << "the temporary directory has no direct I/O";
    return file;
  }
  static bool Append(rocksdb::FSWritableFile& file, const std::string& data) {
    return file.Append(data, {}, nullptr).ok();
  }
  void AwaitSize(std::uint64_t least) {
    while (fs::file_size(path()) < least) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }

  const TemporaryDirectory directory_;
  std::atomic<bool> has_room_{true};
  LogFiles files_{rocksdb::FileSystem::Default(), [this] { return has_room_.load(); }};
};

TEST_F(LogFileTest, KeepsWhatIsAppendedWhateverItsSize) {
  const auto file = Make();
  std::string all;
  for (const std::size_t size : {1, 6, 4089, 4096, 4095, 300'000, 1, 262'144, 8191, 12'288}) {
    const std::string piece(size, static_cast<char>('a' + all.size() % 26));
    ASSERT_TRUE(Append(*file, piece));
    all += piece;
    ASSERT_TRUE(file->Sync({}, nullptr).ok());
    EXPECT_EQ(file->GetFileSize({}, nullptr), all.size());
    const std::string found = ReadAll(path());
    ASSERT_GE(found.size(), all.size());
    EXPECT_TRUE(found.starts_with(all));
    EXPECT_EQ(found.find_first_not_of('\0', all.size()), found.npos);
  }
  ASSERT_TRUE(file->Close({}, nullptr).ok());
  EXPECT_EQ(ReadAll(path()), all);
}

TEST_F(LogFileTest, ZerosGoAheadMoreEachTime) {
  const auto file = Make();
  ASSERT_TRUE(Append(*file, "x"));
  AwaitSize(LogFiles::kLeastAhead);
  std::uint64_t written = 1;
  for (std::uint64_t ahead = LogFiles::kLeastAhead; ahead < LogFiles::kMostAhead; ahead *= 2) {
    const std::string piece(ahead, 'x');
    ASSERT_TRUE(Append(*file, piece));
    written += piece.size();
    AwaitSize(written + ahead);
  }
  const std::string found = ReadAll(path());
  EXPECT_EQ(found.find('\0'), written);
  EXPECT_EQ(found.find_first_not_of('\0', written), found.npos);
}

TEST_F(LogFileTest, NoneWithoutRoom) {
  has_room_ = false;
  const auto file = Make();
  for (int i = 0; i < 300; ++i) ASSERT_TRUE(Append(*file, std::string(4096, 'x')));
  EXPECT_EQ(fs::file_size(path()), 300 * 4096);
  ASSERT_TRUE(file->Close({}, nullptr).ok());
  EXPECT_EQ(ReadAll(path()), std::string(300 * 4096, 'x'));
}

TEST_F(LogFileTest, ClosedWhileZerosAreWrittenItHasNone) {
  for (int i = 0; i < 50; ++i) {
    const auto file = Make(i);
    const std::string content(10'000 * static_cast<std::size_t>(i + 1), 'x');
    ASSERT_TRUE(Append(*file, content));
    if (i % 3 == 1) std::this_thread::sleep_for(std::chrono::microseconds(100 * i));
    ASSERT_TRUE(file->Close({}, nullptr).ok());
    if (i % 5 == 4) std::this_thread::sleep_for(std::chrono::milliseconds(3));
    EXPECT_EQ(ReadAll(path(i)), content);
  }
}

/// A file system that knows no direct I/O.
class BufferedFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  BufferedFileSystem() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  const char* Name() const override { return "Buffered"; }
  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* result,
                                    rocksdb::IODebugContext* context) override {
    if (options.use_direct_writes) return rocksdb::IOStatus::InvalidArgument("O_DIRECT");
    return FileSystemWrapper::NewWritableFile(name, options, result, context);
  }
};

class CatalogLogTest : public testing::Test {
 protected:
  std::string data() const { return directory_.path() + "/db"; }
  std::string copy() const { return directory_.path() + "/copy"; }

  std::unique_ptr<rocksdb::DB> Open(const std::string& path) {
    rocksdb::Options options;
    options.create_if_missing = true;
    options.env = env_.get();
    options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
    options.track_and_verify_wals_in_manifest = true;
    rocksdb::DB* db = nullptr;
    const auto opened = rocksdb::DB::Open(options, path, &db);
    EXPECT_TRUE(opened.ok()) << opened.ToString();
    return std::unique_ptr<rocksdb::DB>(db);
  }
  static void Put(rocksdb::DB& db, const std::string& key, const std::string& value) {
    rocksdb::WriteOptions synced;
    synced.sync = true;
    ASSERT_TRUE(db.Put(synced, key, value).ok());
  }
  static bool Has(rocksdb::DB& db, const std::string& key) {
    std::string value;
    return db.Get({}, key, &value).ok();
  }
  static std::string LogOf(const std::string& directory) {
    std::string found;
    for (const auto& entry : fs::directory_iterator(directory)) {
      if (entry.path().extension() == ".log") found = entry.path().string();
    }
    return found;
  }
  void Copy() {
    fs::remove_all(copy());
    fs::copy(data(), copy(), fs::copy_options::recursive);
  }

  const TemporaryDirectory directory_;
  std::unique_ptr<rocksdb::Env> env_ = MakeCatalogEnv(nullptr, [] { return true; });
};

TEST_F(CatalogLogTest, EverythingIsFoundAfterACrashAtAnyTime) {
  auto db = Open(data());
  for (int i = 0; i < 40; ++i) {
    Put(*db, std::to_string(i), std::string(static_cast<std::size_t>(i) * 1'500, 'v'));
    Copy();
    auto again = Open(copy());
    for (int j = 0; j <= i; ++j) EXPECT_TRUE(Has(*again, std::to_string(j))) << i << " " << j;
  }
}

TEST_F(CatalogLogTest, ZerosAreNoPartOfTheFilesSize) {
  auto db = Open(data());
  Put(*db, "key", "value");
  const std::string log = LogOf(data());
  while (fs::file_size(log) < LogFiles::kLeastAhead) std::this_thread::yield();
  std::uint64_t size = 0;
  ASSERT_TRUE(env_->GetFileSize(log, &size).ok());
  EXPECT_GT(size, 0);
  EXPECT_LT(size, 100);
}

// A power cut may keep the third and lose the second, when neither was synced.
TEST_F(CatalogLogTest, NothingIsFoundBehindWhatWasLost) {
  auto db = Open(data());
  // The batch: its head, a tag, the key and the lengths of both.
  const std::string block(kLogBlock - kHeader - 12 - 1 - 1 - 1 - 3, 'v');
  for (const std::string key : {"1", "2", "3"}) Put(*db, key, block);
  Copy();
  const std::string log = LogOf(copy());
  std::string content = ReadAll(log);
  ASSERT_GE(content.size(), 3 * kLogBlock);
  ASSERT_EQ(EndOfLogBlock({content.data() + 2 * kLogBlock, kLogBlock}), kLogBlock);
  content.replace(kLogBlock, kLogBlock, kLogBlock, '\0');
  WriteAll(log, content);
  auto again = Open(copy());
  EXPECT_TRUE(Has(*again, "1"));
  EXPECT_FALSE(Has(*again, "2"));
  EXPECT_FALSE(Has(*again, "3"));
}

TEST_F(CatalogLogTest, WhatIsTornEndsTheLog) {
  auto db = Open(data());
  for (const std::string key : {"1", "2", "3"}) Put(*db, key, std::string(50'000, 'v'));
  for (const std::size_t lost : {50'100, 60'000, 65'530, 65'536, 90'000}) {
    Copy();
    const std::string log = LogOf(copy());
    std::string content = ReadAll(log);
    content.replace(lost, 512, 512, '\0');
    WriteAll(log, content);
    auto again = Open(copy());
    EXPECT_TRUE(Has(*again, "1")) << lost;
    EXPECT_FALSE(Has(*again, "2")) << lost;
    EXPECT_FALSE(Has(*again, "3")) << lost;
  }
}

TEST_F(CatalogLogTest, OrdinaryFilesWhereThereIsNoDirectIo) {
  const auto base = rocksdb::NewCompositeEnv(std::make_shared<BufferedFileSystem>());
  env_ = MakeCatalogEnv(base.get(), [] { return true; });
  auto db = Open(data());
  for (int i = 0; i < 100; ++i) Put(*db, std::to_string(i), std::string(5'000, 'v'));
  Copy();
  auto again = Open(copy());
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(Has(*again, std::to_string(i)));
}

}  // namespace
}  // namespace blobgate::engine
