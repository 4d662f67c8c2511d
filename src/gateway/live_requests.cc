#include "gateway/live_requests.h"

#include <algorithm>
#include <boost/intrusive/list.hpp>
#include <mutex>
#include <utility>

#include "gateway/access_log.h"
#include "gateway/request_counters.h"

namespace blobgate::gateway {

struct LiveRequests::Node : boost::intrusive::list_base_hook<> {
  Shard* shard = nullptr;
  Clock::time_point started;
  // Guarded by the shard's mutex from Begin on.
  std::string request_id;
  std::optional<azure::Operation> operation;
  Texts texts;
  std::string copied;  ///< what `texts` points to, if that is ours
  bool answering = false;

  void Copy(const Texts& from) {
    copied.clear();
    for (const auto part : {from.account, from.peer, from.method, from.target}) copied += part;
    std::string_view rest = copied;
    const auto take = [&rest](std::string_view like) {
      const std::string_view part = rest.substr(0, like.size());
      rest.remove_prefix(like.size());
      return part;
    };
    texts.account = take(from.account);
    texts.peer = take(from.peer);
    texts.method = take(from.method);
    texts.target = take(from.target);
  }

  LiveRequestView View(Clock::time_point now) const {
    return {.request_id = request_id,
            .age = now - started,
            .operation = operation,
            .account = std::string(texts.account),
            .peer = std::string(texts.peer),
            .method = std::string(texts.method),
            .target = RedactTarget(texts.target),
            .answering = answering};
  }
};

/// Those that began on some threads, the oldest first.
struct alignas(64) LiveRequests::Shard {
  mutable std::mutex mutex;
  boost::intrusive::list<Node, boost::intrusive::constant_time_size<true>> nodes;
};

LiveRequests::LiveRequests() : shards_(std::make_unique<Shard[]>(kShards)) {}
LiveRequests::~LiveRequests() = default;

LiveRequests::Entry::Entry(std::unique_ptr<Node> node) : node_(std::move(node)) {}
LiveRequests::Entry::Entry(Entry&&) noexcept = default;

LiveRequests::Entry::~Entry() {
  if (!node_) return;
  Shard& shard = *node_->shard;
  const std::lock_guard lock(shard.mutex);
  shard.nodes.erase(shard.nodes.iterator_to(*node_));
}

void LiveRequests::Entry::Routed(azure::Operation operation, std::string_view account) {
  const std::lock_guard lock(node_->shard->mutex);
  node_->operation = operation;
  node_->texts.account = account;
}

void LiveRequests::Entry::Answering(const Texts& texts, bool copy) {
  const std::lock_guard lock(node_->shard->mutex);
  node_->answering = true;
  if (copy) {
    node_->Copy(texts);
  } else {
    node_->texts = texts;
  }
}

LiveRequests::Entry LiveRequests::Begin(std::string_view request_id, Clock::time_point started,
                                        const Texts& texts) {
  auto node = std::make_unique<Node>();
  node->shard = &shards_[ShardOfThisThread()];
  node->started = started;
  node->request_id = request_id;
  node->texts = texts;
  const std::lock_guard lock(node->shard->mutex);
  node->shard->nodes.push_back(*node);
  return Entry(std::move(node));
}

std::int64_t LiveRequests::count() const {
  std::size_t all = 0;
  for (std::size_t i = 0; i < kShards; ++i) {
    const std::lock_guard lock(shards_[i].mutex);
    all += shards_[i].nodes.size();
  }
  return static_cast<std::int64_t>(all);
}

std::vector<LiveRequestView> LiveRequests::Oldest(std::size_t most) const {
  const auto now = Clock::now();
  std::vector<LiveRequestView> views;
  for (std::size_t i = 0; i < kShards; ++i) {
    const std::lock_guard lock(shards_[i].mutex);
    std::size_t left = most;
    for (const Node& node : shards_[i].nodes) {
      if (left-- == 0) break;
      views.push_back(node.View(now));
    }
  }
  std::ranges::sort(views, std::ranges::greater(), &LiveRequestView::age);
  if (views.size() > most) views.resize(most);
  return views;
}

}  // namespace blobgate::gateway
