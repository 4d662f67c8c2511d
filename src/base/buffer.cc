#include "base/buffer.h"

#include <sys/mman.h>

#include "base/log.h"

namespace blobgate {

LendablePages::~LendablePages() {
  if (!lent_.load(std::memory_order_relaxed)) return;
  if (::madvise(buffer_.data(), buffer_.size(), MADV_DONTNEED) == 0) return;
  // Rather lost than changed while somebody reads them.
  spdlog::error("pages that were lent cannot be given back to the system: {} bytes are lost",
                buffer_.size());
  static_cast<void>(new AlignedBuffer(std::move(buffer_)));
}

}  // namespace blobgate
