#include "net/read_buffer.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

namespace blobgate::net {

namespace {

// A socket read into less room than this is not worth its system call.
constexpr std::size_t kWorthReading = 1024;
// Of a peer that sends less at a time it is.
constexpr std::size_t kWorthTrickle = 256;
constexpr std::size_t kTrickleStep = 512;

}  // namespace

MutableBytes ReadBuffer::Prepare() {
  const std::size_t unread = end_ - begin_;
  if (unread >= limit_) return {};
  if (unread == 0 && !pinned_) begin_ = end_ = 0;
  const std::size_t worth = trickle_ ? kWorthTrickle : kWorthReading;
  if (size_ - end_ < std::min(worth, limit_ - unread)) {
    if (!pinned_ && size_ - unread >= worth) {
      std::memmove(data_.get(), data_.get() + begin_, unread);
      begin_ = 0;
      end_ = unread;
    } else {
      const std::size_t most = std::max(limit_, kInitialSize);
      const std::size_t size = trickle_ ? (unread / kTrickleStep + 2) * kTrickleStep
                                        : std::bit_ceil(unread + kWorthReading);
      Reallocate(std::clamp(size, kInitialSize, most));
    }
  }
  auto* const room = reinterpret_cast<std::byte*>(data_.get() + end_);
  return {room, std::min(size_ - end_, limit_ - unread)};
}

void ReadBuffer::Reallocate(std::size_t size) {
  const std::size_t unread = end_ - begin_;
  auto larger = std::make_unique_for_overwrite<char[]>(size);
  if (unread > 0) std::memcpy(larger.get(), data_.get() + begin_, unread);
  if (pinned_) pinned_data_ = std::move(data_);
  pinned_ = false;
  data_ = std::move(larger);
  size_ = size;
  begin_ = 0;
  end_ = unread;
}

void ReadBuffer::Relax() {
  if (pinned_ || begin_ != end_) return;
  data_.reset();
  size_ = begin_ = end_ = 0;
}

std::string_view ReadBuffer::Pin(std::size_t count) {
  pinned_ = true;
  const std::string_view view = Unread().substr(0, count);
  Consume(count);
  return view;
}

void ReadBuffer::Unpin() {
  pinned_ = false;
  pinned_data_.reset();
  if (begin_ != end_) return;
  begin_ = end_ = 0;
  if (size_ > kInitialSize) {
    data_.reset();
    size_ = 0;
  }
}

}  // namespace blobgate::net
