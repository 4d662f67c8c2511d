#include "blob/records.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "base/codec.h"
#include "unit/blob/random_records.h"

namespace blobgate::blob {
namespace {

constexpr int kRounds = 500;

void ExpectSame(const Content& a, const Content& b) {
  EXPECT_EQ(a.block_list, b.block_list);
  ASSERT_EQ(a.blocks.size(), b.blocks.size());
  for (std::size_t i = 0; i < a.blocks.size(); ++i) {
    EXPECT_EQ(a.blocks[i].id, b.blocks[i].id);
    EXPECT_EQ(a.blocks[i].size, b.blocks[i].size);
    EXPECT_EQ(a.blocks[i].slices, b.blocks[i].slices);
  }
}

void ExpectSame(const HttpProperties& a, const HttpProperties& b) {
  EXPECT_EQ(a.content_type, b.content_type);
  EXPECT_EQ(a.content_encoding, b.content_encoding);
  EXPECT_EQ(a.content_language, b.content_language);
  EXPECT_EQ(a.content_disposition, b.content_disposition);
  EXPECT_EQ(a.cache_control, b.cache_control);
  EXPECT_EQ(a.content_md5, b.content_md5);
}

void ExpectSame(const TierState& a, const TierState& b) {
  EXPECT_EQ(a.tier, b.tier);
  EXPECT_EQ(a.inferred, b.inferred);
  EXPECT_EQ(a.changed, b.changed);
  EXPECT_EQ(a.rehydrating_to, b.rehydrating_to);
  EXPECT_EQ(a.rehydrate_priority, b.rehydrate_priority);
  EXPECT_EQ(a.rehydrated, b.rehydrated);
}

void ExpectSame(const CopyState& a, const CopyState& b) {
  EXPECT_EQ(a.status, b.status);
  EXPECT_EQ(a.id, b.id);
  EXPECT_EQ(a.source, b.source);
  EXPECT_EQ(a.description, b.description);
  EXPECT_EQ(a.bytes_done, b.bytes_done);
  EXPECT_EQ(a.bytes_total, b.bytes_total);
  EXPECT_EQ(a.completed, b.completed);
}

void ExpectSame(const BlobRecord& a, const BlobRecord& b) {
  EXPECT_EQ(a.committed, b.committed);
  EXPECT_EQ(a.type, b.type);
  EXPECT_EQ(a.length, b.length);
  EXPECT_EQ(a.etag, b.etag);
  EXPECT_EQ(a.created, b.created);
  EXPECT_EQ(a.modified, b.modified);
  ExpectSame(a.properties, b.properties);
  EXPECT_EQ(a.metadata, b.metadata);
  EXPECT_EQ(a.tags, b.tags);
  ExpectSame(a.tier, b.tier);
  EXPECT_EQ(a.lease, b.lease);
  ExpectSame(a.copy, b.copy);
  ExpectSame(a.content, b.content);
  EXPECT_EQ(a.manifest, b.manifest);
  EXPECT_EQ(a.staged_generation, b.staged_generation);
  EXPECT_EQ(a.staged_id_length, b.staged_id_length);
  EXPECT_EQ(a.lineage, b.lineage);
  EXPECT_EQ(a.block_count, b.block_count);
  EXPECT_EQ(a.sealed, b.sealed);
  EXPECT_EQ(a.layer, b.layer);
  EXPECT_EQ(a.sequence_number, b.sequence_number);
  EXPECT_EQ(a.content_version, b.content_version);
  EXPECT_EQ(a.incremental, b.incremental);
  EXPECT_EQ(a.copied_snapshot, b.copied_snapshot);
}

void ExpectSame(const ContainerRecord& a, const ContainerRecord& b) {
  EXPECT_EQ(a.incarnation, b.incarnation);
  EXPECT_EQ(a.etag, b.etag);
  EXPECT_EQ(a.created, b.created);
  EXPECT_EQ(a.modified, b.modified);
  EXPECT_EQ(a.metadata, b.metadata);
  EXPECT_EQ(a.access, b.access);
  ASSERT_EQ(a.policies.size(), b.policies.size());
  for (std::size_t i = 0; i < a.policies.size(); ++i) {
    EXPECT_EQ(a.policies[i].id, b.policies[i].id);
    EXPECT_EQ(a.policies[i].start, b.policies[i].start);
    EXPECT_EQ(a.policies[i].expiry, b.policies[i].expiry);
    EXPECT_EQ(a.policies[i].permission, b.policies[i].permission);
  }
  EXPECT_EQ(a.lease, b.lease);
  EXPECT_EQ(a.default_encryption_scope, b.default_encryption_scope);
  EXPECT_EQ(a.deny_encryption_scope_override, b.deny_encryption_scope_override);
}

template <class Record>
void ExpectCorrupt(std::string_view row) {
  const auto decoded = Record::Decode(row);
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().code, Errc::kCorruption);
}

std::string WithField(std::string row, std::uint32_t tag, std::string_view value) {
  FieldWriter(row).Bytes(tag, value);
  return row;
}

TEST(Records, DefaultsRoundTrip) {
  const auto blob = BlobRecord::Decode(BlobRecord().Encode());
  ASSERT_TRUE(blob);
  ExpectSame(*blob, BlobRecord());
  const auto staged = StagedBlock::Decode(StagedBlock().Encode());
  ASSERT_TRUE(staged);
  EXPECT_TRUE(staged->block.slices.empty());
}

TEST(Records, RandomOnesRoundTrip) {
  const std::uint32_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  RandomRecords random(seed);
  for (int round = 0; round < kRounds; ++round) {
    const BlobRecord blob = random.Blob();
    const auto decoded = BlobRecord::Decode(blob.Encode());
    ASSERT_TRUE(decoded) << decoded.error().detail;
    ExpectSame(*decoded, blob);
    EXPECT_EQ(decoded->Encode(), blob.Encode());

    const ContainerRecord container = random.Container();
    const auto decoded_container = ContainerRecord::Decode(container.Encode());
    ASSERT_TRUE(decoded_container) << decoded_container.error().detail;
    ExpectSame(*decoded_container, container);

    const StagedBlock staged{random.OneBlock(), random.When(), 0, "entry"};
    const auto decoded_staged = StagedBlock::Decode(staged.Encode());
    ASSERT_TRUE(decoded_staged) << decoded_staged.error().detail;
    EXPECT_EQ(decoded_staged->staged, staged.staged);
    EXPECT_EQ(decoded_staged->block.id, staged.block.id);
    EXPECT_EQ(decoded_staged->block.slices, staged.block.slices);
  }
}

TEST(Records, ContentRoundTripsAsAManifest) {
  const std::uint32_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  RandomRecords random(seed);
  for (int round = 0; round < kRounds; ++round) {
    const Content content = random.OneContent();
    std::string bytes;
    content.EncodeTo(bytes);
    const auto decoded = Content::Decode(bytes);
    ASSERT_TRUE(decoded);
    ExpectSame(*decoded, content);
  }
}

// Damage is either found or gives some record; it never does anything else.
TEST(Records, DamagedRowsNeverDoHarm) {
  const std::uint32_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  RandomRecords random(seed);
  for (int round = 0; round < kRounds; ++round) {
    std::string row = random.Coin() ? random.Blob().Encode() : random.Container().Encode();
    for (std::uint64_t i = random.Below(4); i > 0; --i) {
      row[random.Below(row.size())] = static_cast<char>(random.Below(256));
    }
    row.resize(random.Below(row.size()) + 1);
    if (auto blob = BlobRecord::Decode(row)) {
      EXPECT_TRUE(BlobRecord::Decode(blob->Encode()));
    } else {
      EXPECT_EQ(blob.error().code, Errc::kCorruption);
    }
    if (auto container = ContainerRecord::Decode(row)) {
      EXPECT_TRUE(ContainerRecord::Decode(container->Encode()));
    } else {
      EXPECT_EQ(container.error().code, Errc::kCorruption);
    }
  }
}

TEST(Records, UnknownFieldsAreSkipped) {
  BlobRecord record;
  record.length = 7;
  const auto decoded = BlobRecord::Decode(WithField(record.Encode(), 9999, "from the future"));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->length, 7u);
}

