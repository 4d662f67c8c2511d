#include "operations/upload_buffer.h"

#include <algorithm>
#include <cstring>
#include <optional>

namespace blobgate::operations {

/// Keeps what was read and not given out, at the front.
void UploadBuffer::Resize(std::size_t size) {
  AlignedBuffer next(size);
  filled_ -= begin_;
  if (filled_ > 0) std::memcpy(next.data(), buffer_.data() + begin_, filled_);
  begin_ = 0;
  buffer_ = std::move(next);
}

Task<azure::Outcome<MutableBytes>> UploadBuffer::Next(http::BodyReader& body, std::uint64_t left) {
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(left, kMost));
  if (begin_ > 0 || !buffer_) Resize(std::min(wanted, kLeast));
  std::optional<Instant> began;
  while (filled_ < wanted) {
    if (filled_ == buffer_.size()) Resize(std::min(wanted, 2 * buffer_.size()));
    const std::size_t room = std::min(std::min(wanted, buffer_.size()) - filled_, kOnce);
    BG_CO_TRY(const std::size_t got, co_await body.Read(buffer_.span().subspan(filled_, room)));
    if (got == 0) {
      co_return azure::Fail(azure::Error(azure::ErrorCode::kInvalidInput)
                                .Because("the body ended before its Content-Length"));
    }
    filled_ += got;
    if (!began) began = now_();  // before that it may have waited for us
    if (filled_ == wanted || now_() - *began < kLong) continue;
    if (filled_ >= kLeast) break;
    if (buffer_.size() > kLeast) Resize(kLeast);
  }
  const std::size_t size = filled_ == wanted ? wanted : filled_ / kLeast * kLeast;
  begin_ = size;
  if (begin_ == filled_) begin_ = filled_ = 0;
  co_return buffer_.span().first(size);
}

}  // namespace blobgate::operations
