// Byte buffers: bounded, aligned, reference-counted when they must be shared.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

namespace blobgate {

using Bytes = std::span<const std::byte>;
using MutableBytes = std::span<std::byte>;

inline Bytes AsBytes(std::string_view s) {
  return {reinterpret_cast<const std::byte*>(s.data()), s.size()};
}
inline std::string_view AsChars(Bytes b) {
  return {reinterpret_cast<const char*>(b.data()), b.size()};
}

/// A block of memory aligned for direct I/O. Owned; move-only. Contents start undefined.
class AlignedBuffer {
 public:
  static constexpr std::size_t kAlignment = 4096;

  AlignedBuffer() = default;
  /// Allocates at least `size` bytes, rounded up to kAlignment. Aborts when memory is out.
  explicit AlignedBuffer(std::size_t size)
      : size_((size + kAlignment - 1) / kAlignment * kAlignment),
        data_(static_cast<std::byte*>(std::aligned_alloc(kAlignment, size_ ? size_ : kAlignment))) {
    if (!data_) std::abort();
  }

  std::byte* data() const { return data_.get(); }
  std::size_t size() const { return size_; }
  MutableBytes span() const { return {data_.get(), size_}; }
  explicit operator bool() const { return data_ != nullptr; }

 private:
  struct Free {
    void operator()(std::byte* p) const { std::free(p); }
  };
  std::size_t size_ = 0;
  std::unique_ptr<std::byte, Free> data_;
};

/// Read-only bytes with shared ownership of whatever keeps them alive: a cached block, a private
/// read buffer, a string. Cheap to copy and to narrow. The bytes never change while held.
class SharedBytes {
 public:
  SharedBytes() = default;
  SharedBytes(std::shared_ptr<const void> owner, Bytes view)
      : owner_(std::move(owner)), view_(view) {}

  Bytes view() const { return view_; }
  std::size_t size() const { return view_.size(); }
  bool empty() const { return view_.empty(); }
  SharedBytes Sub(std::size_t offset, std::size_t length) const {
    return {owner_, view_.subspan(offset, length)};
  }

 private:
  std::shared_ptr<const void> owner_;
  Bytes view_;
};

}  // namespace blobgate
