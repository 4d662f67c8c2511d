// What include/blobgate/engine/ promises, for every engine. commit_together_test.cc goes on.
#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "base/crc64.h"
#include "conformance.h"

namespace blobgate::engine {
namespace {

TEST_P(Conformance, PutGetDelete) {
  EXPECT_EQ(Get("a"), std::nullopt);
  ASSERT_TRUE(Put("a", "1"));
  const auto first = Get("a");
  ASSERT_TRUE(first);
  EXPECT_EQ(first->value, "1");
  EXPECT_NE(first->version, 0u);
  ASSERT_TRUE(Put("a", "2"));
  const auto second = Get("a");
  EXPECT_NE(second->version, first->version);
  Batch remove;
  remove.deletes = {"a", "never there"};
  ASSERT_TRUE(Commit(std::move(remove)));
  EXPECT_EQ(Get("a"), std::nullopt);
  ASSERT_TRUE(Put("a", "1"));
  EXPECT_NE(Get("a")->version, first->version) << "versions are never used again";
}

TEST_P(Conformance, Preconditions) {
  ASSERT_TRUE(Put("there", "x"));
  const auto row = Get("there");
  const std::vector<std::pair<Precondition, bool>> cases = {
      {Precondition::Absent("there"), false},
      {Precondition::Absent("gone"), true},
      {Precondition::Present("there"), true},
      {Precondition::Present("gone"), false},
      {Precondition::At("there", row->version), true},
      {Precondition::At("there", row->version + 1), false},
      {Precondition::At("gone", row->version), false},
      {Precondition::Unchanged("there", row), true},
      {Precondition::Unchanged("gone", std::nullopt), true},
      {Precondition::Unchanged("there", std::nullopt), false},
  };
  for (const auto& [condition, holds] : cases) {
    Batch batch;
    batch.preconditions = {condition};
    batch.puts = {{"other", "y"}};
    batch.deletes = {"there too"};
    if (holds) {
      EXPECT_TRUE(Commit(std::move(batch)));
    } else {
      EXPECT_EQ(CommitError(std::move(batch)), Errc::kConflict);
    }
  }
}

TEST_P(Conformance, AFailedBatchLeavesNothing) {
  const ExtentRef ref = Write("content");
  Batch batch;
  batch.preconditions = {Precondition::Present("gone")};
  batch.puts = {{"a", "1"}};
  batch.acquires = {ref};
  EXPECT_EQ(CommitError(std::move(batch)), Errc::kConflict);
  EXPECT_EQ(Get("a"), std::nullopt);
  EXPECT_TRUE(Acquire({ref})) << "still fresh";
}

TEST_P(Conformance, PartitionsAreApart) {
  const PartitionRef one = Partition("one"), two = Partition("two");
  Batch batch;
  batch.puts = {{"key", "1"}};
  ASSERT_TRUE(run_(catalog().Commit(one, batch)));
  EXPECT_TRUE(run_(catalog().Get(one, "key")).value());
  EXPECT_FALSE(run_(catalog().Get(two, "key")).value());
  EXPECT_EQ(Partition("one"), one);
  EXPECT_EQ(run_(catalog().PartitionsOf("one")).value(), std::vector{one});
  EXPECT_EQ(run_(catalog().Find("one", "name")).value(), one);
  EXPECT_FALSE(run_(catalog().Find("never located", "name")).value());
  EXPECT_TRUE(run_(catalog().PartitionsOf("never located")).value().empty());
}

// An engine need not know anything, but what it says it knows is what Find and Get would say.
TEST_P(Conformance, WhatIsKnownIsWhatIsThere) {
  const auto known = [this](std::string_view name_space, std::string_view key) {
    auto found = catalog().Known(name_space, "name", key);
    return found ? std::optional(found->row.value) : std::nullopt;
  };
  EXPECT_FALSE(known("never located", "key"));
  const PartitionRef one = Partition("one");
  Partition("two");
  EXPECT_FALSE(known("one", "key"));
  EXPECT_FALSE(known("one", ""));
  EXPECT_FALSE(known("one", std::string(Catalog::kMaxKeySize + 1, 'k')));
  for (const std::string value : {"1", "2", "3"}) {
    Batch put;
    put.puts = {{"key", value}};
    ASSERT_TRUE(run_(catalog().Commit(one, put)));
    EXPECT_EQ(known("one", "key").value_or(value), value);
    const auto row = run_(catalog().Get(one, "key")).value();
    EXPECT_EQ(row->value, value);
    if (const auto found = catalog().Known("one", "name", "key")) {
      EXPECT_EQ(found->row.value, value);
      EXPECT_EQ(found->row.version, row->version);
      EXPECT_EQ(found->partition, one);
    }
    EXPECT_FALSE(known("two", "key"));
  }
  Batch remove;
  remove.deletes = {"key"};
  ASSERT_TRUE(run_(catalog().Commit(one, remove)));
  EXPECT_FALSE(known("one", "key"));
}

TEST_P(Conformance, ScanVisitsInOrderAndSeeksAndStops) {
  for (const char* key : {"a", "b/1", "b/2", "b/3", "c", "\xff"}) ASSERT_TRUE(Put(key, key));
  auto scan = [this](std::string from, std::string end, auto step) {
    std::vector<std::string> seen;
    ScanVisitor visitor = [&](std::string_view key, std::string_view value, RowVersion version) {
      EXPECT_EQ(key, value);
      EXPECT_NE(version, 0u);
      seen.emplace_back(key);
      return step(key);
    };
    EXPECT_TRUE(run_(catalog().Scan(Partition(), from, end, visitor)));
    return seen;
  };
  using Keys = std::vector<std::string>;
  auto next = [](std::string_view) { return ScanStep::Next(); };
  EXPECT_EQ(scan("", "", next), (Keys{"a", "b/1", "b/2", "b/3", "c", "\xff"}));
  EXPECT_EQ(scan("b/2", "c", next), (Keys{"b/2", "b/3"}));
  EXPECT_EQ(scan("b", "b", next), Keys{});
  EXPECT_EQ(scan("", "", [](auto) { return ScanStep::Stop(); }), Keys{"a"});
  EXPECT_EQ(scan("", "",
                 [](std::string_view key) {
                   return key == "b/1" ? ScanStep::Seek("b0") : ScanStep::Next();
                 }),
            (Keys{"a", "b/1", "c", "\xff"}));
}

TEST_P(Conformance, KeysAndValuesHaveLimits) {
  EXPECT_EQ(Put("", "x").error().code, Errc::kInvalidArgument);
  EXPECT_EQ(Put(std::string("a\0b", 3), "x").error().code, Errc::kInvalidArgument);
  EXPECT_EQ(Put(std::string(4097, 'k'), "x").error().code, Errc::kInvalidArgument);
  EXPECT_TRUE(Put(std::string(4096, 'k'), std::string(64 * 1024, 'v')));
  EXPECT_EQ(Put("k", std::string(64 * 1024 + 1, 'v')).error().code, Errc::kTooLarge);
  Batch twice;
  twice.puts = {{"a", "1"}};
  twice.deletes = {"a"};
  EXPECT_EQ(CommitError(std::move(twice)), Errc::kInvalidArgument);
}

TEST_P(Conformance, OfManyCommitsOnOneConditionExactlyOneWins) {
  constexpr int kRounds = 20, kRivals = 16;
  for (int round = 0; round < kRounds; ++round) {
    const auto row = Get("contended");
    std::vector<std::future<Status>> rivals;
    for (int i = 0; i < kRivals; ++i) {
      Batch batch;
      batch.preconditions = {Precondition::Unchanged("contended", row)};
      batch.puts = {{"contended", std::to_string(i)}};
      rivals.push_back(boost::asio::co_spawn(run_.executor(),
                                             catalog().Commit(Partition(), std::move(batch)),
                                             boost::asio::use_future));
    }
    int won = 0;
    for (auto& rival : rivals) {
      const Status status = rival.get();
      won += status ? 1 : 0;
      if (!status) EXPECT_EQ(status.error().code, Errc::kConflict);
    }
    EXPECT_EQ(won, 1);
  }
}

TEST_P(Conformance, ExtentsOfManyLengthsReadBackFromEverywhere) {
  constexpr std::uint64_t kChunk = 32 * 1024;
  for (std::size_t length : {1ul, 4095ul, 4096ul, 4097ul, kChunk - 1, kChunk, kChunk + 1, 262'143ul,
                             262'144ul, 262'145ul, 3'145'731ul}) {
    const std::string text = RandomText(length, static_cast<unsigned>(length));
    for (std::size_t piece : {256ul * 1024, 10'007ul}) {
      const ExtentRef ref = Write(text, piece);
      EXPECT_EQ(ref.length, length);
      EXPECT_EQ(ref.check, Crc64(AsBytes(text)));
      ASSERT_TRUE(Acquire({ref}));
      EXPECT_EQ(run_(ReadText(extents(), ref, 0, length)).value(), text);
      for (std::uint64_t at :
           {std::uint64_t{0}, std::uint64_t{1}, kChunk - 1, kChunk, kChunk + 1, length - 1}) {
        if (at >= length) continue;
        const std::uint64_t size = std::min<std::uint64_t>(length - at, 40'000);
        EXPECT_EQ(run_(ReadText(extents(), ref, at, size)).value(), text.substr(at, size));
      }
    }
  }
}

TEST_P(Conformance, WritersCheckTheirLength) {
  EXPECT_FALSE(run_(extents().Create(0)));
  EXPECT_FALSE(run_(extents().Create(ExtentStore::kMaxExtent + 1)));
  auto writer = run_(extents().Create(4)).value();
  EXPECT_EQ(run_(writer->Append(AsBytes("12345"))).error().code, Errc::kInvalidArgument);
  auto shorter = run_(extents().Create(4)).value();
  EXPECT_TRUE(run_(shorter->Append(AsBytes("123"))));
  EXPECT_EQ(run_(shorter->Finish()).error().code, Errc::kInvalidArgument);
  const ExtentRef ref = Write("1234");
  EXPECT_FALSE(run_(extents().Read(ref, 0, 0)));
  EXPECT_FALSE(run_(extents().Read(ref, 3, 2)));
  EXPECT_FALSE(run_(extents().Read(ref, UINT64_MAX, 2)));
}

TEST_P(Conformance, ReferencesAreCounted) {
  const ExtentRef ref = Write("shared");
  ASSERT_TRUE(Acquire({ref, ref}));
  ASSERT_TRUE(Acquire({ref}));
  ASSERT_TRUE(Release({ref, ref}));
  EXPECT_EQ(run_(ReadText(extents(), ref, 0, 6)).value(), "shared");
  Batch moved;
  moved.acquires = {ref};
  moved.releases = {ref};
  ASSERT_TRUE(Commit(std::move(moved)));
  EXPECT_TRUE(Acquire({ref}));
  ASSERT_TRUE(Release({ref, ref}));
  EXPECT_EQ(Acquire({ref}).error().code, Errc::kExtentGone);
  EXPECT_EQ(engine_->Stats().live_bytes, 0u);
}

TEST_P(Conformance, ADiscardedExtentCannotBeAcquired) {
  const ExtentRef ref = Write("unwanted");
  extents().Discard(ref);
  EXPECT_EQ(Acquire({ref}).error().code, Errc::kExtentGone);
}

TEST_P(Conformance, AReaderUnderAGuardFinishes) {
  const std::string text = RandomText(300'000, 7);
  const ExtentRef ref = Write(text);
  ASSERT_TRUE(Acquire({ref}));
  const ReadGuard guard = extents().BeginRead();
  ASSERT_TRUE(Release({ref}));
  EXPECT_EQ(run_(ReadText(extents(), ref, 0, text.size())).value(), text);
}

TEST_P(Conformance, AReaderUnderANarrowedGuardFinishes) {
  const std::string text = RandomText(300'000, 8);
  const ExtentRef ref = Write(text), other = Write("other");
  ASSERT_TRUE(Acquire({ref, other}));
  const ReadGuard guard = extents().Narrow(extents().BeginRead(), {ref});
  ASSERT_TRUE(Release({other, ref}));
  EXPECT_EQ(run_(ReadText(extents(), ref, 0, text.size())).value(), text);
}

TEST_P(Conformance, ManyWritersAtOnce) {
  std::vector<std::future<Result<ExtentRef>>> writers;
  for (unsigned i = 0; i < 64; ++i) {
    writers.push_back(boost::asio::co_spawn(
        run_.executor(), WriteText(extents(), RandomText(1000 + i * 5000, i), 50'000),
        boost::asio::use_future));
  }
  for (unsigned i = 0; i < 64; ++i) {
    const ExtentRef ref = writers[i].get().value();
    ASSERT_TRUE(Acquire({ref}));
    EXPECT_EQ(run_(ReadText(extents(), ref, 0, ref.length)).value(), RandomText(ref.length, i));
  }
}

INSTANTIATE_TEST_SUITE_P(Engines, Conformance, kEngines, NameOf);

}  // namespace
}  // namespace blobgate::engine
