// Byte buffers: bounded, aligned, reference-counted when they must be shared.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

namespace blobgate {

class BufferSlabs;

using Bytes = std::span<const std::byte>;
using MutableBytes = std::span<std::byte>;

inline Bytes AsBytes(std::string_view s) {
  return {reinterpret_cast<const std::byte*>(s.data()), s.size()};
}
inline std::string_view AsChars(Bytes b) {
  return {reinterpret_cast<const char*>(b.data()), b.size()};
}

/// A block of memory aligned for direct I/O. Owned; move-only. Contents start undefined. Large ones
/// of usual sizes lie in huge pages (buffer_slabs.h).
class AlignedBuffer {
 public:
  static constexpr std::size_t kAlignment = 4096;

  AlignedBuffer() = default;
  /// Allocates at least `size` bytes, rounded up to kAlignment. Aborts when memory is out.
  explicit AlignedBuffer(std::size_t size);

  std::byte* data() const { return data_.get(); }
  std::size_t size() const { return size_; }
  MutableBytes span() const { return {data_.get(), size_}; }
  explicit operator bool() const { return data_ != nullptr; }

 private:
  struct Free {
    BufferSlabs* slabs;  // it came from those, or not from any
    void operator()(std::byte* p) const;
  };
  std::size_t size_ = 0;
  std::unique_ptr<std::byte, Free> data_;
};

/// Pages that never change once they are filled, so that the kernel may send them without a copy.
/// It may hold them longer than anybody here does: what was lent goes back to the system, and only
/// the addresses are used again. That costs some ten copies of 32 KiB: lend what is used much.
class LendablePages {
 public:
  static constexpr unsigned kUses = 8;

  /// As AlignedBuffer.
  explicit LendablePages(std::size_t size) : buffer_(size) {}
  LendablePages(const LendablePages&) = delete;
  LendablePages& operator=(const LendablePages&) = delete;
  ~LendablePages();

  const AlignedBuffer& buffer() const { return buffer_; }
  std::size_t size() const { return buffer_.size(); }
  MutableBytes span() const { return buffer_.span(); }
  /// Thread-safe. Counts one more use; true when there were kUses of them.
  bool IsUsedMuch() const {
    return uses_.load(std::memory_order_relaxed) >= kUses ||
           uses_.fetch_add(1, std::memory_order_relaxed) + 1 >= kUses;
  }
  /// Thread-safe. From now on others may hold references to the pages.
  void Lend() const { lent_.store(true, std::memory_order_relaxed); }

 private:
  AlignedBuffer buffer_;
  mutable std::atomic<unsigned> uses_ = 0;
  mutable std::atomic<bool> lent_ = false;
};

/// Read-only bytes with shared ownership of whatever keeps them alive: a cached block, a private
/// read buffer, a string. Cheap to copy and to narrow. The bytes never change while held.
class SharedBytes {
 public:
  SharedBytes() = default;
  SharedBytes(std::shared_ptr<const void> owner, Bytes view)
      : owner_(std::move(owner)), view_(view) {}
  /// `view` lies in those pages.
  static SharedBytes Of(std::shared_ptr<const LendablePages> pages, Bytes view) {
    const LendablePages* const lender = pages.get();
    SharedBytes bytes(std::move(pages), view);
    bytes.lender_ = lender;
    return bytes;
  }

  Bytes view() const { return view_; }
  std::size_t size() const { return view_.size(); }
  bool empty() const { return view_.empty(); }
  SharedBytes Sub(std::size_t offset, std::size_t length) const {
    SharedBytes part = *this;
    part.view_ = view_.subspan(offset, length);
    return part;
  }

  /// The pages that the bytes lie in, if they can be lent, else null.
  const LendablePages* lender() const { return lender_; }
  /// The same bytes, which whoever gets them is to copy.
  SharedBytes NotLent() const { return {owner_, view_}; }

 private:
  std::shared_ptr<const void> owner_;
  const LendablePages* lender_ = nullptr;
  Bytes view_;
};

}  // namespace blobgate
