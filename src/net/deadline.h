// Deadlines of many connections, kept by one timer per io thread: arming one is a store, where a
// timer of its own would cost several microseconds a request.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/intrusive/list.hpp>
#include <chrono>

#include "base/task.h"
#include "net/limits.h"

namespace blobgate::net {

class Deadline;

/// Checks its deadlines every `interval`, so one fires up to that much late. Belongs to one io
/// thread; outlives its deadlines.
class DeadlineSweep {
 public:
  DeadlineSweep(boost::asio::any_io_executor executor, std::chrono::milliseconds interval)
      : timer_(std::move(executor)), interval_(interval) {}

  /// Runs until it is cancelled.
  Task<void> Run();

  /// An interval that is short against every timeout of `limits`.
  static std::chrono::milliseconds IntervalFor(const Limits& limits);

 private:
  friend class Deadline;
  using Hook =
      boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

  void Check();

  boost::intrusive::list<Deadline, boost::intrusive::base_hook<Hook>,
                         boost::intrusive::constant_time_size<false>>
      deadlines_;
  boost::asio::steady_timer timer_;
  std::chrono::milliseconds interval_;
};

/// One deadline at a time; derived classes say what happens when it passes. On the thread of its
/// sweep.
class Deadline : public DeadlineSweep::Hook {
 public:
  explicit Deadline(DeadlineSweep& sweep) { sweep.deadlines_.push_back(*this); }
  virtual ~Deadline() = default;
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  void Arm(std::chrono::milliseconds timeout) {
    when_ = std::chrono::steady_clock::now() + timeout;
    fired_ = false;
  }
  void Disarm() { when_ = kNever; }
  /// It passed since it was armed last.
  bool fired() const { return fired_; }

 private:
  friend class DeadlineSweep;
  static constexpr auto kNever = std::chrono::steady_clock::time_point::max();

  /// Interrupts what waits. Called at every sweep until the deadline is disarmed or armed anew, as
  /// the first call may fall between two waits. Must not destroy a deadline.
  virtual void OnDeadline() = 0;

  std::chrono::steady_clock::time_point when_ = kNever;
  bool fired_ = false;
};

}  // namespace blobgate::net
