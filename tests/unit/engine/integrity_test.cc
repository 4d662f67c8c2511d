// What fsck finds in a local store that was damaged on purpose, and what it can set right.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/write_batch.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <thread>

#include "engine/local/catalog_db.h"
#include "engine/local/catalog_log.h"
#include "engine/local/catalog_rows.h"
#include "engine/local/commit_mark.h"
#include "engine/local/disk.h"
#include "engine/local/extent_format.h"
#include "engine/local/integrity_check.h"
#include "engine/local/offline_store.h"
#include "engine/local/segment_file.h"
#include "engine_harness.h"

namespace blobgate::engine {
namespace {

namespace fs = std::filesystem;
using Severity = Finding::Severity;

class IntegrityTest : public testing::Test {
 protected:
  IntegrityTest() { Open(); }

  std::string data() const { return directory_.path() + "/data"; }
  void Open() { engine_ = OpenLocalEngine(SmallOptions(data())).value(); }
  void Close() { engine_.reset(); }
  /// What kill -9 would leave: the files as they are under the open engine.
  void Crash() {
    const std::string copy = directory_.path() + "/crashed";
    fs::copy(data(), copy, fs::copy_options::recursive);
    Close();
    fs::remove_all(data());
    fs::rename(copy, data());
  }

  Status Commit(Batch batch) {
    const PartitionRef space = run_(engine_->catalog().Locate("space", "")).value();
    return run_(engine_->catalog().Commit(space, std::move(batch)));
  }
  ExtentRef Store(const std::string& key, const std::string& text) {
    const ExtentRef ref = run_(WriteText(engine_->extents(), text, 100'000)).value();
    Batch batch;
    std::string value;
    ref.EncodeTo(value);
    batch.puts = {{key, value}};
    batch.acquires = {ref};
    EXPECT_TRUE(Commit(std::move(batch)));
    references_.push_back(ref);
    return ref;
  }
  void Drop(const std::string& key, const ExtentRef& ref) {
    Batch batch;
    batch.deletes = {key};
    batch.releases = {ref};
    EXPECT_TRUE(Commit(std::move(batch)));
    std::erase(references_, ref);
  }

  std::string FileOf(const ExtentRef& ref) const {
    return SegmentPaths(SystemDisk(), data() + "/segments").PathOf(ref.space);
  }
  static void FlipBit(const std::string& path, std::uint64_t at, int bit) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(at));
    const char old = static_cast<char>(file.get());
    file.seekp(static_cast<std::streamoff>(at));
    file.put(static_cast<char>(old ^ (1 << bit)));
  }
  /// Changes the catalog behind the engine's back. REQUIRES: closed.
  template <class Change>
  void Tamper(Change change) {
    auto store = OfflineStore::Open(data()).value();
    ASSERT_TRUE(store->Reopen(/*writable=*/true));
    rocksdb::WriteBatch batch;
    change(store->db(), batch);
    ASSERT_TRUE(store->db().db().Write({}, &batch).ok());
  }
  static std::string KeyOf(const ExtentRef& ref) { return PlaceKey({ref.space, ref.position}); }

  struct Outcome {
    std::vector<Finding> findings;
    CheckTotals totals;
    Status repaired;

    std::size_t Count(Severity severity) const {
      return static_cast<std::size_t>(
          std::count_if(findings.begin(), findings.end(),
                        [&](const Finding& f) { return f.severity == severity; }));
    }
    bool Clean() const {
      return Count(Severity::kDamage) == 0 && Count(Severity::kRepairable) == 0;
    }
    std::string Text() const {
      std::string text;
      for (const Finding& finding : findings) text += finding.what + "\n";
      return text;
    }
  };
  Outcome Check(bool data_too = true, bool repair = false, bool complete = true) {
    auto store = OfflineStore::Open(data()).value();
    IntegrityCheck check(*store, {.data = data_too, .bytes_per_second = 0});
    EXPECT_TRUE(check.Run({references_, complete}));
    Outcome outcome;
    if (repair) outcome.repaired = check.Repair();
    outcome.findings = check.findings();
    outcome.totals = check.totals();
    return outcome;
  }
  /// Repairable, repaired, and then nothing is left and every content is there.
  void ExpectRepairable(std::string_view what) {
    const Outcome found = Check();
    EXPECT_EQ(found.Count(Severity::kDamage), 0u) << found.Text();
    EXPECT_GE(found.Count(Severity::kRepairable), 1u) << found.Text();
    EXPECT_THAT(found.Text(), testing::HasSubstr(std::string(what)));
    const Outcome again = Check(true, /*repair=*/true);
    EXPECT_TRUE(again.repaired) << again.repaired.error().detail;
    const Outcome after = Check();
    EXPECT_TRUE(after.Clean()) << after.Text();
  }

