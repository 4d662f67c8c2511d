// The keep-alive for the service manager's watchdog (WatchdogSec=): sent only while everything that
// must not hang has answered lately. When one thing no longer does, none is sent, and the service
// manager ends the process and starts it again.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "net/io_threads.h"

namespace blobgate::server {

/// Something that may hang. `ask` must not block: it makes `answered` run once, later, on any
/// thread; also after whoever asked is gone.
struct Probe {
  using Answered = std::function<void()>;
  std::string name;
  std::function<void(Answered answered)> ask;
};

/// Asks all probes, and again once all have answered. One thread at a time.
class ProbeRounds {
 public:
  explicit ProbeRounds(std::vector<Probe> probes);

  /// True: all have answered, and a new round begins. The first call is one.
  bool Next();
  /// Names of those that have not answered yet.
  std::vector<std::string> Silent() const;

 private:
  struct Round;
  const std::vector<Probe> probes_;
  std::shared_ptr<Round> round_;
};

/// One for every io thread: whether its event loop still turns.
std::vector<Probe> ProbesOf(net::IoThreads& threads);

/// Answers once `work`, which may block, has come back on a thread that the probe owns; the last
/// copy of it waits for that. Whether the work failed does not matter: an error is an answer.
Probe BlockingProbe(std::string name, std::function<void()> work);

/// Writes a page to a nameless file of `directory` and waits for the disk.
void TouchDisk(const std::string& directory);

/// A thread that calls `alive` every `period` in which all probes have answered.
class Watchdog {
 public:
  Watchdog(std::chrono::microseconds period, std::vector<Probe> probes,
           std::function<void()> alive);
  /// Ends the thread; what probes still wait for is not waited for, but see BlockingProbe.
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

 private:
  void Run(const std::stop_token& stop);

  const std::chrono::microseconds period_;
  const std::function<void()> alive_;
  ProbeRounds rounds_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread thread_;
};

}  // namespace blobgate::server
