// The framing of a chunked body (RFC 9112 section 7.1), apart from its data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace blobgate::net {

/// A state machine over bytes that arrive in pieces. Chunk extensions and trailer fields are
/// checked for control characters and dropped.
class ChunkDecoder {
 public:
  enum class State {
    kFraming,  ///< Feed wants more bytes
    kData,     ///< the next data_left() bytes are data: pass them on and call TakeData
    kDone,     ///< the body is complete
    kBad,      ///< malformed, or too much besides data
  };

  /// Sizes of more digits, and more bytes of extensions and trailers in one body, are refused.
  static constexpr unsigned kMaxSizeDigits = 16;
  static constexpr std::size_t kMaxExtraBytes = 16 * 1024;

  /// Consumes framing up to a change of state; returns how many bytes. REQUIRES: kFraming.
  std::size_t Feed(std::string_view text);
  State state() const { return state_; }
  std::uint64_t data_left() const { return size_; }
  /// `count` bytes of data were taken. REQUIRES: kData, count <= data_left().
  void TakeData(std::uint64_t count);

 private:
  // Where in the framing the next byte falls.
  enum class Place {
    kSize,
    kExtension,
    kSizeLf,
    kDataCr,
    kDataLf,
    kTrailer,
    kTrailerValue,
    kTrailerLf
  };

  void Next(char c);
  void OnSize(char c);
  void OnSizeLineEnd();
  void OnTrailer(char c);
  void OnTrailerLineEnd();
  void CountExtra(char c);
  void Fail() { state_ = State::kBad; }

  State state_ = State::kFraming;
  Place place_ = Place::kSize;
  std::uint64_t size_ = 0;
  unsigned digits_ = 0;
  std::size_t line_ = 0;   // bytes of the trailer's name so far
  std::size_t extra_ = 0;  // bytes of extensions and trailers so far
};

}  // namespace blobgate::net
