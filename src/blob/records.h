// What the catalog stores about containers and blobs. Pure data with a stable encoding
// (docs/on-disk-format.md); no I/O. Decode answers kCorruption for anything malformed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/digest.h"
#include "base/result.h"
#include "base/time.h"
#include "blob/path_record.h"
#include "blobgate/engine/extent_store.h"

namespace blobgate::blob {

/// Names keep the case they were sent in and compare without case; order as sent.
using Metadata = std::vector<std::pair<std::string, std::string>>;
/// Sorted by key (ordinal), keys unique.
using Tags = std::vector<std::pair<std::string, std::string>>;

/// The stored state of a lease; what it is at a given moment is computed (blob/lease.h).
struct LeaseRecord {
  enum class State : std::uint8_t { kAvailable = 0, kLeased = 1, kBreaking = 2, kBroken = 3 };
  State state = State::kAvailable;
  std::string id;             ///< current or last lease id, as the client wrote it
  std::int32_t duration = 0;  ///< seconds; -1 infinite
  Time ends{};                ///< leased: when it expires (unless infinite); breaking: when broken
  bool operator==(const LeaseRecord&) const = default;
};

struct HttpProperties {
  std::string content_type;
  std::string content_encoding;
  std::string content_language;
  std::string content_disposition;
  std::string cache_control;
  std::optional<Md5Digest> content_md5;
};

/// A part of an extent. Several blobs may share the extent; each slice holds one reference.
struct Slice {
  engine::ExtentRef extent;
  std::uint64_t offset = 0;  ///< bytes into the extent
  std::uint64_t length = 0;  ///< bytes, above 0
  /// Not encrypted, although its blob is under the account's key: from before that was switched on,
  /// or from while it was off. Never of pages.
  bool plain = false;
  bool operator==(const Slice&) const = default;
};

/// A committed or uncommitted block. Its bytes are its slices in order; none when it is empty.
struct Block {
  std::string id;  ///< base64 text as the client sent it; empty for the one part of a Put Blob
  std::uint64_t size = 0;
  std::vector<Slice> slices;
};

/// The content of a committed blob: its parts in order. Kept in the row while small, otherwise as
/// an extent of its own (blob/content.h moves between the two).
struct Content {
  std::vector<Block> blocks;
  /// True when the blocks came from Put Block List (or a copy of such a blob) and show in
  /// Get Block List; false after Put Blob.
  bool block_list = false;

  void EncodeTo(std::string& out) const;
  static Result<Content> Decode(std::string_view in);
};

/// x-ms-blob-sequence-number is a signed 64-bit number that is never negative.
inline constexpr std::uint64_t kMaxSequenceNumber = 0x7FFF'FFFF'FFFF'FFFF;

enum class BlobType : std::uint8_t { kBlock = 0, kAppend = 1, kPage = 2 };

/// Tier names as on the wire ("Hot"); empty: none applies.
struct TierState {
  std::string tier;
  bool inferred = true;            ///< the account's default; shown as x-ms-access-tier-inferred
  Time changed{};                  ///< x-ms-access-tier-change-time; zero when inferred
  std::string rehydrating_to;      ///< "Hot"...: x-ms-archive-status rehydrate-pending-to-hot
  std::string rehydrate_priority;  ///< Standard | High
  Time rehydrated{};               ///< when the rehydration is over
};

struct CopyState {
  enum class Status : std::uint8_t {
    kNone = 0,
    kPending = 1,
    kSuccess = 2,
    kAborted = 3,
    kFailed = 4
  };
  Status status = Status::kNone;
  std::string id;      ///< GUID
  std::string source;  ///< URL as given, `sig` removed
  std::string description;
  std::uint64_t bytes_done = 0;
  std::uint64_t bytes_total = 0;
  Time completed{};
};

/// The policy that retains a state of a blob, and its legal hold; blob/immutability.h has the
/// rules.
struct Immutability {
  enum class Mode : std::uint8_t { kNone = 0, kUnlocked = 1, kLocked = 2 };
  Mode mode = Mode::kNone;
  Time until{};  ///< with a policy: when it ends, whole seconds
  bool legal_hold = false;

  bool empty() const { return mode == Mode::kNone && !legal_hold; }
  bool operator==(const Immutability&) const = default;
};

/// The key that content and metadata are encrypted with, by its digest: the key itself is never
/// stored (docs/encryption.md).
struct Encryption {
  enum class Kind : std::uint8_t {
    kNone = 0,
    kCustomerKey = 1,  ///< comes with every request
    kScope = 2,        ///< of the account's configuration
    kAccountKey = 3,   ///< the account's own, of which clients see nothing
  };
  Kind kind = Kind::kNone;
  std::string scope;  ///< kScope: its name
  Sha256Digest key_sha256{};
  /// Random; what the keys of pages and of metadata are derived with. Not of uncommitted blocks.
  std::string salt;

