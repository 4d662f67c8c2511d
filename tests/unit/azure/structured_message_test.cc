#include "azure/structured_message.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

#include "base/encoding.h"

namespace blobgate::azure {
namespace {

std::string Hex(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16));
  }
  return bytes;
}

/// The example of the documentation.
const std::string kHello = Hex("013200000000000000010001000100"
                               "0b00000000000000") +
                           "hello world" +
                           Hex("be8eeaf6c3d5298d"
                               "be8eeaf6c3d5298d");

std::string Encode(std::string_view content, std::size_t piece) {
  StructuredEncoder encoder(content.size());
  std::string out = encoder.Framing();
  while (encoder.room() > 0) {
    const std::size_t size = std::min<std::uint64_t>({encoder.room(), piece, content.size()});
    out += content.substr(0, size);
    encoder.Sent(AsBytes(content.substr(0, size)));
    content.remove_prefix(size);
    out += encoder.Framing();
  }
  return out;
}

/// The content, or the error's code.
std::string Decode(std::string_view message, std::uint64_t content_length, std::size_t piece,
                   std::size_t room = 1000) {
  StructuredDecoder decoder(message.size(), content_length);
  std::string content;
  while (!message.empty()) {
    std::string out(room, '\0');
    const auto step = decoder.Decode(AsBytes(message.substr(0, piece)),
                                     {reinterpret_cast<std::byte*>(out.data()), out.size()});
    if (!step) return std::string(InfoOf(step.error().code).code);
    content += out.substr(0, step->produced);
    message.remove_prefix(step->consumed);
  }
  return decoder.complete() ? content : "incomplete";
}

TEST(StructuredMessage, TheExample) {
  EXPECT_EQ(Encode("hello world", 1000), kHello);
  EXPECT_EQ(kHello.size(), StructuredEncoder::EncodedLength(11));
  for (const std::size_t piece : {1, 2, 7, 100})
    EXPECT_EQ(Decode(kHello, 11, piece), "hello world");
  EXPECT_EQ(Decode(kHello, 11, 100, 3), "hello world");
}

TEST(StructuredMessage, OfNothing) {
  const std::string message = Encode("", 1);
  EXPECT_EQ(message.size(), StructuredEncoder::EncodedLength(0));
  EXPECT_EQ(Decode(message, 0, 100), "");
}

TEST(StructuredMessage, OfManySegments) {
  std::string content(kStructuredSegment * 2 + 5, 'x');
  for (std::size_t i = 0; i < content.size(); i += 97) content[i] = static_cast<char>(i);
  const std::string message = Encode(content, 100'000);
  EXPECT_EQ(message.size(), StructuredEncoder::EncodedLength(content.size()));
  EXPECT_EQ(Decode(message, content.size(), 65'537, 70'000), content);
}

TEST(StructuredMessage, TheNumberOfSegmentsFits) {
  const std::uint64_t tebibyte = 1ull << 40;
  const std::uint64_t framing = StructuredEncoder::EncodedLength(tebibyte) - tebibyte;
  EXPECT_LE(framing, 21 + 18 * 65'535ull);
}

TEST(StructuredMessage, EveryChangedByteIsFound) {
  for (std::size_t i = 0; i < kHello.size(); ++i) {
    std::string bad = kHello;
    bad[i] = static_cast<char>(bad[i] ^ 0x10);
    const std::string got = Decode(bad, 11, 100);
    EXPECT_TRUE(got == "InvalidInput" || got == "Crc64Mismatch" || got == "incomplete") << i << got;
  }
  for (std::size_t size = 0; size < kHello.size(); ++size) {
    EXPECT_NE(Decode(kHello.substr(0, size), 11, 100), "hello world") << size;
  }
  EXPECT_EQ(Decode(kHello, 12, 100), "InvalidInput");
  EXPECT_EQ(Decode(kHello, 10, 100), "InvalidInput");
}

TEST(StructuredMessage, WhatFollowsTheEndIsRefused) {
  StructuredDecoder decoder(kHello.size(), 11);
  std::string out(100, '\0');
  const std::string message = kHello + "x";
  EXPECT_FALSE(decoder.Decode(AsBytes(message), {reinterpret_cast<std::byte*>(out.data()), 100}));
}

TEST(StructuredMessage, RandomBytesNeverDoHarm) {
  std::mt19937 random(std::random_device{}());
  for (int round = 0; round < 20'000; ++round) {
    std::string message = round % 2 == 0 ? kHello : std::string(random() % 60, '\0');
    for (int i = 0; i < 3 && !message.empty(); ++i) {
      message[random() % message.size()] = static_cast<char>(random());
    }
    (void)Decode(message, random() % 20, 1 + random() % 20, 1 + random() % 20);
  }
}

TEST(StructuredMessage, TheHeader) {
  EXPECT_TRUE(IsStructuredBody("XSM/1.0; properties=crc64"));
  EXPECT_TRUE(IsStructuredBody("xsm/1.0;properties=crc64"));
  for (const char* text : {"", "XSM/1.0", "XSM/2.0; properties=crc64", "XSM/1.0; properties=md5"}) {
    EXPECT_FALSE(IsStructuredBody(text)) << text;
  }
}

}  // namespace
}  // namespace blobgate::azure
