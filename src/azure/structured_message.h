// Structured messages: content in segments, each with its checksum (operations.md 1.9). Both ways
// in pieces; nothing is held back but the headers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "azure/errors.h"
#include "base/buffer.h"

namespace blobgate::azure {

/// The one form there is: version 1.0 with CRC-64 of segments and of all content.
inline constexpr std::string_view kStructuredBody = "XSM/1.0; properties=crc64";
/// Content bytes of a segment that we send, unless there would be too many.
inline constexpr std::uint64_t kStructuredSegment = 4 * 1024 * 1024;

/// True for kStructuredBody, blanks and case aside.
bool IsStructuredBody(std::string_view header);

/// Reads a message of which the head said how long it is.
class StructuredDecoder {
 public:
  /// Both in bytes: of the whole message, and of the content in it.
  StructuredDecoder(std::uint64_t encoded_length, std::uint64_t content_length)
      : encoded_length_(encoded_length), content_left_(content_length) {}

  struct Step {
    std::size_t consumed = 0;  ///< of `in`
    std::size_t produced = 0;  ///< into `out`
  };
  /// Goes on until `in` is used up or `out` is full. 400 Crc64Mismatch; 400 InvalidInput for
  /// anything else that is wrong. After an error the decoder is not to be used.
  Outcome<Step> Decode(Bytes in, MutableBytes out);
  /// The message has ended as its head said it would.
  bool complete() const { return state_ == State::kEnd; }

 private:
  enum class State : std::uint8_t { kHeader, kSegmentHeader, kContent, kSegmentCrc, kFooter, kEnd };
  static constexpr std::size_t kHeaderSize = 13, kSegmentHeaderSize = 10, kCrcSize = 8;

  std::size_t FixedSize() const;
  Outcome<void> TakeFixed();
  Outcome<void> TakeHeader();
  Outcome<void> TakeSegmentHeader();
  Outcome<void> CheckCrc(std::uint64_t computed) const;
  void NextSegment();
  std::uint64_t Number(std::size_t at, std::size_t size) const;

  const std::uint64_t encoded_length_;
  std::uint64_t content_left_;      ///< of all segments
  std::uint64_t segment_left_ = 0;  ///< of the one being read
  std::uint16_t segments_ = 0;      ///< in the message
  std::uint16_t segment_ = 0;       ///< number of the one being read
  std::uint64_t segment_crc_ = 0;
  std::uint64_t content_crc_ = 0;
  State state_ = State::kHeader;
  std::array<std::byte, kHeaderSize> fixed_{};
  std::size_t have_ = 0;  ///< bytes in fixed_
};

/// The framing of a message that is sent: what goes before and after each run of content.
class StructuredEncoder {
 public:
  explicit StructuredEncoder(std::uint64_t content_length);

  /// Bytes of the message with this content.
  static std::uint64_t EncodedLength(std::uint64_t content_length);

  /// What to send before the next content byte, or at the end; empty when nothing is due.
  std::string Framing();
  /// How much content may follow before Framing is to be called again; 0 at the end.
  std::uint64_t room() const { return segment_left_; }
  /// `content` was sent. REQUIRES: at most room() bytes.
  void Sent(Bytes content);

 private:
  enum class State : std::uint8_t { kStart, kSegment, kEnd };

  std::uint64_t content_left_;
  const std::uint64_t segment_size_;
  std::uint64_t segment_left_ = 0;
  std::uint16_t segment_ = 0;
  std::uint64_t segment_crc_ = 0;
  std::uint64_t content_crc_ = 0;
  State state_ = State::kStart;
};

}  // namespace blobgate::azure
