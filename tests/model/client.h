// What one task does to the engine, and what it saw.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/task.h"
#include "blobgate/engine/engine.h"
#include "model/content.h"
#include "model/event.h"
#include "model/random.h"
#include "model/reference_model.h"

namespace blobgate::engine::model {

/// An operation of a task: a few calls, as a request to the server makes them.
enum class Action : std::uint8_t {
  kGet,
  kScan,
  kRead,       ///< under a guard: a row, then its extents
  kPut,        ///< rows with new, kept and copied extents, if they are as they were read
  kDelete,     ///< rows with their extents
  kMove,       ///< a row goes to another partition, with its extents, in one commit
  kCondition,  ///< a batch on conditions that may not hold
  kAcquireGone,
  kAbandon,  ///< a writer that is destroyed half way
  kDiscard,  ///< an extent that nobody acquires
};
inline constexpr std::size_t kActions = 10;

/// A call that answered with a failure of the disk (kIoError, kNoSpace, kReadOnly) or with damage.
struct Trouble {
  std::string what;
  Error error;
  bool reading = false;  ///< the call only read
};

struct Report {
  History history;
  std::vector<SeededExtent> finished;
  std::vector<ExtentRef> discarded;
  std::vector<Trouble> troubles;
  std::optional<std::string> failure;  ///< an answer that is wrong whatever others do
  std::uint64_t bytes_read = 0;
};

/// Belongs to one task at a time. The engine and the model outlive it; nobody changes the model
/// while it runs.
class Client {
 public:
  /// `numbers`: the first number of those that this client's values may have; at most 1000.
  Client(Engine& engine, const ReferenceModel& model, const std::vector<PartitionRef>& partitions,
         std::uint64_t seed, std::uint64_t numbers)
      : engine_(engine),
        model_(model),
        partitions_(partitions),
        random_(seed),
        next_number_(numbers) {}

  Task<void> Run(Action action);
  Report& report() { return report_; }

  /// Reads the row, so that its state is part of the history. nullopt: the call failed. `key` must
  /// live that long.
  Task<std::optional<std::optional<Row>>> Get(PartitionIndex partition, const std::string& key);
  Task<void> Scan(PartitionIndex partition, ScanPlan plan);
  /// Reads `length` bytes from `offset` and compares them. REQUIRES: it is there.
  Task<void> CheckExtent(SeededExtent extent, std::uint64_t offset, std::uint64_t length);
  Task<std::optional<SeededExtent>> WriteExtent(std::uint64_t length);
  /// Puts a row that holds `extent`, a fresh one, where none is.
  Task<void> Keep(SeededExtent extent);

 private:
  Task<bool> Commit(PartitionIndex partition, Batch batch, std::vector<Event::Part> also = {});
  Task<void> ScanSome();
  Task<void> ReadRow();
  Task<void> Put();
  Task<bool> StagePut(PartitionIndex partition, const std::string& key, Batch& batch);
  Task<bool> CopyFrom(PartitionIndex partition, const std::string& key, Batch& batch,
                      std::vector<SeededExtent>& extents);
  Task<void> Delete();
  Task<void> Move();
  Task<void> CommitOnCondition();
  Task<void> AcquireGone();
  Task<void> Abandon();
  Task<void> WriteAndDiscard();

  Task<Status> AppendPart(ExtentWriter& writer, std::uint64_t seed, std::uint64_t length);
  void Discard(const std::vector<SeededExtent>& extents);
  PartitionIndex SomePartition() { return random_.Below(partitions_.size()); }
  const std::string& SomeKey() { return KeyAt(random_.Below(kKeys)); }
  RowPut NewRow(const std::string& key, const std::vector<SeededExtent>& extents);
  Precondition SomeCondition(PartitionIndex partition);
  /// Keeps the error in the report. Always false.
  bool Note(std::string what, const Error& error, bool reading);
  void FailWith(std::string what);

  Engine& engine_;
  const ReferenceModel& model_;
  const std::vector<PartitionRef>& partitions_;
  Random random_;
  std::uint64_t next_number_;
  std::vector<SeededExtent> fresh_;  ///< written for the batch being made
  Report report_;
};

/// True for what a broken or full disk, or damage, makes of a call.
bool IsTrouble(Errc code);

}  // namespace blobgate::engine::model
