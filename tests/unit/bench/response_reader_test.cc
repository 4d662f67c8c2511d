#include "bench/response_reader.h"

#include <gtest/gtest.h>

#include <string>

namespace blobgate::bench {
namespace {

using State = ResponseReader::State;

/// Feeds `text` in pieces of `step` bytes; the body that came out.
std::string Read(ResponseReader& reader, std::string_view text, std::size_t step) {
  std::string body;
  for (std::size_t at = 0; at < text.size(); at += step) {
    reader.Feed(AsBytes(text.substr(at, step)), [&](Bytes piece) { body += AsChars(piece); });
  }
  return body;
}

TEST(ResponseReader, ReadsALengthInAnyPieces) {
  constexpr std::string_view kText =
      "HTTP/1.1 206 Partial Content\r\nServer: x\r\ncontent-LENGTH: 5\r\n\r\nhello";
  for (std::size_t step = 1; step <= kText.size(); ++step) {
    ResponseReader reader;
    reader.Begin(false);
    EXPECT_EQ(Read(reader, kText, step), "hello");
    EXPECT_EQ(reader.state(), State::kDone);
    EXPECT_EQ(reader.status(), 206);
    EXPECT_TRUE(reader.keep_alive());
    EXPECT_EQ(reader.content_length(), 5u);
  }
}

TEST(ResponseReader, ReadsChunksInAnyPieces) {
  constexpr std::string_view kText =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n10;x=y\r\n0123456789abcdef\r\n0\r\nTrailer: 1\r\n\r\n";
  for (std::size_t step = 1; step <= kText.size(); ++step) {
    ResponseReader reader;
    reader.Begin(false);
    EXPECT_EQ(Read(reader, kText, step), "abc0123456789abcdef") << step;
    EXPECT_EQ(reader.state(), State::kDone) << step;
  }
}

TEST(ResponseReader, TakesNoBodyWhereThereIsNone) {
  ResponseReader reader;
  reader.Begin(true);
  Read(reader, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", 1000);
  EXPECT_EQ(reader.state(), State::kDone);
  EXPECT_EQ(reader.content_length(), 1000u);
  reader.Begin(false);
  Read(reader, "HTTP/1.1 204 No Content\r\n\r\n", 1000);
  EXPECT_EQ(reader.state(), State::kDone);
}

TEST(ResponseReader, KnowsWhenTheConnectionEnds) {
  ResponseReader reader;
  reader.Begin(false);
  Read(reader, "HTTP/1.1 201 Created\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", 1000);
  EXPECT_EQ(reader.state(), State::kDone);
  EXPECT_FALSE(reader.keep_alive());
}

TEST(ResponseReader, RefusesWhatItCannotDelimit) {
  for (const auto* text :
       {"HTTP/1.1 200 OK\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n\r\n", "HTTP/1.1 xyz OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"}) {
    ResponseReader reader;
    reader.Begin(false);
    Read(reader, text, 1000);
    EXPECT_EQ(reader.state(), State::kBad) << text;
  }
}

TEST(ResponseReader, CountsWhatWasDropped) {
  ResponseReader reader;
  reader.Begin(false);
  EXPECT_EQ(reader.Droppable(), 0u);
  Read(reader, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nab", 1000);
  EXPECT_EQ(reader.Droppable(), 8u);
  EXPECT_EQ(reader.Drop(3), State::kBody);
  EXPECT_EQ(reader.Drop(5), State::kDone);
}

}  // namespace
}  // namespace blobgate::bench
