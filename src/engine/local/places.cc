#include "engine/local/places.h"

namespace blobgate::engine {

std::uint64_t Places::epoch() const {
  const std::lock_guard lock(mutex_);
  return epoch_;
}

void Places::Remember(const Place& birth, const Place& now, std::uint64_t epoch) {
  const std::lock_guard lock(mutex_);
  if (epoch == epoch_) cache_.Put(birth, now, 1);
}

void Places::Apply(const std::vector<Move>& moves) {
  if (moves.empty()) return;
  const std::lock_guard lock(mutex_);
  ++epoch_;
  for (const Move& move : moves) cache_.Erase(move.birth);
}

void Places::Depart(const Place& birth, const Place& now) {
  const std::lock_guard lock(mutex_);
  departed_[birth] = now;
}

std::optional<Place> Places::Departed(const Place& birth) const {
  const std::lock_guard lock(mutex_);
  const auto found = departed_.find(birth);
  if (found == departed_.end()) return std::nullopt;
  return found->second;
}

void Places::Forget(const Place& birth) {
  const std::lock_guard lock(mutex_);
  departed_.erase(birth);
}

}  // namespace blobgate::engine
