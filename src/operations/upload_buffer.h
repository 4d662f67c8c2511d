// Memory that a body comes into on its way to an extent.
#pragma once

#include <chrono>
#include <cstdint>

#include "azure/errors.h"
#include "base/buffer.h"
#include "base/task.h"
#include "http/body.h"

namespace blobgate::operations {

/// Gives a body in pieces of kMost bytes. Memory grows as they come, and a client that takes long
/// over a piece gets it handed on sooner, in multiples of kLeast: thousands of them need little.
class UploadBuffer {
 public:
  static constexpr std::size_t kLeast = 4 * 1024;
  static constexpr std::size_t kMost = 512 * 1024;
  /// Taken from the socket in one go; then it is the turn of others.
  static constexpr std::size_t kOnce = 256 * 1024;
  /// Over a piece of kMost bytes, or what there is room for of it.
  static constexpr std::chrono::milliseconds kLong{400};

  using Instant = std::chrono::steady_clock::time_point;

  explicit UploadBuffer(Instant (*now)() = std::chrono::steady_clock::now) : now_(now) {}

  /// The next bytes of the `left` that `body` still has, in aligned memory, valid until the next
  /// call. All pieces but the last are multiples of kLeast. 400 InvalidInput for a body that ends
  /// early, which is the client's fault: it announced more.
  Task<azure::Outcome<MutableBytes>> Next(http::BodyReader& body, std::uint64_t left);

 private:
  void Resize(std::size_t size);

  Instant (*now_)();
  AlignedBuffer buffer_;
  std::size_t begin_ = 0;   ///< of what was read and not given out
  std::size_t filled_ = 0;  ///< its end
};

}  // namespace blobgate::operations
