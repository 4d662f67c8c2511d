// One sequence of operations, run on an engine and on the model side by side.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "model/client.h"
#include "model/explain.h"
#include "model/machine.h"
#include "model/operation.h"
#include "model/reference_model.h"

namespace blobgate::engine::model {

/// The engine did what the contract does not allow.
struct Failure : std::runtime_error {
  using runtime_error::runtime_error;
};

/// Sums over sequences; counts unless said otherwise.
struct Tally {
  std::uint64_t operations = 0;
  std::uint64_t commits = 0;
  std::uint64_t conflicts = 0;
  std::uint64_t doubtful = 0;    ///< commits that failed and may have happened
  std::uint64_t together = 0;    ///< commits to two partitions
  std::uint64_t concurrent = 0;  ///< windows of several tasks
  std::uint64_t opened = 0;      ///< times a local store was opened
  std::uint64_t power_cuts = 0;
  std::uint64_t cuts_in_recovery = 0;
  std::uint64_t faults = 0;
  std::uint64_t read_only = 0;  ///< runs that ended read-only
  std::uint64_t space_checks = 0;
  std::uint64_t rewrites = 0;
  std::uint64_t rewritten_segments = 0;  ///< by them
  std::uint64_t rewritten_bytes = 0;
  std::uint64_t bytes_read = 0;  ///< and compared

  Tally& operator+=(const Tally& other);
};

class Session {
 public:
  /// `directory` for what a local engine must have on a real file system; removed at the end.
  /// `trace` gets a line for everything that happens; may be null.
  /// `lying`: syncs of that half do nothing, which a session should find out.
  Session(EngineKind kind, std::string directory, std::uint64_t seed,
          std::optional<Volume::Area> lying, std::function<void(std::string)> trace);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Throws Failure.
  void Run(const Operation& operation);
  /// Opens the store once more and checks everything. Throws Failure.
  void Finish();
  const Tally& tally() const { return tally_; }

 private:
  struct Writer {
    std::unique_ptr<ExtentWriter> writer;
    std::uint64_t seed = 0;
    std::uint64_t length = 0;
    std::uint64_t written = 0;
    bool failed = false;
  };
  struct Guard {
    ReadGuard guard;
    std::uint64_t time = 0;  ///< of the model, when it was taken
  };
  struct Space {
    std::string name;
    std::optional<PartitionIndex> partition;  ///< nullopt: asked for, but nobody knows
  };
  /// One action after the other, by one task.
  struct Plan {
    std::vector<Action> actions;
    std::uint64_t seed = 0;
  };
  enum class WhenClosed : std::uint8_t { kCleanly, kPowerCut };

  using Clients = std::vector<std::unique_ptr<Client>>;

  // session.cc: running tasks and judging what they saw.
  void RunAction(Random& random);
  void RunConcurrent(Random& random);
  void RunWindow(const std::vector<Plan>& plans);
  void RunClients(const std::vector<Plan>& plans, Clients& clients);
  void Judge(Clients& clients);
  void Collect(Report& report, Stage& stage);
  void Discard(const std::vector<ExtentRef>& refs, const Stage& stage);
  void LookAgain(std::vector<Stage>& stages);
  void Explain(const std::vector<Stage>& stages);
  void NoteDoubtful(Stage stage);
  std::unique_ptr<Client> MakeClient(std::uint64_t seed);
  /// Waits for a task that runs alone.
  template <class T>
  T Wait(Task<T> task) {
    io_.restart();
    auto result = boost::asio::co_spawn(io_, std::move(task), boost::asio::use_future);
    io_.run();
    return result.get();
  }

  // session_calls.cc: single calls.
  void Locate(Random& random);
  void OpenWriter(Random& random);
  void DriveWriter(Random& random);
  void FinishWriter(Writer writer, Random& random);
  void HoldGuard();
  void DropGuard(Random& random);
  void ReadUnderGuard(Random& random);
  void MakeBadCall(Random& random);
  void Rewrite(Random& random);
  void CheckSpace();
  void CheckPages();

  // session_runs.cc: the store is closed, breaks, and is opened again.
  void Reopen(Random& random, WhenClosed how);
  void OpenUntilItStays(Random& random);
  bool TryOpen(Random& random, bool calm);
  void Observe();
  void ObservePartitions();
  void ReadEverything();
  void ArmPowerCut(Random& random);
  void ArmFault(Random& random);
  void FillDisk(Random& random);
  void Tick(Random& random);

  // session_troubles.cc: which failures are to be expected.
  void NoteFault();
  void Check(const std::vector<Trouble>& troubles);
  /// Null when the trouble may be; else why not.
  const char* Complaint(const Trouble& trouble) const;
  /// The same for a call of the session's own. Always false.
  bool Allow(std::string what, const Error& error, bool reading);
  void CheckFigures();
  bool off() const { return machine_.is_local() && machine_.volume().off(); }
  /// Nothing broke in this run.
  bool sound() const;

  void Trace(std::string text);
  [[noreturn]] void Fail(const std::string& what) const;

  Machine machine_;
  Random random_;
  const std::function<void(std::string)> trace_;
  boost::asio::io_context io_;
  ReferenceModel model_;
  std::vector<PartitionRef> partitions_;
  std::vector<Space> spaces_;
  std::vector<Writer> writers_;
  std::vector<Guard> guards_;
  std::vector<Stage> doubtful_;       ///< of this run: what may turn up when it is opened again
  std::vector<ExtentRef> uncertain_;  ///< that doubtful commits acquired: on the disk or not
  std::uint64_t next_number_ = 1;

  // What broke in this run. Single failures of segment calls but for syncs are over with the
  // operation in which they happened; a failed sync, and whatever happens to the catalog, may be
  // felt at any later time.
  std::optional<Volume::Fault> armed_;
  std::optional<Volume::Fault> fired_;          ///< the last one
  std::uint64_t fired_at_ = 0;                  ///< operation that noticed it
  bool lasting_ = false;                        ///< calls that write may fail from now on
  bool was_full_ = false;                       ///< no commit succeeded since
  bool read_only_ = false;                      ///< some call said so
  bool space_unknown_ = false;                  ///< giving space back may have failed
  std::optional<std::uint64_t> power_goes_by_;  ///< operation after which it is cut at the latest
  std::optional<std::uint64_t> full_until_;     ///< operation
  Tally tally_;
};

}  // namespace blobgate::engine::model