// Tags of docs/on-disk-format.md: 2 type, 8 metadata, 11 lease, 13 content, 14 manifest.
TEST(Records, MalformedFieldsAreCorruption) {
  ExpectCorrupt<BlobRecord>("\x03");
  ExpectCorrupt<BlobRecord>(WithField("", 2, "\x03"));  // no such blob type
  ExpectCorrupt<BlobRecord>(WithField("", 3, ""));      // a number without bytes
  ExpectCorrupt<BlobRecord>(WithField("", 8,
                                      "\x01\x05"
                                      "ab"));                    // a pair cut short
  ExpectCorrupt<BlobRecord>(WithField("", 11, "\x01\x01\x04"));  // no such lease state
  ExpectCorrupt<BlobRecord>(WithField("", 14, "short"));         // no extent
  ExpectCorrupt<BlobRecord>(WithField("", 7, WithField("", 6, "15 bytes of md5")));
  ExpectCorrupt<ContainerRecord>("");  // no incarnation
  ExpectCorrupt<ContainerRecord>(WithField(WithField("", 1, "i"), 6, "\x03"));
}

std::string EncodedBlock(const Block& block) {
  return StagedBlock{block, {}, 0, {}}.Encode();
}

TEST(Records, SlicesMustLieInTheirExtentAndAddUp) {
  const engine::ExtentRef extent{1, 2, 100, 3};
  EXPECT_TRUE(StagedBlock::Decode(EncodedBlock({"a", 100, {{extent, 0, 100}}})));
  EXPECT_TRUE(StagedBlock::Decode(EncodedBlock({"a", 1, {{extent, 99, 1}}})));
  ExpectCorrupt<StagedBlock>(EncodedBlock({"a", 101, {{extent, 0, 101}}}));
  ExpectCorrupt<StagedBlock>(EncodedBlock({"a", 1, {{extent, 100, 1}}}));
  ExpectCorrupt<StagedBlock>(EncodedBlock({"a", 1, {{extent, ~std::uint64_t{0}, 1}}}));
  ExpectCorrupt<StagedBlock>(EncodedBlock({"a", 0, {{extent, 0, 0}}}));
  ExpectCorrupt<StagedBlock>(EncodedBlock({"a", 99, {{extent, 0, 100}}}));
  ExpectCorrupt<StagedBlock>(EncodedBlock({"a", 5, {}}));
}

