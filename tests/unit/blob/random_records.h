// Records with random content, for properties that must hold for all of them.
#pragma once

#include <cstdint>
#include <random>
#include <string>

#include "blob/records.h"

namespace blobgate::blob {

class RandomRecords {
 public:
  explicit RandomRecords(std::uint32_t seed) : random_(seed) {}

  bool Coin() { return Below(2) == 0; }
  std::uint64_t Below(std::uint64_t n) {
    return std::uniform_int_distribution<std::uint64_t>(0, n - 1)(random_);
  }
  /// Of any magnitude: as many small ones as large ones.
  std::uint64_t Number() { return random_() >> Below(64); }
  std::string Text() {
    std::string text(Below(20), '\0');
    for (char& c : text) c = static_cast<char>(random_());
    return text;
  }
  Time When() { return Time(Ticks(static_cast<std::int64_t>(random_()))); }

  LeaseRecord Lease() {
    return {static_cast<LeaseRecord::State>(Below(4)), Text(),
            Coin() ? -1 : static_cast<std::int32_t>(Below(61)), When()};
  }
  Slice OneSlice() {
    Slice slice;
    slice.length = 1 + Below(1 << 20);
    slice.offset = Below(1 << 20);
    slice.extent = {Number(), Number(), slice.offset + slice.length + Below(1 << 20), Number()};
    slice.plain = Coin();
    return slice;
  }
  Block OneBlock() {
    Block block{Text(), 0, {}};
    for (std::uint64_t i = Below(4); i > 0; --i) {
      block.slices.push_back(OneSlice());
      block.size += block.slices.back().length;
    }
    return block;
  }
  Content OneContent() {
    Content content;
    content.block_list = Coin();
    for (std::uint64_t i = Below(5); i > 0; --i) content.blocks.push_back(OneBlock());
    return content;
  }
  Metadata Pairs() {
    Metadata pairs;
    for (std::uint64_t i = Below(4); i > 0; --i) pairs.emplace_back(Text(), Text());
    return pairs;
  }
  HttpProperties Properties() {
    HttpProperties properties{Text(), Text(), Text(), Text(), Text(), {}};
    if (Coin()) {
      for (std::byte& b : properties.content_md5.emplace()) b = static_cast<std::byte>(Below(256));
    }
    return properties;
  }

  BlobRecord Blob() {
    BlobRecord record;
    record.committed = Coin();
    record.type = static_cast<BlobType>(Below(3));
    record.length = Number();
    record.etag = Number();
    record.created = When();
    record.modified = When();
    record.properties = Properties();
    record.metadata = Pairs();
    record.tags = Pairs();
    record.tier = {Text(), Coin(), When(), Text(), Text(), When()};
    record.lease = Lease();
    record.copy = {static_cast<CopyState::Status>(Below(5)),
                   Text(),
                   Text(),
                   Text(),
                   Number(),
                   Number(),
                   When()};
    if (Coin()) {
      record.content = OneContent();
    } else {
      record.manifest = OneSlice().extent;
    }
    record.staged_generation = Number();
    record.staged_id_length = static_cast<std::uint32_t>(Below(100));
    record.lineage = Number();
    record.block_count = static_cast<std::uint32_t>(Below(50'001));
    record.sealed = Coin();
    record.layer = Number();
    record.sequence_number = Number() & kMaxSequenceNumber;
    record.content_version = Number();
    record.incremental = Coin();
    record.copied_snapshot = When();
    return record;
  }
  ContainerRecord Container() {
    ContainerRecord record;
    record.incarnation = "i" + Text();
    record.etag = Number();
    record.created = When();
    record.modified = When();
    record.metadata = Pairs();
    record.access = static_cast<ContainerAccess>(Below(3));
    for (std::uint64_t i = Below(4); i > 0; --i) {
      record.policies.push_back({Text(), Text(), Text(), Text()});
    }
    record.lease = Lease();
    record.default_encryption_scope = Text();
    record.deny_encryption_scope_override = Coin();
    return record;
  }

 private:
  std::mt19937_64 random_;
};

}  // namespace blobgate::blob
