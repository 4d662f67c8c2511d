#include "net/chunk_decoder.h"

#include "http/token.h"

namespace blobgate::net {

namespace {

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool IsControl(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t') || byte == 0x7f;
}

}  // namespace

std::size_t ChunkDecoder::Feed(std::string_view text) {
  std::size_t used = 0;
  while (used < text.size() && state_ == State::kFraming) Next(text[used++]);
  return used;
}

void ChunkDecoder::TakeData(std::uint64_t count) {
  size_ -= count;
  if (size_ > 0) return;
  state_ = State::kFraming;
  place_ = Place::kDataCr;
}

void ChunkDecoder::Next(char c) {
  switch (place_) {
    case Place::kSize:
      return OnSize(c);
    case Place::kExtension:
      if (c == '\r') {
        place_ = Place::kSizeLf;
        return;
      }
      return CountExtra(c);
    case Place::kSizeLf:
      return c == '\n' ? OnSizeLineEnd() : Fail();
    case Place::kDataCr:
      if (c != '\r') return Fail();
      place_ = Place::kDataLf;
      return;
    case Place::kDataLf:
      if (c != '\n') return Fail();
      place_ = Place::kSize;
      digits_ = 0;
      return;
    case Place::kTrailer:
      return OnTrailer(c);
    case Place::kTrailerValue:
      if (c == '\r') {
        place_ = Place::kTrailerLf;
        return;
      }
      return CountExtra(c);
    case Place::kTrailerLf:
      return c == '\n' ? OnTrailerLineEnd() : Fail();
  }
}

void ChunkDecoder::OnSize(char c) {
  if (const int digit = HexValue(c); digit >= 0) {
    if (++digits_ > kMaxSizeDigits) return Fail();
    size_ = size_ << 4 | static_cast<unsigned>(digit);
  } else if (digits_ == 0) {
    Fail();
  } else if (c == '\r') {
    place_ = Place::kSizeLf;
  } else if (c == ';') {
    place_ = Place::kExtension;
    CountExtra(c);
  } else {
    Fail();
  }
}

void ChunkDecoder::OnSizeLineEnd() {
  if (size_ > 0) {
    state_ = State::kData;
  } else {
    place_ = Place::kTrailer;
    line_ = 0;
  }
}

// The name of a field, or the empty line: what is neither may be the next request to other readers.
void ChunkDecoder::OnTrailer(char c) {
  if (line_ == 0 && c == '\r') {
    place_ = Place::kTrailerLf;
    return;
  }
  if (line_ > 0 && c == ':') {
    place_ = Place::kTrailerValue;
  } else if (!http::IsTokenChar(c)) {
    return Fail();
  }
  ++line_;
  CountExtra(c);
}

void ChunkDecoder::OnTrailerLineEnd() {
  if (line_ == 0) {
    state_ = State::kDone;
  } else {
    place_ = Place::kTrailer;
    line_ = 0;
  }
}

void ChunkDecoder::CountExtra(char c) {
  if (IsControl(c) || ++extra_ > kMaxExtraBytes) Fail();
}

}  // namespace blobgate::net
