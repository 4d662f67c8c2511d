// One thread of the load generator.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bench/content.h"
#include "bench/head_template.h"
#include "bench/response_reader.h"
#include "bench/schedule.h"
#include "bench/source.h"
#include "bench/totals.h"
#include "bench/transport.h"

namespace blobgate::bench {

/// What a stretch of a run counts.
struct Window {
  Instant begin;             ///< earlier is warm-up
  Instant end;               ///< no request is made later, unless it was due before
  bool until_empty = false;  ///< instead: until the source has no more; everything counts
  double rate = 0;           ///< requests a second of all workers; 0: closed loop
};

/// Connections and an epoll loop over them. Runs in one thread at a time; what it is given outlives
/// it. A request that gets no byte of an answer because the server had ended the connection is made
/// once more on a new one, and keeps the time it was due.
class Worker {
 public:
  Worker(const Plan& plan, const Content& content, const Endpoint& endpoint, unsigned index,
         std::uint64_t run_id);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Makes requests until the window ends and their answers are there, or kGrace has passed.
  void Run(Source& source, const Window& window);

  /// Makes the container; that it exists already is as good. False with a message in totals().
  bool CreateContainer();

  const Totals& totals() const { return totals_; }
  void ClearTotals() { totals_ = {}; }

 private:
  enum class LaneState { kClosed, kConnecting, kIdle, kSending, kReceiving };
  /// A connection and what goes on there.
  struct Lane {
    Transport transport;
    ResponseReader reader;
    LaneState state = LaneState::kClosed;
    bool has_request = false;
    bool creating = false;  ///< the request makes the container
    bool used = false;      ///< this connection has answered before
    bool repeated = false;  ///< the request is made for the second time
    bool bytes_differ = false;
    Request request;
    History history;
    Instant due;
    std::string head;           ///< and the body of a block list
    std::vector<iovec> pieces;  ///< of the request
    std::size_t sent_pieces = 0;
    std::uint64_t received = 0;  ///< of the body
    std::string kept;            ///< of the body, where it is looked at
  };

  void Open(Lane& lane);
  void Drive(Lane& lane);
  bool Step(Lane& lane);
  bool Send(Lane& lane);
  bool Receive(Lane& lane);
  void OnBody(Lane& lane, Bytes piece);
  void StartIfDue(Lane& lane);
  bool TakeRequest(Lane& lane, Instant due);
  void Begin(Lane& lane);
  void Render(Lane& lane);
  void Complete(Lane& lane);
  std::string Judge(const Lane& lane) const;
  void Count(Lane& lane, Instant now);
  void Remember(Lane& lane);
  void Broken(Lane& lane);
  void Fail(Lane& lane, std::string what);
  void DispatchDue(Instant now);
  void Wait(Instant now);
  bool Finished(Instant now) const;
  std::string_view Date(Instant now);

  const Plan& plan_;
  const Content& content_;
  const Endpoint& endpoint_;
  const unsigned index_;
  const std::array<std::string, 2> prefixes_;  // of prepared and of fresh names
  std::array<std::array<HeadTemplate, kOperations>, 2> templates_;
  std::optional<Signer> signer_;
  Random random_;
  Totals totals_;

  int epoll_ = -1;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::deque<Lane*> idle_;     // open loop: in the order in which they came free
  std::vector<Lane*> closed_;  // connecting failed; tried again soon
  std::size_t busy_ = 0;       // lanes with a request
  std::uint64_t failed_ = 0;   // requests and connections of this run
  std::unique_ptr<std::byte[]> buffer_;

  Source* source_ = nullptr;
  Window window_;
  std::optional<Schedule> schedule_;
  std::string date_;
  Instant date_until_;
};

}  // namespace blobgate::bench
