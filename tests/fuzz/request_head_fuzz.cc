// Heads and chunked bodies from a hostile client, checked for what the layers above rely on.
#include <string>

#include "fuzz/input.h"
#include "net/chunk_decoder.h"
#include "net/head_parser.h"

namespace {

using blobgate::fuzz::HasNoLineBreak;
using blobgate::fuzz::Require;
using blobgate::fuzz::Within;
using blobgate::net::ChunkDecoder;
using blobgate::net::HeadScanner;

void CheckAccepted(std::string_view text, const blobgate::http::RequestHead& head,
                   const blobgate::net::Limits& limits) {
  Require(Within(head.method, text) && !head.method.empty());
  Require(Within(head.target, text) && HasNoLineBreak(head.target));
  Require(Within(head.path, text) && Within(head.raw_query, text));
  Require(head.path.starts_with('/') || (head.path == "*" && head.method == "OPTIONS"));
  Require(head.headers.fields().size() <= limits.max_headers);
  for (const auto& [name, value] : head.headers.fields()) {
    Require(Within(name, text) && !name.empty() && HasNoLineBreak(name));
    Require(Within(value, text) && HasNoLineBreak(value));
  }
  Require(head.headers.Count("host") <= 1 && head.headers.Count("content-length") <= 1);
  Require(head.headers.Count("transfer-encoding") <= 1);
  Require(!(head.chunked && head.content_length));
  Require(head.chunked == head.headers.Has("transfer-encoding"));
  Require(head.content_length.has_value() == head.headers.Has("content-length"));
}

// However the bytes are split, the end is found at the same place.
HeadScanner::State Scan(std::string_view text, HeadScanner& scanner) {
  HeadScanner in_pieces;
  HeadScanner::State state = HeadScanner::State::kIncomplete;
  for (std::size_t size = 1; size <= text.size() && state == HeadScanner::State::kIncomplete;
       size += 7) {
    state = in_pieces.Scan(text.substr(0, size));
  }
  if (state == HeadScanner::State::kIncomplete) state = in_pieces.Scan(text);
  const HeadScanner::State whole = scanner.Scan(text);
  Require(state == whole);
  Require(state != HeadScanner::State::kComplete || scanner.length() == in_pieces.length());
  return state;
}

// The state a body ends in, and its data, do not depend on the pieces.
struct Decoded {
  ChunkDecoder::State state;
  std::string data;
  bool operator==(const Decoded&) const = default;
};

Decoded Decode(std::string_view text, std::size_t step) {
  ChunkDecoder decoder;
  std::string data;
  while (!text.empty() && decoder.state() != ChunkDecoder::State::kDone &&
         decoder.state() != ChunkDecoder::State::kBad) {
    const std::string_view piece = text.substr(0, step);
    std::size_t used = 0;
    if (decoder.state() == ChunkDecoder::State::kFraming) {
      used = decoder.Feed(piece);
    } else {
      used = std::min<std::uint64_t>(piece.size(), decoder.data_left());
      data += piece.substr(0, used);
      decoder.TakeData(used);
    }
    Require(used > 0 && used <= piece.size());
    text.remove_prefix(used);
  }
  return {decoder.state(), std::move(data)};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = blobgate::fuzz::TextOf(data, size);
  Require(Decode(text, 1) == Decode(text, size + 1));
  HeadScanner scanner;
  if (Scan(text, scanner) != HeadScanner::State::kComplete) return 0;
  const std::string_view head_text = text.substr(0, scanner.length());
  const blobgate::net::Limits limits;
  blobgate::http::RequestHead head;
  blobgate::net::HeadTraits traits;
  if (!blobgate::net::ParseHead(head_text, limits, head, traits)) {
    CheckAccepted(head_text, head, limits);
  }
  const std::string_view rest = text.substr(scanner.length());
  Require(Decode(rest, 3) == Decode(rest, rest.size() + 1));
  return 0;
}
