// Connections beside those that are measured: idle ones, and clients that take their time.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "bench/plan.h"
#include "bench/transport.h"

namespace blobgate::bench {

/// Runs a thread of its own from Start to its end. An idle connection or a reader that the server
/// ends is not opened again; how many are left is told. Who sends slowly comes again at once, as
/// who means harm would; how often is told.
class Crowd {
 public:
  /// Opens all connections and makes the requests of the slow readers (whole blobs of the plan, by
  /// number). The plan and the endpoint outlive it. Errors: kUnavailable (they cannot be opened).
  static Result<std::unique_ptr<Crowd>> Start(const Plan& plan, const Endpoint& endpoint);
  ~Crowd();
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;

  /// That are still open.
  std::size_t left() const { return left_; }
  /// Slow senders that were cut off, or got an answer, and came again.
  std::size_t returned() const { return returned_; }

 private:
  struct Member;
  Crowd(const Plan& plan, const Endpoint& endpoint);
  Status Open();
  Status OpenOne(std::unique_ptr<Member> member);
  void Work(const std::stop_token& stop);
  void Visit(Member& member, MutableBytes buffer);
  void Receive(Member& member, MutableBytes buffer);
  void Begin(Member& member);
  void Send(Member& member);
  void Leave(Member& member);

  const Plan& plan_;
  const Endpoint& endpoint_;
  int epoll_ = -1;
  std::vector<std::unique_ptr<Member>> members_;
  std::atomic<std::size_t> left_{0};
  std::atomic<std::size_t> returned_{0};
  std::jthread thread_;  // last: ends before what it uses
};

/// Lets the process have as many open files as its hard limit allows.
void RaiseFileLimit();

}  // namespace blobgate::bench
