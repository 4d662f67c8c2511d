#include "operations/write_queue.h"

#include <optional>
#include <utility>

namespace blobgate::operations {

Task<WriteQueue::Turn> WriteQueue::Enter(std::string key, Entry& entry) {
  {
    const std::lock_guard lock(mutex_);
    const auto [line, fresh] = lines_.try_emplace(key);
    if (fresh) {
      line->second.waiting.push_back(&entry);
      co_return Turn::kLead;
    }
  }
  auto start = [this, &key, &entry](Completer<Turn> resume) {
    const std::unique_lock lock(mutex_);
    const auto [line, fresh] = lines_.try_emplace(key);
    line->second.waiting.push_back(&entry);
    if (fresh) {
      resume(Turn::kLead);  // the last leader left in between
    } else {
      entry.resume_ = std::move(resume);
    }
  };
  co_return co_await AwaitCompletion<Turn>(std::move(start));
}

std::vector<WriteQueue::Entry*> WriteQueue::Take(const std::string& key, Entry& entry) {
  const std::lock_guard lock(mutex_);
  auto& waiting = lines_.at(key).waiting;
  waiting.pop_front();
  std::vector<Entry*> batch{&entry};
  if (entry.alone()) return batch;
  while (!waiting.empty() && batch.size() < kMaxBatch && !waiting.front()->alone()) {
    batch.push_back(waiting.front());
    waiting.pop_front();
  }
  return batch;
}

void WriteQueue::Leave(const std::string& key, const std::vector<Entry*>& batch) {
  for (std::size_t i = 1; i < batch.size(); ++i) {
    // The entry may be gone as soon as its Task runs.
    auto resume = std::move(batch[i]->resume_);
    resume(Turn::kDone);
  }
  const std::lock_guard lock(mutex_);
  const auto line = lines_.find(key);
  if (line->second.waiting.empty()) {
    lines_.erase(line);
    return;
  }
  auto resume = std::move(line->second.waiting.front()->resume_);
  resume(Turn::kLead);
}

}  // namespace blobgate::operations
