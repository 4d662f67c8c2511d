// Random operations on an engine and on a simple model of it, side by side; for the local engine
// with power cuts and failing disks among them (README.md).
#include <rocksdb/env.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <spdlog/fmt/fmt.h>

#include "model/shrink.h"

namespace blobgate::engine::model {
namespace {

constexpr std::uint64_t kShortest = 50, kLongest = 800;
constexpr std::chrono::seconds kHang{120};
constexpr std::size_t kMostThreads = 64;

/// The seeds of the sequences that run, for when the process dies of one.
std::atomic<std::uint64_t> running_seeds[kMostThreads];

void SayWhatRan(const char* why) {
  std::printf("FAILED: %s; running:", why);
  for (const auto& seed : running_seeds) {
    if (seed != 0) std::printf(" --sequence %lu", seed.load());
  }
  std::printf("\n");
  std::fflush(stdout);
}

// Not what a signal handler may do, but the process is lost anyway.
void OnCrash(int signal) {
  SayWhatRan("a crash");
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

struct Arguments {
  EngineKind kind = EngineKind::kLocal;
  std::uint64_t operations = 100'000;
  std::uint64_t seed = 1;
  unsigned threads = 2;
  std::optional<std::uint64_t> sequence;  ///< run only the one with this seed, and say what it does
  std::uint64_t shrink_seconds = 60;
  std::string directory;
  std::optional<Volume::Area> lying;
};

constexpr std::string_view kUsage =
    "engine_model [--engine memory|local] [--operations N] [--seed S] [--threads T]\n"
    "             [--sequence SEED] [--shrink-seconds N] [--directory DIR]\n"
    "  --operations  how many operations in all (100000)\n"
    "  --seed        of the first sequence; the others follow (1)\n"
    "  --threads     sequences that run at the same time (2)\n"
    "  --sequence    run this one sequence and print all of it\n"
    "  --directory   for the few real files of the local engine (/dev/shm, or the temporary one)\n"
    "  --lying-syncs segments|catalog: those syncs do nothing; the run should fail\n";

[[noreturn]] void Usage() {
  std::fputs(kUsage.data(), stderr);
  std::exit(2);
}

std::uint64_t Number(std::string_view text) {
  std::uint64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) Usage();
  return value;
}

EngineKind Kind(std::string_view text) {
  if (text == "memory") return EngineKind::kMemory;
  if (text == "local") return EngineKind::kLocal;
  Usage();
}

Volume::Area AreaNamed(std::string_view text) {
  if (text == "segments") return Volume::Area::kSegments;
  if (text == "catalog") return Volume::Area::kCatalog;
  Usage();
}

Arguments Parse(int count, char** values) {
  Arguments arguments;
  for (int i = 1; i < count; i += 2) {
    const std::string_view name = values[i];
    if (i + 1 == count) Usage();
    const std::string_view value = values[i + 1];
    if (name == "--engine") {
      arguments.kind = Kind(value);
    } else if (name == "--operations") {
      arguments.operations = Number(value);
    } else if (name == "--seed") {
      arguments.seed = Number(value);
    } else if (name == "--threads") {
      arguments.threads =
          static_cast<unsigned>(std::clamp<std::uint64_t>(Number(value), 1, kMostThreads));
    } else if (name == "--sequence") {
      arguments.sequence = Number(value);
    } else if (name == "--shrink-seconds") {
      arguments.shrink_seconds = Number(value);
    } else if (name == "--lying-syncs") {
      arguments.lying = AreaNamed(value);
    } else if (name == "--directory") {
      arguments.directory = value;
    } else {
      Usage();
    }
  }
  return arguments;
}

/// A directory of this process's own; removed at the end.
class Scratch {
 public:
  explicit Scratch(const std::string& parent) {
    namespace fs = std::filesystem;
    const fs::path shm = "/dev/shm";
    const fs::path base = !parent.empty()                   ? fs::path(parent)
                          : ::access("/dev/shm", W_OK) == 0 ? shm
                                                            : fs::temp_directory_path();
    std::string pattern = (base / "blobgate-model-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) Usage();
    path_ = pattern;
  }
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string Of(unsigned worker) const { return (path_ / std::to_string(worker)).string(); }

 private:
  std::filesystem::path path_;
};

Sequence MakeSequence(const Arguments& arguments, std::uint64_t seed, std::string directory) {
  Random random(seed);
  const std::uint64_t count = random.Between(kShortest, kLongest);
  const bool local = arguments.kind == EngineKind::kLocal;
  return {arguments.kind, std::move(directory), seed, arguments.lying,
          MakeOperations(random.Next(), count, local)};
}

void PrintFailure(const Arguments& arguments, const Sequence& sequence,
                  const std::string& failure) {
  const char* engine = arguments.kind == EngineKind::kLocal ? "local" : "memory";
  std::printf(
      "FAILED: sequence %lu of %zu operations: %s\n  again: engine_model --engine %s "
      "--sequence %lu\n",
      sequence.seed, sequence.operations.size(), failure.c_str(), engine, sequence.seed);
  std::printf("shrinking for up to %lu s\n", arguments.shrink_seconds);
  std::fflush(stdout);
  const Sequence small = Shrink(sequence, std::chrono::seconds(arguments.shrink_seconds));
  Outcome outcome = RunSequence(small, true);
  for (int i = 0; i < 20 && !outcome.failure; ++i) outcome = RunSequence(small, true);
  std::printf("%zu operations are left:\n", small.operations.size());
  for (const Operation& operation : small.operations) {
    std::printf("  %s %016lx\n", NameOf(operation.kind).data(), operation.seed);
  }
  for (const std::string& line : outcome.trace) std::printf("%s\n", line.c_str());
  std::printf("%s\n", outcome.failure ? outcome.failure->c_str() : "and now it does not fail");
  std::fflush(stdout);
}

/// What the workers share.
class Campaign {
 public:
  explicit Campaign(const Arguments& arguments)
      : arguments_(arguments), next_seed_(arguments.seed), scratch_(arguments.directory) {}

