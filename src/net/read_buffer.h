// The bytes of a connection that were received and not yet consumed.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "base/buffer.h"

namespace blobgate::net {

/// Starts at kInitialSize, allocated by Prepare; grows up to the limit: by doubling when bytes come
/// fast, by as little as they need when they trickle in. One thread. Views from Unread() and Pin()
/// end with the next Prepare or Relax, unless they are pinned.
class ReadBuffer {
 public:
  static constexpr std::size_t kInitialSize = 1536;

  /// `limit`: the most bytes that can be unread at once.
  explicit ReadBuffer(std::size_t limit) : limit_(limit) {}

  std::string_view Unread() const { return {data_.get() + begin_, end_ - begin_}; }
  bool full() const { return end_ - begin_ >= limit_; }

  /// Room for received bytes behind the unread ones; empty when full(). Moves unread bytes.
  MutableBytes Prepare();
  /// `count` bytes were written to what Prepare returned.
  void Commit(std::size_t count) {
    end_ += count;
    trickle_ = end_ < size_;
  }
  /// Gives the memory back when there is nothing in it: for a wait.
  void Relax();
  void Consume(std::size_t count) { begin_ += count; }

  /// Consumes `count` bytes and keeps them readable, at the same address, until Unpin.
  std::string_view Pin(std::size_t count);
  /// Ends Pin and gives back memory beyond kInitialSize when nothing is unread.
  void Unpin();

 private:
  void Reallocate(std::size_t size);

  std::size_t limit_;
  std::unique_ptr<char[]> data_;
  std::size_t size_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool trickle_ = false;                 // what came last did not use all the room
  bool pinned_ = false;                  // bytes before begin_ in data_ are pinned
  std::unique_ptr<char[]> pinned_data_;  // pinned bytes when data_ had to be replaced
};

}  // namespace blobgate::net
