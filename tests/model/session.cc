#include "model/session.h"

#include <spdlog/fmt/fmt.h>
#include <algorithm>
#include <boost/asio/thread_pool.hpp>
#include <future>
#include <set>
#include <utility>

namespace blobgate::engine::model {
namespace {

constexpr std::uint64_t kNumbersOfAClient = 1000;

/// The threads of windows with several tasks; shared by all sequences of the process.
boost::asio::thread_pool& ConcurrentPool() {
  static boost::asio::thread_pool pool(4);
  return pool;
}

Task<void> RunPlan(Client& client, std::vector<Action> actions) {
  for (const Action action : actions) co_await client.Run(action);
}

// Most of what a server does.
Action RandomAction(Random& random) {
  constexpr Action kCommon[] = {Action::kGet, Action::kRead,   Action::kPut,
                                Action::kPut, Action::kDelete, Action::kMove};
  if (!random.OneIn(4)) return kCommon[random.Below(6)];
  return static_cast<Action>(random.Below(kActions));
}

std::string DescribeStages(const std::vector<Stage>& stages) {
  std::string text;
  for (const Stage& stage : stages) {
    text += "  at the same time:\n";
    for (std::size_t task = 0; task < stage.size(); ++task) {
      for (const Event& event : stage[task]) {
        text += fmt::format("    task {}: {}\n", task, event.Describe());
      }
    }
  }
  return text;
}

std::string DescribeModel(const ReferenceModel& model) {
  std::string text = fmt::format("  the model has {} live bytes and\n", model.live_bytes());
  for (PartitionIndex partition = 0; partition < model.partitions(); ++partition) {
    for (const auto& [key, row] : model.RowsOf(partition)) {
      text += fmt::format("    p{} {}=#{}@{}", partition, DescribeKey(key), NumberOf(row.value),
                          row.version);
      for (const SeededExtent& extent : ExtentsOf(row.value)) text += " " + DescribeRef(extent.ref);
      text += "\n";
    }
  }
  return text;
}

}  // namespace

Tally& Tally::operator+=(const Tally& other) {
  operations += other.operations;
  commits += other.commits;
  conflicts += other.conflicts;
  doubtful += other.doubtful;
  together += other.together;
  concurrent += other.concurrent;
  opened += other.opened;
  power_cuts += other.power_cuts;
  cuts_in_recovery += other.cuts_in_recovery;
  faults += other.faults;
  read_only += other.read_only;
  space_checks += other.space_checks;
  rewrites += other.rewrites;
  rewritten_segments += other.rewritten_segments;
  rewritten_bytes += other.rewritten_bytes;
  bytes_read += other.bytes_read;
  return *this;
}

Session::Session(EngineKind kind, std::string directory, std::uint64_t seed,
                 std::optional<Volume::Area> lying, std::function<void(std::string)> trace)
    : machine_(kind, std::move(directory), seed),
      random_(seed),
      trace_(std::move(trace)),
      model_([this](std::uint64_t content) { return machine_.StoredLength(content); },
             /*places_are_bytes=*/kind == EngineKind::kLocal) {
  if (lying) machine_.volume().SyncsLie(*lying);
  OpenUntilItStays(random_);
}

// Nothing of the engine outlives it.
Session::~Session() {
  writers_.clear();
  guards_.clear();
  machine_.Close();
}

void Session::Trace(std::string text) {
  if (trace_) trace_(std::move(text));
}

void Session::Fail(const std::string& what) const {
  throw Failure(what);
}

void Session::Run(const Operation& operation) {
  using Kind = Operation::Kind;
  Random random(operation.seed);
  ++tally_.operations;
  if (trace_) Trace(fmt::format("{}: {}", tally_.operations, NameOf(operation.kind)));
  switch (operation.kind) {
    case Kind::kAction:
      RunAction(random);
      break;
    case Kind::kConcurrent:
      RunConcurrent(random);
      break;
    case Kind::kLocate:
      Locate(random);
      break;
    case Kind::kOpenWriter:
      OpenWriter(random);
      break;
    case Kind::kDriveWriter:
      DriveWriter(random);
      break;
    case Kind::kHoldGuard:
      HoldGuard();
      break;
    case Kind::kDropGuard:
      DropGuard(random);
      break;
    case Kind::kReadUnderGuard:
      ReadUnderGuard(random);
      break;
    case Kind::kBadCall:
      MakeBadCall(random);
      break;
    case Kind::kRewrite:
      Rewrite(random);
      break;
    case Kind::kCheckSpace:
      CheckSpace();
      break;
    case Kind::kReopen:
      Reopen(random, WhenClosed::kCleanly);
      break;
    case Kind::kPowerCut:
      machine_.volume().CutPower();
      break;
    case Kind::kArmPowerCut:
      ArmPowerCut(random);
      break;
    case Kind::kFault:
      ArmFault(random);
      break;
    case Kind::kFull:
      FillDisk(random);
      break;
  }
  if (machine_.is_local()) Tick(random);
}

std::unique_ptr<Client> Session::MakeClient(std::uint64_t seed) {
  const std::uint64_t numbers = next_number_;
  next_number_ += kNumbersOfAClient;
  return std::make_unique<Client>(machine_.engine(), model_, partitions_, seed, numbers);
}

void Session::RunAction(Random& random) {
  if (partitions_.empty()) return Locate(random);
  RunWindow({{{RandomAction(random)}, random.Next()}});
}

void Session::RunConcurrent(Random& random) {
  if (partitions_.empty()) return Locate(random);
  std::vector<Plan> plans(random.Between(2, 3));
  for (Plan& plan : plans) {
    for (std::uint64_t i = random.Between(1, 2); i > 0; --i) {
      plan.actions.push_back(RandomAction(random));
    }
    plan.seed = random.Next();
    tally_.operations += plan.actions.size();
  }
  --tally_.operations;
  ++tally_.concurrent;
  RunWindow(plans);
}

void Session::RunClients(const std::vector<Plan>& plans, Clients& clients) {
  if (plans.size() == 1) return Wait(RunPlan(*clients[0], plans[0].actions));
  std::vector<std::future<void>> done;
  for (std::size_t i = 0; i < plans.size(); ++i) {
    done.push_back(boost::asio::co_spawn(ConcurrentPool(), RunPlan(*clients[i], plans[i].actions),
                                         boost::asio::use_future));
  }
  for (auto& future : done) future.wait();
  for (auto& future : done) future.get();
}

void Session::RunWindow(const std::vector<Plan>& plans) {
  Clients clients;
  for (const Plan& plan : plans) clients.push_back(MakeClient(plan.seed));
  RunClients(plans, clients);
  Judge(clients);
}

void Session::Judge(Clients& clients) {
  Stage stage;
  std::vector<ExtentRef> discarded;
  for (auto& client : clients) {
    Report& report = client->report();
    Collect(report, stage);
    discarded.insert(discarded.end(), report.discarded.begin(), report.discarded.end());
  }
  std::vector<Trouble> troubles;
  for (auto& client : clients) {
    for (Trouble& trouble : client->report().troubles) troubles.push_back(std::move(trouble));
  }
  Check(troubles);
  std::vector<Stage> stages{stage};
  if (!off() && clients.size() > 1) LookAgain(stages);
  if (off()) {
    // What was done last and what was not: the next start tells.
    doubtful_.push_back(std::move(stage));
    return;
  }
  NoteDoubtful(stage);
  for (History& history : stages.front()) {
    std::erase_if(history, [](const Event& event) { return event.doubtful; });
  }
  Explain(stages);
  Discard(discarded, stage);
  CheckFigures();
}

void Session::Collect(Report& report, Stage& stage) {
  if (trace_) {
    for (const Event& event : report.history) {
      Trace(fmt::format("  task {}: {}", stage.size(), event.Describe()));
    }
    for (const Trouble& trouble : report.troubles) {
      Trace(fmt::format("  task {}: {}: {}", stage.size(), trouble.what, trouble.error.detail));
    }
  }
  if (report.failure) Fail(*report.failure);
  for (const SeededExtent& extent : report.finished) {
    if (const auto wrong = model_.AddFresh(extent)) Fail(*wrong);
  }
  for (const Event& event : report.history) {
    if (event.kind != Event::Kind::kCommit) continue;
    ++(event.error ? tally_.conflicts : tally_.commits);
    if (event.doubtful) ++tally_.doubtful;
    if (!event.error && !event.also.empty()) ++tally_.together;
  }
  tally_.bytes_read += report.bytes_read;
  stage.push_back(std::move(report.history));
}

// What a doubtful commit acquired is still of interest.
void Session::Discard(const std::vector<ExtentRef>& refs, const Stage& stage) {
  std::vector<ExtentRef> doubtful;
  for (const History& history : stage) {
    for (const Event& event : history) {
      if (!event.doubtful) continue;
      event.EachPart([&doubtful](PartitionIndex, const Batch& batch) {
        doubtful.insert(doubtful.end(), batch.acquires.begin(), batch.acquires.end());
      });
    }
  }
  for (const ExtentRef& ref : refs) {
    if (!(std::ranges::find(doubtful, ref) != doubtful.end())) model_.Discard(ref);
  }
  uncertain_.insert(uncertain_.end(), doubtful.begin(), doubtful.end());
}

// The state that tasks left behind tells which of them came last.
void Session::LookAgain(std::vector<Stage>& stages) {
  std::set<std::pair<PartitionIndex, std::string>> keys;
  for (const History& history : stages.front()) {
    for (const Event& event : history) {
      event.EachPart([&keys](PartitionIndex partition, const Batch& batch) {
        for (const RowPut& put : batch.puts) keys.emplace(partition, put.key);
        for (const std::string& key : batch.deletes) keys.emplace(partition, key);
      });
    }
  }
  const auto client = MakeClient(0);
  for (const auto& [partition, key] : keys) (void)Wait(client->Get(partition, key));
  Check(client->report().troubles);
  Stage last;
  Collect(client->report(), last);
  stages.push_back(std::move(last));
}

void Session::NoteDoubtful(Stage stage) {
  bool committed = false;
  for (History& history : stage) {
    for (const Event& event : history) {
      committed = committed || (event.kind == Event::Kind::kCommit && !event.error);
    }
    std::erase_if(history, [](const Event& event) { return !event.doubtful; });
  }
  // A log that takes commits again holds nothing of those that failed before.
  if (committed) {
    doubtful_.clear();
    was_full_ = false;
  }
  std::erase_if(stage, [](const History& history) { return history.empty(); });
  if (!stage.empty()) doubtful_.push_back(std::move(stage));
}

void Session::Explain(const std::vector<Stage>& stages) {
  switch (model::Explain(stages, model_)) {
    case Verdict::kExplained:
      return;
    case Verdict::kTooMany:
      Fail("too many orders to try:\n" + DescribeStages(stages));
    case Verdict::kImpossible:
      Fail("no order explains\n" + DescribeStages(stages) + DescribeModel(model_));
  }
}

}  // namespace blobgate::engine::model