  /// 0 when every sequence went well.
  int Run() {
    started_ = last_ = Clock::now();
    std::vector<std::thread> workers;
    running_ = arguments_.threads;
    for (unsigned i = 0; i < arguments_.threads; ++i) workers.emplace_back([this, i] { Work(i); });
    Watch();
    for (std::thread& worker : workers) worker.join();
    PrintTally();
    return failed_ ? 1 : 0;
  }

  int RunOne(std::uint64_t seed) {
    const Outcome outcome = RunSequence(MakeSequence(arguments_, seed, scratch_.Of(0)), true);
    for (const std::string& line : outcome.trace) std::printf("%s\n", line.c_str());
    std::printf("%s\n", outcome.failure ? outcome.failure->c_str() : "ok");
    return outcome.failure ? 1 : 0;
  }

 private:
  using Clock = std::chrono::steady_clock;

  void Work(unsigned worker) {
    while (!failed_ && done_ < arguments_.operations) {
      const std::uint64_t seed = next_seed_.fetch_add(1);
      const Sequence sequence = MakeSequence(arguments_, seed, scratch_.Of(worker));
      Progress(worker, seed);
      const Outcome outcome = RunSequence(sequence, false);
      done_ += outcome.tally.operations;
      const std::lock_guard lock(mutex_);
      tally_ += outcome.tally;
      ++sequences_;
      if (outcome.failure && !failed_.exchange(true)) {
        shrinking_ = true;
        PrintFailure(arguments_, sequence, *outcome.failure);
      }
    }
    --running_;
  }

  void Progress(unsigned worker, std::uint64_t seed) {
    const std::lock_guard lock(mutex_);
    last_ = Clock::now();
    running_seeds[worker] = seed;
  }

  /// A sequence that does not end is a failure too: some call never answers.
  void Watch() {
    while (running_ > 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      if (shrinking_) continue;
      const std::lock_guard lock(mutex_);
      if (Clock::now() - last_ < kHang || running_ == 0) continue;
      SayWhatRan("no sequence ends any more");
      std::signal(SIGABRT, SIG_DFL);
      std::abort();
    }
  }

  void PrintTally() const {
    const std::chrono::duration<double> took = Clock::now() - started_;
    const Tally& t = tally_;
    std::printf("%lu operations in %lu sequences, %.1f s, %.0f a second\n", t.operations,
                sequences_, took.count(), static_cast<double>(t.operations) / took.count());
    std::printf(
        "%lu commits, %lu of them to two partitions, %lu refused or failed, %lu of those in doubt; "
        "%lu concurrent windows; %.1f GB read and compared\n",
        t.commits, t.together, t.conflicts, t.doubtful, t.concurrent,
        static_cast<double>(t.bytes_read) / 1e9);
    if (arguments_.kind != EngineKind::kLocal) return;
    std::printf(
        "%lu opens, %lu power cuts, %lu opens that broke, %lu faults, %lu read-only runs, "
        "%lu space checks\n"
        "%lu rewrites, %lu segments emptied, %.1f MB moved\n",
        t.opened, t.power_cuts, t.cuts_in_recovery, t.faults, t.read_only, t.space_checks,
        t.rewrites, t.rewritten_segments, static_cast<double>(t.rewritten_bytes) / 1e6);
  }

  const Arguments& arguments_;
  std::atomic<std::uint64_t> next_seed_;
  std::atomic<std::uint64_t> done_{0};
  std::atomic<bool> failed_{false};
  std::atomic<bool> shrinking_{false};
  std::atomic<unsigned> running_{0};
  const Scratch scratch_;
  std::mutex mutex_;
  Clock::time_point started_, last_;
  Tally tally_;
  std::uint64_t sequences_ = 0;
};

/// All stores of a process share these threads; a flush that fails keeps one for a second.
[[gnu::noinline]] void SetRocksdbThreads(int count) {  // tests/tsan.supp names it
  for (const auto pool : {rocksdb::Env::Priority::HIGH, rocksdb::Env::Priority::LOW}) {
    rocksdb::Env::Default()->SetBackgroundThreads(count, pool);
  }
}

}  // namespace
}  // namespace blobgate::engine::model

int main(int count, char** values) {
  using namespace blobgate::engine::model;
  const Arguments arguments = Parse(count, values);
  spdlog::set_level(arguments.sequence ? spdlog::level::info : spdlog::level::off);
  std::signal(SIGABRT, &OnCrash);
  std::signal(SIGSEGV, &OnCrash);
  SetRocksdbThreads(static_cast<int>(arguments.threads));
  Campaign campaign(arguments);
  return arguments.sequence ? campaign.RunOne(*arguments.sequence) : campaign.Run();
}
