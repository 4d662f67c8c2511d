#include "azure/structured_message.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "base/crc64.h"
#include "base/encoding.h"

namespace blobgate::azure {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::uint16_t kFlagCrc64 = 1;

Error Malformed(std::string reason) {
  return Error(ErrorCode::kInvalidInput).WithDetail("Reason", "structured message: " + reason);
}

void AppendNumber(std::string& out, std::uint64_t value, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) out += static_cast<char>(value >> (8 * i));
}

/// Content bytes of a segment: their number has 16 bits.
std::uint64_t SegmentSize(std::uint64_t content) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint16_t>::max();
  return std::max(kStructuredSegment, (content + kMost - 1) / kMost);
}

std::uint64_t SegmentsOf(std::uint64_t content) {
  const std::uint64_t size = SegmentSize(content);
  return (content + size - 1) / size;
}

}  // namespace

bool IsStructuredBody(std::string_view header) {
  const auto semicolon = header.find(';');
  if (semicolon == std::string_view::npos) return false;
  return EqualsIgnoreCase(Trim(header.substr(0, semicolon)), "XSM/1.0") &&
         EqualsIgnoreCase(Trim(header.substr(semicolon + 1)), "properties=crc64");
}

Outcome<StructuredDecoder::Step> StructuredDecoder::Decode(Bytes in, MutableBytes out) {
  Step step;
  while (step.consumed < in.size()) {
    if (state_ == State::kEnd) return Fail(Malformed("it goes on after its end"));
    const Bytes rest = in.subspan(step.consumed);
    if (state_ == State::kContent) {
      const std::size_t size =
          std::min<std::uint64_t>({rest.size(), out.size() - step.produced, segment_left_});
      if (size == 0) break;  // no room
      std::memcpy(out.data() + step.produced, rest.data(), size);
      segment_crc_ = Crc64(rest.first(size), segment_crc_);
      content_crc_ = Crc64(rest.first(size), content_crc_);
      segment_left_ -= size;
      step.consumed += size;
      step.produced += size;
      if (segment_left_ == 0) state_ = State::kSegmentCrc;
      continue;
    }
    const std::size_t size = std::min(rest.size(), FixedSize() - have_);
    std::memcpy(fixed_.data() + have_, rest.data(), size);
    have_ += size;
    step.consumed += size;
    if (have_ < FixedSize()) break;
    have_ = 0;
    BG_CHECK(TakeFixed());
  }
  return step;
}

std::size_t StructuredDecoder::FixedSize() const {
  if (state_ == State::kHeader) return kHeaderSize;
  return state_ == State::kSegmentHeader ? kSegmentHeaderSize : kCrcSize;
}

Outcome<void> StructuredDecoder::TakeFixed() {
  switch (state_) {
    case State::kHeader:
      return TakeHeader();
    case State::kSegmentHeader:
      return TakeSegmentHeader();
    case State::kSegmentCrc:
      BG_CHECK(CheckCrc(segment_crc_));
      NextSegment();
      return {};
    default:
      BG_CHECK(CheckCrc(content_crc_));
      state_ = State::kEnd;
      return {};
  }
}

Outcome<void> StructuredDecoder::TakeHeader() {
  if (Number(0, 1) != kVersion) return Fail(Malformed("unknown version"));
  if (Number(1, 8) != encoded_length_) return Fail(Malformed("its length is not that of the body"));
  if (Number(9, 2) != kFlagCrc64) return Fail(Malformed("unknown flags"));
  segments_ = static_cast<std::uint16_t>(Number(11, 2));
  NextSegment();
  return {};
}

Outcome<void> StructuredDecoder::TakeSegmentHeader() {
  if (Number(0, 2) != segment_) return Fail(Malformed("segments are out of order"));
  segment_left_ = Number(2, 8);
  if (segment_left_ > content_left_) return Fail(Malformed("more content than announced"));
  content_left_ -= segment_left_;
  segment_crc_ = 0;
  state_ = segment_left_ > 0 ? State::kContent : State::kSegmentCrc;
  if (segment_ == segments_ && content_left_ > 0) {
    return Fail(Malformed("less content than announced"));
  }
  return {};
}

void StructuredDecoder::NextSegment() {
  if (segment_ == segments_) {
    state_ = State::kFooter;
  } else {
    ++segment_;
    state_ = State::kSegmentHeader;
  }
}

Outcome<void> StructuredDecoder::CheckCrc(std::uint64_t computed) const {
  if (state_ == State::kFooter && content_left_ > 0) {
    return Fail(Malformed("less content than announced"));
  }
  const std::uint64_t sent = Number(0, 8);
  if (sent == computed) return {};
  return Fail(Error(ErrorCode::kCrc64Mismatch)
                  .WithDetail("UserSpecifiedCrc", Crc64ToBase64(sent))
                  .WithDetail("ServerCalculatedCrc", Crc64ToBase64(computed)));
}

std::uint64_t StructuredDecoder::Number(std::size_t at, std::size_t size) const {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i) {
    value |= std::to_integer<std::uint64_t>(fixed_[at + i]) << (8 * i);
  }
  return value;
}

StructuredEncoder::StructuredEncoder(std::uint64_t content_length)
    : content_left_(content_length), segment_size_(SegmentSize(content_length)) {}

std::uint64_t StructuredEncoder::EncodedLength(std::uint64_t content_length) {
  constexpr std::uint64_t kHeader = 13, kSegment = 18, kFooter = 8;
  return kHeader + SegmentsOf(content_length) * kSegment + content_length + kFooter;
}

std::string StructuredEncoder::Framing() {
  std::string out;
  if (segment_left_ > 0 || state_ == State::kEnd) return out;
  if (state_ == State::kStart) {
    AppendNumber(out, kVersion, 1);
    AppendNumber(out, EncodedLength(content_left_), 8);
    AppendNumber(out, kFlagCrc64, 2);
    AppendNumber(out, SegmentsOf(content_left_), 2);
  } else {
    AppendNumber(out, segment_crc_, 8);
  }
  if (content_left_ == 0) {
    AppendNumber(out, content_crc_, 8);
    state_ = State::kEnd;
    return out;
  }
  state_ = State::kSegment;
  segment_left_ = std::min(content_left_, segment_size_);
  segment_crc_ = 0;
  AppendNumber(out, ++segment_, 2);
  AppendNumber(out, segment_left_, 8);
  return out;
}

void StructuredEncoder::Sent(Bytes content) {
  segment_crc_ = Crc64(content, segment_crc_);
  content_crc_ = Crc64(content, content_crc_);
  segment_left_ -= content.size();
  content_left_ -= content.size();
}

}  // namespace blobgate::azure
