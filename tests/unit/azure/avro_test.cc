#include "azure/avro.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace blobgate::azure {
namespace {

std::string Encoded(std::int64_t value) {
  std::string out;
  AvroWriter(out).Long(value);
  return out;
}

// The examples of the Avro specification, and both ends.
TEST(Avro, LongsAreZigZag) {
  EXPECT_EQ(Encoded(0), std::string(1, '\0'));
  EXPECT_EQ(Encoded(-1), "\x01");
  EXPECT_EQ(Encoded(1), "\x02");
  EXPECT_EQ(Encoded(-2), "\x03");
  EXPECT_EQ(Encoded(-64), "\x7f");
  EXPECT_EQ(Encoded(64), "\x80\x01");
  EXPECT_EQ(Encoded(std::numeric_limits<std::int64_t>::max()),
            "\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01");
  EXPECT_EQ(Encoded(std::numeric_limits<std::int64_t>::min()),
            "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
}

TEST(Avro, TextHasItsLengthBefore) {
  std::string out;
  AvroWriter writer(out);
  writer.Text("foo");
  writer.Text("");
  EXPECT_EQ(out, std::string("\x06"
                             "foo\0",
                             5));
}

TEST(Avro, Files) {
  AvroSync sync;
  sync.fill(std::byte{'s'});
  const std::string marker(16, 's');
  EXPECT_EQ(AvroHead("{}", sync), std::string("Obj\x01\x04\x14"
                                              "avro.codec\x08null\x16"
                                              "avro.schema\x04{}\0",
                                              37) +
                                      marker);
  EXPECT_EQ(AvroBlock(2, "abc", sync),
            "\x04\x06"
            "abc" +
                marker);
}

}  // namespace
}  // namespace blobgate::azure
