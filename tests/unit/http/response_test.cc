#include "http/response.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace blobgate::http {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

TEST(StandardReason, NamesWhatAzureSends) {
  EXPECT_EQ(StandardReason(200), "OK");
  EXPECT_EQ(StandardReason(201), "Created");
  EXPECT_EQ(StandardReason(206), "Partial Content");
  EXPECT_EQ(StandardReason(304), "Not Modified");
  EXPECT_EQ(StandardReason(412), "Precondition Failed");
  EXPECT_EQ(StandardReason(416), "Range Not Satisfiable");
  EXPECT_EQ(StandardReason(503), "Service Unavailable");
}

TEST(StandardReason, HasAWordForTheRest) {
  EXPECT_FALSE(StandardReason(299).empty());
}

TEST(Response, SetAppends) {
  Response response;
  response.Set("A", "1");
  response.Set("A", "2");
  ASSERT_EQ(response.headers.size(), 2u);
  EXPECT_EQ(response.headers[1].second, "2");
}

TEST(HeaderList, IsRenderedAsItWasSet) {
  HeaderList headers;
  headers.Add("ETag", "\"0x1\"");
  headers.Add("x-ms-meta-Empty", "");
  EXPECT_EQ(headers.text(), "ETag: \"0x1\"\r\nx-ms-meta-Empty: \r\n");
  EXPECT_THAT(std::vector(headers.begin(), headers.end()),
              ElementsAre(Pair("ETag", "\"0x1\""), Pair("x-ms-meta-Empty", "")));
}

TEST(HeaderList, GrowsAsNeeded) {
  HeaderList headers;
  std::string expected;
  for (std::size_t length = 1; length < 5000; length += 37) {
    const std::string value(length, 'v');
    headers.Add("x-ms-meta-a", value);
    expected += "x-ms-meta-a: " + value + "\r\n";
    ASSERT_EQ(headers.text(), expected);
    ASSERT_EQ(headers[headers.size() - 1].second, value);
  }
}

TEST(HeaderList, WhatEndsLinesStaysOut) {
  HeaderList headers;
  headers.Add("A", std::string_view("one\r\nB: two\0", 12));
  EXPECT_EQ(headers.text(), "A: oneB: two\r\n");
  for (const std::string_view name : {"", "a b", "a:", "a\r\n", "\xc3\xa4", "a\x7f"}) {
    headers.AddChecked(name, "x");
  }
  EXPECT_EQ(headers.size(), 1u);
}

TEST(HeaderList, FramingIsTheConnections) {
  HeaderList headers;
  for (const std::string_view name : {"connection", "Content-Length", "TRANSFER-ENCODING"}) {
    headers.AddChecked(name, "1");
  }
  EXPECT_TRUE(headers.empty());
}

TEST(HeaderList, ErasesAndMoves) {
  HeaderList headers;
  headers.Add("A", "1");
  headers.Add("B", "2");
  headers.Add("a", "3");
  headers.EraseIf([](const auto& field) { return field.first == "A"; });
  EXPECT_EQ(headers.text(), "B: 2\r\na: 3\r\n");
  const HeaderList moved = std::move(headers);
  EXPECT_EQ(moved[1].second, "3");
}

}  // namespace
}  // namespace blobgate::http