// Found by records_fuzz: the slices of both were kept, and what was encoded of them did not add up.
TEST(Records, OfABlockThatComesTwiceTheLastCounts) {
  const engine::ExtentRef extent{1, 2, 100, 4};
  const Block first{"a", 100, {{extent, 0, 100}}}, last{"b", 7, {{extent, 3, 7}}};
  const auto decoded = StagedBlock::Decode(EncodedBlock(first) + EncodedBlock(last));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->block.id, "b");
  EXPECT_EQ(decoded->block.size, 7u);
  EXPECT_EQ(decoded->block.slices.size(), 1u);
  EXPECT_TRUE(StagedBlock::Decode(decoded->Encode()));
}

TEST(Records, SliceSumsDoNotWrapAround) {
  const engine::ExtentRef huge{0, 0, ~std::uint64_t{0}, 0};
  const Slice half{huge, 0, std::uint64_t{1} << 63};
  ExpectCorrupt<StagedBlock>(EncodedBlock({"a", 0, {half, half}}));
}

TEST(Records, ContentAndManifestExcludeEachOther) {
  RandomRecords random(1);
  BlobRecord record;
  record.content.blocks.push_back({"", 0, {}});
  record.manifest = random.OneSlice().extent;
  ExpectCorrupt<BlobRecord>(record.Encode());
}

}  // namespace
}  // namespace blobgate::blob
