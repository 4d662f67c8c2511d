#include "net/chunk_decoder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace blobgate::net {
namespace {

using State = ChunkDecoder::State;

struct Decoded {
  State state;
  std::string data;
  std::size_t used;
};

// Feeds `text` in pieces of at most `step` bytes.
Decoded Decode(std::string_view text, std::size_t step) {
  ChunkDecoder decoder;
  Decoded out{State::kFraming, {}, 0};
  while (out.used < text.size() && decoder.state() != State::kDone &&
         decoder.state() != State::kBad) {
    const std::string_view piece = text.substr(out.used, step);
    if (decoder.state() == State::kFraming) {
      out.used += decoder.Feed(piece);
    } else {
      const auto count = std::min<std::uint64_t>(piece.size(), decoder.data_left());
      out.data += piece.substr(0, count);
      decoder.TakeData(count);
      out.used += count;
    }
  }
  out.state = decoder.state();
  return out;
}

State StateOf(std::string_view text) {
  return Decode(text, text.size()).state;
}

TEST(ChunkDecoder, DecodesInPiecesOfAnySize) {
  const std::string body = "5\r\nhello\r\n00A;ext=\"q\"\r\n0123456789\r\n0\r\nT: v\r\nU: w\r\n\r\n";
  const std::string text = body + "GET /next";
  for (std::size_t step = 1; step <= text.size(); ++step) {
    const Decoded decoded = Decode(text, step);
    EXPECT_EQ(decoded.state, State::kDone) << step;
    EXPECT_EQ(decoded.data, "hello0123456789");
    EXPECT_EQ(decoded.used, body.size());
  }
}

TEST(ChunkDecoder, RefusesHostileSizes) {
  for (const auto* text : {"\r\n", "-1\r\n", "+1\r\n", "0x1\r\n", " 1\r\n", "1 \r\n", "1\t;a\r\n",
                           "g\r\n", "11111111111111111\r\n", "ffffffffffffffff0\r\n", "1\n", "1\rx",
                           "1;a\n", ";a\r\n", "1.0\r\n", "1,2\r\n"}) {
    EXPECT_EQ(StateOf(text), State::kBad) << text;
  }
}

TEST(ChunkDecoder, TakesTheLargestSizeForWhatItIs) {
  ChunkDecoder decoder;
  EXPECT_EQ(decoder.Feed("ffffffffffffffff\r\nx"), 18u);
  EXPECT_EQ(decoder.state(), State::kData);
  EXPECT_EQ(decoder.data_left(), 0xffffffffffffffffu);
}

TEST(ChunkDecoder, WantsALineEndBehindData) {
  for (const auto* text : {"1\r\nab", "1\r\na\n", "1\r\na\rb", "1\r\na0\r\n\r\n"}) {
    EXPECT_EQ(StateOf(text), State::kBad) << text;
  }
}

TEST(ChunkDecoder, ChecksExtensionsAndTrailers) {
  for (const auto* text :
       {"1;\x01\r\n", "0\r\nA: b\n\r\n", "0\r\n folded\r\n\r\n", "0\r\nA: \x7f\r\n\r\n",
        "0\r\nA: b\r\r\n", "0\r\n\r\x20", "0\r\nA\r\n\r\n", "0\r\nA b: c\r\n\r\n",
        "0\r\n: c\r\n\r\n", "0\r\nGET / HTTP/1.1\r\n"}) {
    EXPECT_EQ(StateOf(text), State::kBad) << text;
  }
  EXPECT_EQ(StateOf(std::string("0;") + '\0' + "\r\n\r\n"), State::kBad);
}

TEST(ChunkDecoder, BoundsWhatIsNotData) {
  const std::string most(ChunkDecoder::kMaxExtraBytes - 1, 'e');
  EXPECT_EQ(StateOf("0;" + most + "\r\n\r\n"), State::kDone);
  EXPECT_EQ(StateOf("0;" + most + "e\r\n\r\n"), State::kBad);
  std::string many;
  for (std::size_t i = 0; i <= ChunkDecoder::kMaxExtraBytes / 64; ++i) {
    many += "1;" + std::string(64, 'e') + "\r\na\r\n";
  }
  EXPECT_EQ(StateOf(many), State::kBad);
}

}  // namespace
}  // namespace blobgate::net
