#include "server/watchdog.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/post.hpp>
#include <cstdlib>
#include <utility>

#include "base/log.h"

namespace blobgate::server {
namespace {

/// A file of `directory` without a name, or with one that is gone at once. -1: neither.
int OpenNameless(const std::string& directory) {
  const int fd = ::open(directory.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
  if (fd >= 0) return fd;
  std::string named = directory + "/watchdog.XXXXXX";
  const int other = ::mkostemp(named.data(), O_CLOEXEC);
  if (other >= 0) ::unlink(named.c_str());
  return other;
}

/// A thread for work that may block. At most one piece waits while one runs: rounds see to that.
class Worker {
 public:
  explicit Worker(std::function<void()> work)
      : work_(std::move(work)), thread_([this](const std::stop_token& stop) { Run(stop); }) {}

  void Ask(Probe::Answered answered) {
    const std::lock_guard lock(mutex_);
    asked_.push_back(std::move(answered));
    wake_.notify_one();
  }

 private:
  void Run(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (wake_.wait(lock, stop, [this] { return !asked_.empty(); })) {
      auto asked = std::exchange(asked_, {});
      lock.unlock();
      work_();
      for (const auto& answered : asked) answered();
      lock.lock();
    }
  }

  const std::function<void()> work_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::vector<Probe::Answered> asked_;
  std::jthread thread_;
};

std::string Listed(const std::vector<std::string>& names) {
  std::string all;
  for (const auto& name : names) all += (all.empty() ? "" : ", ") + name;
  return all;
}

}  // namespace

struct ProbeRounds::Round {
  explicit Round(std::size_t size) : answered(size) {}
  std::vector<std::atomic<bool>> answered;
};

ProbeRounds::ProbeRounds(std::vector<Probe> probes) : probes_(std::move(probes)) {}

bool ProbeRounds::Next() {
  if (round_ && !Silent().empty()) return false;
  round_ = std::make_shared<Round>(probes_.size());
  for (std::size_t i = 0; i < probes_.size(); ++i) {
    probes_[i].ask([round = round_, i] { round->answered[i] = true; });
  }
  return true;
}

std::vector<std::string> ProbeRounds::Silent() const {
  std::vector<std::string> names;
  for (std::size_t i = 0; round_ && i < probes_.size(); ++i) {
    if (!round_->answered[i]) names.push_back(probes_[i].name);
  }
  return names;
}

std::vector<Probe> ProbesOf(net::IoThreads& threads) {
  std::vector<Probe> probes;
  for (std::size_t i = 0; i < threads.size(); ++i) {
    const auto ask = [executor = threads.executor(i)](Probe::Answered answered) {
      boost::asio::post(executor, std::move(answered));
    };
    probes.push_back({"io thread " + std::to_string(i), ask});
  }
  return probes;
}

Probe BlockingProbe(std::string name, std::function<void()> work) {
  auto worker = std::make_shared<Worker>(std::move(work));
  const auto ask = [worker](Probe::Answered answered) { worker->Ask(std::move(answered)); };
  return {std::move(name), ask};
}

void TouchDisk(const std::string& directory) {
  static constexpr std::array<char, 4096> kPage{};
  const int fd = OpenNameless(directory);
  if (fd < 0) return;
  if (::pwrite(fd, kPage.data(), kPage.size(), 0) > 0) (void)::fdatasync(fd);
  ::close(fd);
}

Watchdog::Watchdog(std::chrono::microseconds period, std::vector<Probe> probes,
                   std::function<void()> alive)
    : period_(period),
      alive_(std::move(alive)),
      rounds_(std::move(probes)),
      thread_([this](const std::stop_token& stop) { Run(stop); }) {}

Watchdog::~Watchdog() = default;

void Watchdog::Run(const std::stop_token& stop) {
  bool silent = false;
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    if (rounds_.Next()) {
      if (silent) spdlog::warn("watchdog: all have answered again");
      silent = false;
      alive_();
    } else if (!std::exchange(silent, true)) {
      spdlog::error("watchdog: no answer from {}; no keep-alive is sent until there is one",
                    Listed(rounds_.Silent()));
    }
    wake_.wait_for(lock, stop, period_, [] { return false; });
  }
}

}  // namespace blobgate::server