  bool encrypted() const { return kind != Kind::kNone; }
  /// With a key that the client or the container named.
  bool named() const { return kind == Kind::kCustomerKey || kind == Kind::kScope; }
  /// Can content move from one to the other as it lies on the disk (with its salt)?
  bool SameKey(const Encryption& other) const {
    return kind == other.kind && scope == other.scope && key_sha256 == other.key_sha256;
  }
};

/// What a state that cannot be read still stands for.
enum class Remains : std::uint8_t {
  kNone = 0,
  kDeleted = 1,       ///< soft-deleted: as it was, and Undelete Blob brings it back
  kVersionsOnly = 2,  ///< in a base row: the blob was deleted and has previous versions
};

/// One state of a blob: the base blob (its current version), a snapshot, or a previous version. The
/// base row may also be the place of a blob that only has uncommitted blocks. Where a snapshot or
/// previous version exists, the base row does.
struct BlobRecord {
  /// False: reads answer 404. There are only uncommitted blocks, or what `remains` says.
  bool committed = true;
  BlobType type = BlobType::kBlock;
  std::uint64_t length = 0;  ///< bytes
  std::uint64_t etag = 0;    ///< .NET ticks; rendered as "0x8D..."
  Time created{};
  Time modified{};
  HttpProperties properties;
  Metadata metadata;
  Tags tags;
  TierState tier;
  LeaseRecord lease;
  CopyState copy;
  Immutability immutability;
  Encryption encryption;
  std::string sealed_metadata;  ///< instead of `metadata` when the blob is encrypted

  /// Exactly one of these holds the content of a committed blob (both empty: zero bytes).
  Content content;
  std::optional<engine::ExtentRef> manifest;  ///< an encoded Content; holds one reference

  /// Uncommitted blocks live in rows of their own under this generation; a commit of new content
  /// starts a new one. 0 bytes of id length: there are no uncommitted blocks.
  std::uint64_t staged_generation = 0;
  std::uint32_t staged_id_length = 0;  ///< of the base64 text; the same for all
  Encryption staged_encryption;        ///< the same for all

  /// Append and page blobs have no `content` here: it lies in rows under this number, which
  /// snapshots of the blob share (blob/keys.h). 0: no rows, as for a copy that is still pending.
  std::uint64_t lineage = 0;

  std::uint32_t block_count = 0;  ///< append: committed blocks
  bool sealed = false;            ///< append: nothing can be appended any more

  std::uint64_t layer = 0;            ///< page: the newest layer of the lineage that is its own
  std::uint64_t sequence_number = 0;  ///< page: at most 2^63 - 1
  /// Page: the ETag of the last change of pages or length; other changes leave it.
  std::uint64_t content_version = 0;
  bool incremental = false;  ///< page: written by Incremental Copy Blob only
  /// Page: the snapshot of itself that the last Incremental Copy Blob made; zero: none.
  Time copied_snapshot{};

  Time version{};         ///< version id; zero: written while versioning was off
  Time snapshot{};        ///< snapshot id; zero: no snapshot
  bool previous = false;  ///< a version that is not the current one
  Remains remains = Remains::kNone;
  Time deleted{};               ///< kDeleted: when
  Time purge{};                 ///< kDeleted: when it goes for good
  Time accessed{};              ///< last read or written, to the day; zero: not tracked yet
  std::uint32_t snapshots = 0;  ///< in a base row: how many that are not deleted

  PathState path;  ///< only in a hierarchical container

  bool is_base() const { return snapshot == Time{} && !previous; }
  /// Names no content any more: another row does, or nothing.
  void ForgetContent();
  std::string Encode() const;
  static Result<BlobRecord> Decode(std::string_view row);
  /// The same into a record as it is constructed, which is large and costly to move. After an error
  /// it is not to be used.
  Status DecodeFrom(std::string_view row);
  /// Whether an encoded record has tags, without decoding the rest.
  static bool HasTags(std::string_view row);
};

/// The row of one uncommitted block.
struct StagedBlock {
  Block block;
  Time staged{};
  /// Only in the mark, which has no block id (operations/block/staging.h): about how many blocks
  /// there are.
  std::uint64_t count = 0;
  /// Only in the mark, and only in a hierarchical container: the entry name of their file.
  std::string entry;
  std::string Encode() const;
  static Result<StagedBlock> Decode(std::string_view row);
};

/// The row of one block of an append blob.
struct AppendedBlock {
  std::uint64_t offset = 0;  ///< of its first byte in the blob
  Block block;               ///< without id
  std::string Encode() const;
  static Result<AppendedBlock> Decode(std::string_view row);
};

/// Who needs the blocks of a lineage; without the row only the base blob does.
struct AppendLineage {
  bool base = true;  ///< the base blob: all of them
  /// Lengths of the snapshots, in ascending order, repeated where they are equal: each needs the
  /// blocks up to there.
  std::vector<std::uint64_t> snapshots;
  std::string Encode() const;
  static Result<AppendLineage> Decode(std::string_view row);
};

struct AccessPolicy {
  std::string id;
  std::string start;       ///< as sent; empty when absent
  std::string expiry;      ///< as sent; empty when absent
  std::string permission;  ///< letters; empty when absent
};

enum class ContainerAccess : std::uint8_t { kPrivate = 0, kBlob = 1, kContainer = 2 };

struct ContainerRecord {
  /// Names the container's rows; a container created again under the same name gets another one.
  std::string incarnation;
  std::uint64_t etag = 0;
  Time created{};
  Time modified{};
  Metadata metadata;
  ContainerAccess access = ContainerAccess::kPrivate;
  std::vector<AccessPolicy> policies;
  LeaseRecord lease;
  std::string default_encryption_scope;
  bool deny_encryption_scope_override = false;
  Time deleted{};  ///< of a deleted container that Restore Container can bring back
  Time purge{};    ///< with `deleted`: when it goes for good
  /// Names are paths: rows are keyed as blob/path_keys.h says.
  bool hierarchical = false;

  std::string Encode() const;
  static Result<ContainerRecord> Decode(std::string_view row);
};

}  // namespace blobgate::blob