  TemporaryDirectory directory_;
  Runner run_;
  std::unique_ptr<Engine> engine_;
  std::vector<ExtentRef> references_;
};

TEST_F(IntegrityTest, ASoundStoreIsClean) {
  // No more than one segment takes: none is sealed while the files are copied.
  for (unsigned i = 0; i < 30; ++i) {
    Store("k" + std::to_string(i), RandomText(1 + i * 15'000, i));
  }
  Drop("k7", references_[7]);
  Crash();
  const Outcome crashed = Check();
  EXPECT_TRUE(crashed.Clean()) << crashed.Text();
  Open();
  Close();
  const Outcome closed = Check();
  EXPECT_TRUE(closed.findings.empty()) << closed.Text();
  EXPECT_EQ(closed.totals.extents, 29u);
  EXPECT_EQ(closed.totals.references, 29u);
  EXPECT_GE(closed.totals.bytes_read, closed.totals.live_bytes - 29 * kBlock);
}

TEST_F(IntegrityTest, AStoreInUseIsRefused) {
  const auto opened = OfflineStore::Open(data());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Errc::kUnavailable);
}

TEST_F(IntegrityTest, NothingIsMadeWhereThereIsNoStore) {
  const std::string empty = directory_.path() + "/empty";
  const auto opened = OfflineStore::Open(empty);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Errc::kNotFound);
  EXPECT_FALSE(fs::exists(empty));
}

// Every byte of what an extent stores, but for the padding, which no read looks at.
TEST_F(IntegrityTest, EveryFlippedBitOfContentOrTrailerIsFound) {
  const ExtentRef small = Store("small", RandomText(777, 1));
  const ExtentRef large = Store("large", RandomText(333'333, 2));
  Close();
  std::mt19937_64 random(20261125);
  for (int round = 0; round < 150; ++round) {
    const ExtentRef& ref = round % 3 == 0 ? small : large;
    const bool trailer = ref == large && round % 3 == 1;
    const std::uint64_t offset =
        trailer ? PaddedLength(ref.length) + random() % kBlock : random() % ref.length;
    const int bit = static_cast<int>(random() % 8);
    FlipBit(FileOf(ref), ref.position + offset, bit);
    const Outcome found = Check();
    ASSERT_EQ(found.findings.size(), 1u) << "offset " << offset << "\n" << found.Text();
    const Finding& finding = found.findings.front();
    EXPECT_EQ(finding.severity, Severity::kDamage);
    EXPECT_EQ(finding.extent, ref);
    if (!trailer) {
      EXPECT_LE(finding.offset, offset);
      EXPECT_GT(finding.offset + finding.length, offset);
      EXPECT_LE(finding.length, kChunk);
    } else {
      EXPECT_EQ(finding.length, ref.length);
      EXPECT_EQ(Check(/*data_too=*/false).findings.size(), 1u) << "trailers are always looked at";
    }
    FlipBit(FileOf(ref), ref.position + offset, bit);
  }
  EXPECT_TRUE(Check().findings.empty());
}

TEST_F(IntegrityTest, ALowCountIsRaised) {
  const ExtentRef ref = Store("k", RandomText(50'000, 3));
  Batch second;
  second.puts = {{"again", "x"}};
  second.acquires = {ref};
  ASSERT_TRUE(Commit(std::move(second)));
  references_.push_back(ref);
  Close();
  Tamper([&](CatalogDb& db, rocksdb::WriteBatch& batch) {
    (void)batch.Put(db.extents(), KeyOf(ref), ExtentRow{1, ref.length, ref.check}.Encode());
  });
  ExpectRepairable("1 references are counted, but there are 2");
}

TEST_F(IntegrityTest, AHighCountIsLoweredOnlyWhenAllRowsWereRead) {
  const ExtentRef ref = Store("k", RandomText(50'000, 4));
  Close();
  Tamper([&](CatalogDb& db, rocksdb::WriteBatch& batch) {
    (void)batch.Put(db.extents(), KeyOf(ref), ExtentRow{3, ref.length, ref.check}.Encode());
  });
  const Outcome partial = Check(true, /*repair=*/true, /*complete=*/false);
  EXPECT_TRUE(partial.Clean());
  EXPECT_EQ(partial.Count(Severity::kNote), 1u) << partial.Text();
  ExpectRepairable("3 references are counted, but there are 1");
}

TEST_F(IntegrityTest, AnExtentThatNobodyUsesBecomesGarbage) {
  const ExtentRef kept = Store("kept", RandomText(200'000, 5));
  const ExtentRef leaked = Store("leaked", RandomText(4'000'000, 6));
  Close();
  std::erase(references_, leaked);
  ExpectRepairable("1 references are counted, but there are 0");
  Open();
  WaitUntilReclaimed(*engine_);
  EXPECT_LT(engine_->Stats().live_bytes, 300'000u);
  EXPECT_TRUE(run_(ReadText(engine_->extents(), kept, 0, kept.length)));
  Close();
  EXPECT_TRUE(Check().findings.empty());
}

TEST_F(IntegrityTest, AUsedExtentWithoutARowIsTakenBack) {
  const std::string text = RandomText(150'000, 7);
  const ExtentRef ref = Store("k", text);
  Close();
  Tamper([&](CatalogDb& db, rocksdb::WriteBatch& batch) {
    (void)batch.Delete(db.extents(), KeyOf(ref));
    (void)batch.Put(db.garbage(), KeyOf(ref), EncodeLength(StoredLength(ref.length)));
  });
  ExpectRepairable("its bytes are intact");
  Open();
  WaitUntilReclaimed(*engine_);
  EXPECT_EQ(run_(ReadText(engine_->extents(), ref, 0, ref.length)), text);
}

TEST_F(IntegrityTest, WhatIsLeftOfAUsedExtentIsKept) {
  const ExtentRef ref = Store("k", RandomText(150'000, 8));
  Close();
  FlipBit(FileOf(ref), ref.position + 9, 3);
  Tamper([&](CatalogDb& db, rocksdb::WriteBatch& batch) {
    (void)batch.Delete(db.extents(), KeyOf(ref));
  });
  const Outcome found = Check(true, /*repair=*/true);
  EXPECT_EQ(found.Count(Severity::kDamage), 1u) << found.Text();
  EXPECT_THAT(found.Text(), testing::HasSubstr("its bytes are damaged"));
  Open();  // which would delete a segment without live bytes
  EXPECT_EQ(run_(engine_->extents().Read(ref, 100'000, 10)).value().size(), 10u);
}

TEST_F(IntegrityTest, GarbageThatIsInUseIsNotTakenOff) {
  const std::string text = RandomText(150'000, 9);
  const ExtentRef ref = Store("k", text);
  Close();
  Tamper([&](CatalogDb& db, rocksdb::WriteBatch& batch) {
    (void)batch.Put(db.garbage(), KeyOf(ref), EncodeLength(StoredLength(ref.length)));
  });
  ExpectRepairable("waits to be taken off");
  Open();
  WaitUntilReclaimed(*engine_);
  EXPECT_EQ(run_(ReadText(engine_->extents(), ref, 0, ref.length)), text);
}

TEST_F(IntegrityTest, LiveBytesAreCountedAnew) {
  const ExtentRef ref = Store("k", RandomText(150'000, 10));
  Close();
  Tamper([&](CatalogDb& db, rocksdb::WriteBatch& batch) {
    const SegmentRow row{SegmentRow::State::kSealed, 4096, ref.position + StoredLength(ref.length)};
    (void)batch.Put(db.meta(), SegmentKey(ref.space), row.Encode());
  });
  ExpectRepairable("live bytes are counted");
}

TEST_F(IntegrityTest, ASegmentThatLostItsRowGetsOne) {
  const std::string text = RandomText(150'000, 11);
  const ExtentRef ref = Store("k", text);
  Close();
  Tamper([&](CatalogDb& db, rocksdb::WriteBatch& batch) {
    (void)batch.Delete(db.meta(), SegmentKey(ref.space));
  });
  ExpectRepairable("has extents, but no row");
  Open();
  EXPECT_EQ(run_(ReadText(engine_->extents(), ref, 0, ref.length)), text);
}

TEST_F(IntegrityTest, AFileWithoutARowIsRemoved) {
  Store("k", RandomText(10'000, 12));
  Close();
  const std::string stray = SegmentPaths(SystemDisk(), data() + "/segments").PathOf(77);
  std::ofstream(stray) << std::string(5000, 'x');
  EXPECT_EQ(Check().Count(Severity::kNote), 1u);
  const Outcome repaired = Check(true, /*repair=*/true);
  EXPECT_TRUE(repaired.findings.front().repaired);
  EXPECT_FALSE(fs::exists(stray));
}

TEST_F(IntegrityTest, MissingAndShortSegmentsAreDamageOfTheirExtents) {
  const ExtentRef first = Store("first", RandomText(150'000, 13));
  Close();
  const auto size = fs::file_size(FileOf(first));
  fs::resize_file(FileOf(first), size - kBlock);
  Outcome found = Check(/*data_too=*/false);
  EXPECT_EQ(found.findings.back().extent, first) << found.Text();
  EXPECT_GE(found.Count(Severity::kDamage), 1u);
  fs::remove(FileOf(first));
  found = Check(/*data_too=*/false);
  EXPECT_EQ(found.Count(Severity::kDamage), 1u) << found.Text();
  EXPECT_EQ(found.findings.back().extent, first);
}

TEST_F(IntegrityTest, OverlappingExtentsAreDamage) {
  const ExtentRef ref = Store("k", RandomText(150'000, 14));
  Close();
  const ExtentRef inside{ref.space, ref.position + kBlock, 100, 42};
  references_.push_back(inside);
  Tamper([&](CatalogDb& db, rocksdb::WriteBatch& batch) {
    (void)batch.Put(db.extents(), KeyOf(inside), ExtentRow{1, 100, 42}.Encode());
  });
  EXPECT_THAT(Check().Text(), testing::HasSubstr("it overlaps the one at"));
}

/// A store in which extents moved: "keep" stayed where it was, "moved" did not.
class MovedIntegrityTest : public IntegrityTest {
 protected:
  void Fill() {
    Close();
    LocalOptions options = SmallOptions(data());
    options.rewrite_live_percent = 90;
    options.segment_bytes = 1024 * 1024;
    options.large_writers = 1;
    engine_ = OpenLocalEngine(options).value();
    const ExtentRef dead = Store("dead", RandomText(500'000, 30));
    moved_ = Store("moved", text_);
    for (unsigned i = 0; i < 4; ++i) Store("k" + std::to_string(i), RandomText(400'000, i));
    Drop("dead", dead);
    WaitUntilReclaimed(*engine_);
    RewriteSparseSegments(*engine_);
    WaitUntilReclaimed(*engine_);
    const auto present = PresentPlace(*engine_, moved_);
    ASSERT_TRUE(present);
    place_ = {present->space, present->position};
    ASSERT_NE(place_.segment, moved_.space);
    Close();
    const Outcome sound = Check();
    ASSERT_TRUE(sound.findings.empty()) << sound.Text();
  }
  void ExpectReadable() {
    Open();
    EXPECT_EQ(run_(ReadText(engine_->extents(), moved_, 0, moved_.length)), text_);
  }

  const std::string text_ = RandomText(150'000, 31);
  ExtentRef moved_;
  Place place_;
};

TEST_F(MovedIntegrityTest, AMovedExtentThatIsNotNotedIsNoted) {
  Fill();
  Tamper([&](CatalogDb& db, rocksdb::WriteBatch& batch) {
    (void)batch.Delete(db.meta(), MovedKey(place_));
  });
  ExpectRepairable("is not noted");
  ExpectReadable();
}

TEST_F(MovedIntegrityTest, ANoteOfNoExtentGoes) {
  Fill();
  Tamper([&](CatalogDb& db, rocksdb::WriteBatch& batch) {
    const MovedRow row{{77, 4096}, 8192};
    (void)batch.Put(db.meta(), MovedKey({place_.segment, 64ull << 20}), row.Encode());
  });
  ExpectRepairable("no extent moved to");
  ExpectReadable();
}

TEST_F(MovedIntegrityTest, AUsedExtentWithoutARowIsFoundWhereItMoved) {
  Fill();
  Tamper([&](CatalogDb& db, rocksdb::WriteBatch& batch) {
    (void)batch.Delete(db.extents(), KeyOf(moved_));
  });
  ExpectRepairable("its bytes are intact");
  ExpectReadable();
}

TEST_F(MovedIntegrityTest, ASegmentThatExtentsLeftIsMarked) {
  Fill();
  Tamper([&](CatalogDb& db, rocksdb::WriteBatch& batch) {
    const SegmentRow row{SegmentRow::State::kSealed, 0, 4096};
    (void)batch.Put(db.meta(), SegmentKey(moved_.space), row.Encode());
  });
  std::ofstream(FileOf(moved_)) << std::string(4096, 'x');
  ExpectRepairable("extents moved out of it");
  ExpectReadable();
}

TEST_F(MovedIntegrityTest, DamageOfAMovedExtentIsFound) {
  Fill();
  FlipBit(SegmentPaths(SystemDisk(), data() + "/segments").PathOf(place_.segment),
          place_.position + 70'000, 2);
  const Outcome found = Check();
  ASSERT_EQ(found.Count(Severity::kDamage), 1u) << found.Text();
  EXPECT_EQ(found.findings.front().extent, moved_);
}

class CatalogRotTest : public IntegrityTest {
 protected:
  std::string Newest(std::string_view suffix) const {
    std::string newest;
    for (const auto& entry : fs::directory_iterator(data() + "/catalog")) {
      const std::string path = entry.path().string();
      if (path.ends_with(suffix) && fs::file_size(path) > 0) newest = std::max(newest, path);
    }
    return newest;
  }
};

TEST_F(CatalogRotTest, ADamagedTableIsFound) {
  for (int i = 0; i < 50; ++i) Store("k" + std::to_string(i), "text " + std::to_string(i));
  Close();
  const std::string table = Newest(".sst");
  ASSERT_FALSE(table.empty());
  FlipBit(table, 20, 1);
  const Outcome found = Check(true, /*repair=*/true);
  EXPECT_GE(found.Count(Severity::kDamage), 1u);
  EXPECT_FALSE(found.repaired) << "a damaged catalog is not written to";
}

// RocksDB takes a damaged record for one that a power cut tore, and drops all that follows.
TEST_F(CatalogRotTest, ADamagedLogIsNotTakenForATornOne) {
  for (int i = 0; i < 50; ++i) Store("k" + std::to_string(i), RandomText(100, 15));
  Crash();
  const std::string log = Newest(".log");
  ASSERT_FALSE(log.empty());
  std::uint64_t size = 0;  // without the zeros behind it
  ASSERT_TRUE(FindEndOfLog(*rocksdb::FileSystem::Default(), log, &size).ok());
  std::mt19937_64 random(1);
  for (int round = 0; round < 40; ++round) {
    const std::uint64_t at = random() % size;
    const int bit = static_cast<int>(random() % 8);
    FlipBit(log, at, bit);
    EXPECT_GE(Check().Count(Severity::kDamage), 1u) << "byte " << at << " of " << size;
    const auto opened = OpenLocalEngine(SmallOptions(data()));
    ASSERT_FALSE(opened) << "byte " << at << " of " << size;
    EXPECT_EQ(opened.error().code, Errc::kCorruption);
    FlipBit(log, at, bit);  // nothing was changed: this undoes it
  }
  EXPECT_TRUE(Check().Clean());
  Open();
}

TEST_F(CatalogRotTest, DamageToTheZerosBehindTheLogIsNone) {
  for (int i = 0; i < 20; ++i) Store("k" + std::to_string(i), RandomText(100, 15));
  while (fs::file_size(Newest(".log")) < LogFiles::kLeastAhead) std::this_thread::yield();
  Crash();
  const std::string log = Newest(".log");
  std::uint64_t end = 0;
  ASSERT_TRUE(FindEndOfLog(*rocksdb::FileSystem::Default(), log, &end).ok());
  ASSERT_GT(fs::file_size(log), end + 10'000);
  for (const std::uint64_t behind : {0, 3, 4, 6, 7, 100, 9'999}) FlipBit(log, end + behind, 0);
  EXPECT_TRUE(Check().Clean());
  Open();
}

TEST_F(CatalogRotTest, AnEmptyCatalogIsNotTakenForANewStore) {
  const ExtentRef ref = Store("k", RandomText(100, 16));
  Close();
  fs::remove_all(data() + "/catalog");
  const auto opened = OpenLocalEngine(SmallOptions(data()));
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Errc::kCorruption);
  EXPECT_TRUE(fs::exists(FileOf(ref))) << "its segments are not removed as strays";
}

TEST(CommitMarkTest, HoldsTheLastNumberAndSurvivesOneDamagedSlot) {
  TemporaryDirectory directory;
  EXPECT_EQ(CommitMark::Read(SystemDisk(), directory.path()), 0u);
  {
    CommitMark mark(SystemDisk(), directory.path());
    mark.Store(7);
    mark.Store(1'000'000'007);
  }
  EXPECT_EQ(CommitMark::Read(SystemDisk(), directory.path()), 1'000'000'007u);
  const std::string file = directory.path() + "/ACKNOWLEDGED";
  for (const std::size_t slot : {0u, 512u}) {
    std::fstream out(file, std::ios::in | std::ios::out | std::ios::binary);
    out.seekp(static_cast<std::streamoff>(slot + 9));
    out.put('x');
    out.close();
    EXPECT_EQ(CommitMark::Read(SystemDisk(), directory.path()), slot == 0 ? 1'000'000'007u : 0u);
  }
}

}  // namespace
}  // namespace blobgate::engine
