#include "base/buffer.h"

#include <sys/mman.h>

#include <cstdlib>

#include "base/buffer_slabs.h"
#include "base/log.h"

namespace blobgate {

AlignedBuffer::AlignedBuffer(std::size_t size)
    : size_((size + kAlignment - 1) / kAlignment * kAlignment) {
  BufferSlabs* const slabs = BufferSlabs::ForSize(size_);
  void* const memory =
      slabs ? slabs->Take() : std::aligned_alloc(kAlignment, size_ > 0 ? size_ : kAlignment);
  if (memory == nullptr) std::abort();
  data_ = {static_cast<std::byte*>(memory), Free{slabs}};
}

void AlignedBuffer::Free::operator()(std::byte* p) const {
  slabs != nullptr ? slabs->Give(p) : std::free(p);
}

LendablePages::~LendablePages() {
  if (!lent_.load(std::memory_order_relaxed)) return;
  if (::madvise(buffer_.data(), buffer_.size(), MADV_DONTNEED) == 0) return;
  // Rather lost than changed while somebody reads them.
  spdlog::error("pages that were lent cannot be given back to the system: {} bytes are lost",
                buffer_.size());
  static_cast<void>(new AlignedBuffer(std::move(buffer_)));
}

}  // namespace blobgate
