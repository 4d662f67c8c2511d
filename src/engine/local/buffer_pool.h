// Recycles the 256 KiB buffers of reads and writes: fresh ones cost page faults.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "base/buffer.h"

namespace blobgate::engine {

/// Thread-safe. Buffers may outlive the pool's owner: each keeps the pool's state alive.
class BufferPool {
 public:
  static constexpr std::size_t kSize = 256 * 1024;
  /// Idle buffers kept, at most.
  static constexpr std::size_t kIdle = 16;

  /// kSize bytes, contents undefined. Goes back when the last reference is dropped.
  std::shared_ptr<AlignedBuffer> Take() {
    AlignedBuffer buffer = state_->Pop();
    if (!buffer) buffer = AlignedBuffer(kSize);
    auto give_back = [state = state_](AlignedBuffer* used) {
      state->Push(std::move(*used));
      delete used;
    };
    return {new AlignedBuffer(std::move(buffer)), std::move(give_back)};
  }

 private:
  struct State {
    std::mutex mutex;
    std::vector<AlignedBuffer> idle;

    AlignedBuffer Pop() {
      const std::lock_guard lock(mutex);
      if (idle.empty()) return {};
      AlignedBuffer last = std::move(idle.back());
      idle.pop_back();
      return last;
    }
    void Push(AlignedBuffer buffer) {
      const std::lock_guard lock(mutex);
      if (idle.size() < kIdle) idle.push_back(std::move(buffer));
    }
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace blobgate::engine
