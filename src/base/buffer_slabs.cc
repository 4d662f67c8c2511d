#include "base/buffer_slabs.h"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>

namespace blobgate {
namespace {

/// Aligned to its size. Nothing of it is in memory yet.
std::byte* MapSlab() {
  constexpr std::size_t kAround = 2 * BufferSlabs::kSlab;
  void* const mapped =
      ::mmap(nullptr, kAround, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) std::abort();
  auto* const begin = static_cast<std::byte*>(mapped);
  const std::size_t before = -reinterpret_cast<std::uintptr_t>(begin) % BufferSlabs::kSlab;
  std::byte* const slab = begin + before;
  if (before > 0) ::munmap(begin, before);
  ::munmap(slab + BufferSlabs::kSlab, kAround - before - BufferSlabs::kSlab);
  ::madvise(slab, BufferSlabs::kSlab, MADV_HUGEPAGE);  // without them small ones do
  return slab;
}

}  // namespace

BufferSlabs* BufferSlabs::ForSize(std::size_t size) {
  static const std::array all{new BufferSlabs(32 * 1024), new BufferSlabs(256 * 1024),
                              new BufferSlabs(512 * 1024)};
  const auto found = std::ranges::find(all, size, &BufferSlabs::size_);
  return found == all.end() ? nullptr : *found;
}

BufferSlabs::BufferSlabs(std::size_t size) : size_(size), all_(~Free{0} >> (64 - kSlab / size)) {}

BufferSlabs::~BufferSlabs() {
  for (const auto& [slab, free] : slabs_) ::munmap(slab, kSlab);
}

std::byte* BufferSlabs::Take() {
  const std::lock_guard lock(mutex_);
  if (open_.empty()) {
    std::byte* const made = MapSlab();
    slabs_.emplace(made, all_);
    open_.insert(made);
    ++idle_;
  }
  std::byte* const slab = *open_.begin();
  Free& free = slabs_.find(slab)->second;
  if (free == all_) --idle_;
  const auto index = static_cast<std::size_t>(std::countr_zero(free));
  free &= free - 1;
  if (free == 0) open_.erase(open_.begin());
  return slab + index * size_;
}

void BufferSlabs::Give(std::byte* buffer) {
  const std::size_t offset = reinterpret_cast<std::uintptr_t>(buffer) % kSlab;
  std::byte* const slab = buffer - offset;
  const std::lock_guard lock(mutex_);
  const auto it = slabs_.find(slab);
  if (it->second == 0) open_.insert(slab);
  it->second |= Free{1} << (offset / size_);
  if (it->second != all_) return;
  if (idle_ == 0) {
    ++idle_;
    return;
  }
  ::munmap(slab, kSlab);
  open_.erase(slab);
  slabs_.erase(it);
}

std::size_t BufferSlabs::held() const {
  const std::lock_guard lock(mutex_);
  return slabs_.size() * kSlab;
}

}  // namespace blobgate
