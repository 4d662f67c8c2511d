#include "base/codec.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <random>
#include <string>

namespace blobgate {
namespace {

constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();

std::string Varint(std::uint64_t value) {
  std::string out;
  PutVarint(out, value);
  return out;
}

TEST(Varint, RoundTripsAtEveryLengthBoundary) {
  for (unsigned bits = 0; bits < 64; ++bits) {
    for (std::uint64_t value : {(std::uint64_t{1} << bits) - 1, std::uint64_t{1} << bits}) {
      const std::string bytes = Varint(value) + "rest";
      std::string_view in = bytes;
      std::uint64_t read = ~value;
      ASSERT_TRUE(GetVarint(in, read)) << value;
      EXPECT_EQ(read, value);
      EXPECT_EQ(in, "rest");
    }
  }
  EXPECT_EQ(Varint(kMax).size(), 10u);
  std::string_view in;
  std::uint64_t read = 0;
  const std::string bytes = Varint(kMax);
  in = bytes;
  ASSERT_TRUE(GetVarint(in, read));
  EXPECT_EQ(read, kMax);
}

TEST(Varint, HasTheDocumentedBytes) {
  EXPECT_EQ(Varint(0), std::string(1, '\0'));
  EXPECT_EQ(Varint(127), "\x7F");
  EXPECT_EQ(Varint(128), "\x80\x01");
  EXPECT_EQ(Varint(300), "\xAC\x02");
}

TEST(Varint, RefusesMalformed) {
  const std::string cases[] = {
      "",                                              // nothing
      "\x80",                                          // cut short
      std::string("\x80\x00", 2),                      // longer than need be
      "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x02",      // 65 bits
      "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01",  // eleven bytes
  };
  for (const std::string& bytes : cases) {
    std::string_view in = bytes;
    std::uint64_t read = 0;
    EXPECT_FALSE(GetVarint(in, read)) << bytes.size();
  }
}

TEST(Fields, RoundTripInOrder) {
  std::string row;
  FieldWriter writer(row);
  writer.Bytes(1, "text");
  writer.Number(2, kMax);
  writer.Bytes(2, "");
  writer.Number(70'000, 0);
  writer.BytesIfSet(3, "");
  writer.NumberIfSet(4, 0);

  FieldReader reader(row);
  ASSERT_TRUE(reader.Next());
  EXPECT_EQ(reader.tag(), 1u);
  EXPECT_EQ(reader.bytes(), "text");
  ASSERT_TRUE(reader.Next());
  EXPECT_EQ(reader.tag(), 2u);
  EXPECT_EQ(reader.number(), kMax);
  ASSERT_TRUE(reader.Next());
  EXPECT_EQ(reader.tag(), 2u);
  EXPECT_EQ(reader.bytes(), "");
  ASSERT_TRUE(reader.Next());
  EXPECT_EQ(reader.tag(), 70'000u);
  EXPECT_EQ(reader.number(), 0u);
  EXPECT_FALSE(reader.Next());
  EXPECT_TRUE(reader.ok());
}

TEST(Fields, AnEmptyRowIsFine) {
  FieldReader reader("");
  EXPECT_FALSE(reader.Next());
  EXPECT_TRUE(reader.ok());
}

TEST(Fields, RefuseMalformedRows) {
  const std::string cases[] = {
      "\x01",  // tag without length
      "\x01\x05"
      "abc",                                           // shorter than it says
      "\xFF\xFF\xFF\xFF\x10\x00",                      // a tag above 32 bits
      "\x01\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01",  // a length near 2^64
  };
  for (const std::string& row : cases) {
    FieldReader reader(row);
    EXPECT_FALSE(reader.Next());
    EXPECT_FALSE(reader.ok());
    EXPECT_FALSE(reader.Next()) << "must stay at the end";
  }
}

TEST(Fields, AFieldThatIsNoNumberMakesTheRowCorrupt) {
  for (const std::string& value : {std::string(), std::string("\x80"), std::string("\x01\x01")}) {
    std::string row;
    FieldWriter(row).Bytes(1, value);
    FieldReader reader(row);
    ASSERT_TRUE(reader.Next());
    EXPECT_EQ(reader.number(), 0u);
    EXPECT_FALSE(reader.ok());
    EXPECT_FALSE(reader.Next());
  }
}

TEST(Fields, EveryTruncationIsRefusedOrAWholePrefix) {
  std::string row;
  FieldWriter writer(row);
  writer.Bytes(1, "hello");
  const std::size_t whole = row.size();
  writer.Number(2, 1234567);
  for (std::size_t cut = 0; cut < row.size(); ++cut) {
    FieldReader reader(std::string_view(row).substr(0, cut));
    while (reader.Next()) {
    }
    EXPECT_EQ(reader.ok(), cut == 0 || cut == whole) << cut;
  }
}

TEST(Fields, RandomBytesNeverReadOutside) {
  const std::uint32_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int round = 0; round < 5000; ++round) {
    std::string row(random() % 24, '\0');
    for (char& c : row) c = static_cast<char>(random());
    FieldReader reader(row);
    while (reader.Next()) {
      const char* begin = reader.bytes().data();
      ASSERT_GE(begin, row.data());
      ASSERT_LE(begin + reader.bytes().size(), row.data() + row.size());
    }
  }
}

}  // namespace
}  // namespace blobgate
