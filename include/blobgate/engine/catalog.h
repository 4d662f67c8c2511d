// The catalog half of the engine contract: rows with ordered keys, grouped in partitions.
//
// An engine knows nothing of HTTP, XML or Azure's rules. Blob semantics are written once, above
// this interface. tests/unit/engine/conformance_test.cc is the executable form of this file and
// runs over every engine.
//
// Threads: every method may be called from any Task; the Task resumes on its own executor.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/task.h"
#include "blobgate/engine/extent_store.h"

namespace blobgate::engine {

/// Changes with every commit that puts the row; never reused for the same key. Never 0.
using RowVersion = std::uint64_t;

/// A row as it was read.
struct Row {
  std::string value;
  RowVersion version = 0;
};

/// One partition as the map had it. A partition is the unit of atomicity and of order. The
/// generation is checked by every commit (kPartitionMoved), so that an engine may split a
/// partition while it is in use.
struct PartitionRef {
  std::uint64_t id = 0;
  std::uint64_t generation = 0;
  bool operator==(const PartitionRef&) const = default;
};

/// A row that is there, and the partition that holds it.
struct KnownRow {
  PartitionRef partition;
  Row row;
};

/// What a commit demands of one row, checked atomically with the commit.
struct Precondition {
  enum class Kind : std::uint8_t {
    kAbsent,   ///< the row is not there
    kPresent,  ///< the row is there, whatever its version
    kVersion,  ///< the row is there with exactly `version`
  };
  std::string key;
  Kind kind = Kind::kAbsent;
  RowVersion version = 0;

  static Precondition Absent(std::string key) { return {std::move(key), Kind::kAbsent, 0}; }
  static Precondition Present(std::string key) { return {std::move(key), Kind::kPresent, 0}; }
  static Precondition At(std::string key, RowVersion v) {
    return {std::move(key), Kind::kVersion, v};
  }
  /// The row as it was read: at its version, or still absent.
  static Precondition Unchanged(std::string key, const std::optional<Row>& read) {
    return read ? At(std::move(key), read->version) : Absent(std::move(key));
  }
};

struct RowPut {
  std::string key;
  std::string value;
};

/// One atomic change to one partition. Preconditions are evaluated against the state before the
/// batch. Within a batch each key may appear once among puts and deletes; deleting an absent row
/// is no error.
///
/// Extent references move with the rows: an extent is kept while its count is above zero.
/// `acquires` adds one reference per entry (an extent fresh from a writer has none and gets its
/// first here; an extent whose last reference was dropped cannot be acquired: kExtentGone),
/// `releases` drops one per entry. The same extent may appear more than once, and in both.
struct Batch {
  std::vector<Precondition> preconditions;
  std::vector<RowPut> puts;
  std::vector<std::string> deletes;
  std::vector<ExtentRef> acquires;
  std::vector<ExtentRef> releases;
};

/// One partition's part of a change to several.
struct PartitionBatch {
  PartitionRef partition;
  Batch batch;
};

/// What a scan does after a row.
struct ScanStep {
  enum class Kind : std::uint8_t { kNext, kSeek, kStop };
  Kind kind = Kind::kNext;
  std::string seek_to;  ///< kSeek: the next row visited has a key >= this. Must be > current key.

  static ScanStep Next() { return {}; }
  static ScanStep Stop() { return {Kind::kStop, {}}; }
  static ScanStep Seek(std::string key) { return {Kind::kSeek, std::move(key)}; }
};

/// Called for each row in key order, on an engine thread while the calling Task is suspended. Must
/// not block and must not call the engine. The views live only during the call.
using ScanVisitor =
    std::function<ScanStep(std::string_view key, std::string_view value, RowVersion version)>;

/// Keys are non-empty, at most 4 KiB and free of NUL; order is that of unsigned bytes. Values are
/// at most 64 KiB (larger data belongs in an extent).
class Catalog {
 public:
  static constexpr std::size_t kMaxKeySize = 4096;
  static constexpr std::size_t kMaxValueSize = 64 * 1024;

  virtual ~Catalog() = default;

  /// The partition that holds every row of `name` in `name_space` (an account or a container, as
  /// an opaque non-empty string). Created on first use; cheap. The answer may be cached by the
  /// caller until a commit says kPartitionMoved.
  virtual Task<Result<PartitionRef>> Locate(std::string_view name_space, std::string_view name) = 0;

  /// The same for readers, which must not need a write: nullopt when nothing was ever located
  /// there.
  virtual Task<Result<std::optional<PartitionRef>>> Find(std::string_view name_space,
                                                         std::string_view name) = 0;

  /// What Find and then Get answer, when that is known without a wait; nullopt: ask them. An engine
  /// that remembers nothing need not have it.
  virtual std::optional<KnownRow> Known(std::string_view name_space, std::string_view name,
                                        std::string_view key) {
    (void)name_space, (void)name, (void)key;
    return std::nullopt;
  }

  /// All partitions of a name space. A listing is an ordered merge of their scans. Names are not
  /// ordered across partitions. Empty when nothing was ever located there.
  virtual Task<Result<std::vector<PartitionRef>>> PartitionsOf(std::string_view name_space) = 0;

  /// The latest durable row, or nullopt. Never sees part of a batch, nor an unacknowledged one.
  virtual Task<Result<std::optional<Row>>> Get(PartitionRef partition, std::string_view key) = 0;

  /// Visits the rows with `from` <= key < `end` (empty `end`: no bound) in order, from one
  /// consistent view. Costs the rows visited and the seeks made, not the size of the partition.
  virtual Task<Status> Scan(PartitionRef partition, std::string from, std::string end,
                            ScanVisitor visitor) = 0;

  /// Applies all of `batch` or nothing. On success it is durable and visible. kConflict: a
  /// precondition did not hold. kExtentGone: an acquired extent is no more. kNoSpace, kReadOnly,
  /// kIoError: nothing visible happened, except that after kIoError the outcome is unknown until
  /// the store was reopened. Independent commits may share one sync; each fails alone.
  virtual Task<Status> Commit(PartitionRef partition, Batch batch) = 0;

  /// Applies all of `parts` or nothing, as one Commit does: all preconditions are evaluated against
  /// the state before any of it, and whoever reads part of it reads all of it from then on, in
  /// whatever partition. References are counted over all parts together: a row moves from one
  /// partition to another with its extents by a put and a delete, and if one part acquires what
  /// another releases, it is acquired first. A part may consist of preconditions alone. Others wait
  /// while it is done: the caller keeps it small. Errors are those of Commit; besides, nothing
  /// happened after kInvalidArgument (no parts, or a partition twice) and kUnsupported: this engine
  /// does not promise it for these partitions. Whoever calls it has an answer ready for that.
  virtual Task<Status> CommitTogether(std::vector<PartitionBatch> parts) = 0;
};

}  // namespace blobgate::engine
