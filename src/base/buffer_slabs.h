// Memory for large buffers in few translations of addresses.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <set>

namespace blobgate {

/// Buffers of one size out of slabs of 2 MiB, each of which the kernel is asked to back by one huge
/// page (madvise(2), MADV_HUGEPAGE): who goes through much content in small pages waits for their
/// translations, most of all in a virtual machine, where each is two walks; and direct I/O takes
/// each of them by itself. Thread-safe.
class BufferSlabs {
 public:
  static constexpr std::size_t kSlab = 2 * 1024 * 1024;

  /// That of the process for buffers of `size` bytes, or null. 32 KiB (a chunk of content in
  /// memory), 256 KiB (a piece that is read) and 512 KiB (one that is written) have one, never
  /// destroyed.
  static BufferSlabs* ForSize(std::size_t size);

  /// `size` bytes for each buffer: a power of two from 32 KiB to kSlab.
  explicit BufferSlabs(std::size_t size);
  /// REQUIRES: no buffer is out.
  ~BufferSlabs();
  BufferSlabs(const BufferSlabs&) = delete;
  BufferSlabs& operator=(const BufferSlabs&) = delete;

  /// Aligned to its size, contents undefined. Aborts when memory is out.
  std::byte* Take();
  /// What Take gave. A slab of which nothing is out goes back to the system, but one.
  void Give(std::byte* buffer);

  /// All slabs, bytes.
  std::size_t held() const;

 private:
  using Free = std::uint64_t;  // a bit for each buffer

  const std::size_t size_;
  const Free all_;
  mutable std::mutex mutex_;
  std::map<std::byte*, Free> slabs_;  // by address: which buffers are free
  std::set<std::byte*> open_;         // those of which some are: the first gives the next one
  std::size_t idle_ = 0;              // those of which all are
};

}  // namespace blobgate
