// The requests that are being served, for whoever asks what keeps a server busy.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "azure/operation.h"

namespace blobgate::gateway {

/// One of them, as it was when somebody looked.
struct LiveRequestView {
  std::string request_id;
  std::chrono::nanoseconds age{0};            ///< since its head was parsed
  std::optional<azure::Operation> operation;  ///< nullopt: none was recognised, or not yet
  std::string account;                        ///< as it was addressed; may be none of ours
  std::string peer;
  std::string method;
  std::string target;      ///< with `sig` removed
  bool answering = false;  ///< the answer is made, and its bytes are on their way
};

/// Any thread. To be in it costs a request one allocation and a lock three times, one that only
/// those meet that run on the same thread, and whoever looks.
class LiveRequests {
 public:
  using Clock = std::chrono::steady_clock;

  /// What is seen of a request. It must stay while it is in use.
  struct Texts {
    std::string_view account = {};
    std::string_view peer = {};
    std::string_view method = {};
    std::string_view target = {};
  };

 private:
  struct Node;
  struct Shard;

 public:
  /// In it until destroyed. Movable; used by one thread at a time.
  class Entry {
   public:
    Entry(Entry&&) noexcept;
    Entry& operator=(Entry&&) = delete;
    ~Entry();

    void Routed(azure::Operation operation, std::string_view account);
    /// What was seen so far need not stay any longer; `texts` must, unless `copy`.
    void Answering(const Texts& texts, bool copy);

   private:
    friend class LiveRequests;
    explicit Entry(std::unique_ptr<Node> node);
    std::unique_ptr<Node> node_;
  };

  LiveRequests();
  ~LiveRequests();

  Entry Begin(std::string_view request_id, Clock::time_point started, const Texts& texts);

  std::int64_t count() const;
  /// The `most` that began first, in that order.
  std::vector<LiveRequestView> Oldest(std::size_t most) const;

 private:
  const std::unique_ptr<Shard[]> shards_;
};

}  // namespace blobgate::gateway
