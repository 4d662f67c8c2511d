#include "net/read_buffer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>

namespace blobgate::net {
namespace {

// Appends `text`, through as many Prepares as it takes.
void Append(ReadBuffer& buffer, std::string_view text) {
  while (!text.empty()) {
    const MutableBytes room = buffer.Prepare();
    ASSERT_FALSE(room.empty());
    const std::size_t count = std::min(room.size(), text.size());
    std::memcpy(room.data(), text.data(), count);
    buffer.Commit(count);
    text.remove_prefix(count);
  }
}

TEST(ReadBuffer, StartsSmallAndGrowsToItsLimit) {
  ReadBuffer buffer(64 * 1024);
  EXPECT_TRUE(buffer.Unread().empty());
  EXPECT_EQ(buffer.Prepare().size(), ReadBuffer::kInitialSize);
  const std::string text(64 * 1024, 'x');
  Append(buffer, text);
  EXPECT_TRUE(buffer.full());
  EXPECT_TRUE(buffer.Prepare().empty());
  EXPECT_EQ(buffer.Unread(), text);
}

TEST(ReadBuffer, KeepsToALimitBelowItsFirstSize) {
  ReadBuffer buffer(10);
  EXPECT_EQ(buffer.Prepare().size(), 10u);
  Append(buffer, "0123456789");
  EXPECT_TRUE(buffer.full());
}

TEST(ReadBuffer, ReusesConsumedRoom) {
  ReadBuffer buffer(ReadBuffer::kInitialSize);
  for (int i = 0; i < 100; ++i) {
    Append(buffer, std::string(1000, static_cast<char>('a' + i % 26)));
    EXPECT_EQ(buffer.Unread(), std::string(1000, static_cast<char>('a' + i % 26)));
    buffer.Consume(1000);
  }
}

TEST(ReadBuffer, PinnedBytesStayWhereTheyAre) {
  ReadBuffer buffer(16 * 1024);
  const std::string head(7900, 'h');
  Append(buffer, head + "rest");
  const std::string_view pinned = buffer.Pin(head.size());
  for (int i = 0; i < 50; ++i) {
    Append(buffer, std::string(1024, 'b'));
    EXPECT_EQ(pinned, head);
    buffer.Consume(1000);
  }
  EXPECT_EQ(buffer.Unread(), std::string(4 + 50 * 24, 'b'));
  buffer.Unpin();
  EXPECT_EQ(buffer.Unread().size(), 1204u);
}

// 10,000 clients that send their heads byte by byte have heads of every length.
TEST(ReadBuffer, GrowsByLittleWhenBytesTrickleIn) {
  ReadBuffer buffer(16 * 1024);
  std::string sent;
  for (int i = 0; i < 12'000; ++i) {
    const MutableBytes room = buffer.Prepare();
    ASSERT_FALSE(room.empty());
    if (i >= static_cast<int>(ReadBuffer::kInitialSize)) EXPECT_LE(room.size(), 1024u);
    room[0] = static_cast<std::byte>('a' + i % 26);
    sent += static_cast<char>('a' + i % 26);
    buffer.Commit(1);
  }
  EXPECT_EQ(buffer.Unread(), sent);
}

TEST(ReadBuffer, GrowsByDoublingWhenBytesComeFast) {
  ReadBuffer buffer(64 * 1024);
  int reads = 0;
  for (std::size_t got = 0; got < 64 * 1024; ++reads) {
    const std::size_t room = buffer.Prepare().size();
    buffer.Commit(room);
    got += room;
  }
  EXPECT_LE(reads, 8);
}

TEST(ReadBuffer, RelaxGivesUpOnlyWhatHoldsNothing) {
  ReadBuffer buffer(16 * 1024);
  buffer.Relax();
  Append(buffer, "head");
  buffer.Relax();
  EXPECT_EQ(buffer.Unread(), "head");
  const std::string_view pinned = buffer.Pin(4);
  buffer.Relax();
  EXPECT_EQ(pinned, "head");
  buffer.Unpin();
  buffer.Relax();
  EXPECT_TRUE(buffer.Unread().empty());
  Append(buffer, "next");
  EXPECT_EQ(buffer.Unread(), "next");
}

TEST(ReadBuffer, GivesBackWhatItGrew) {
  ReadBuffer buffer(64 * 1024);
  Append(buffer, std::string(20000, 'h'));
  buffer.Pin(20000);
  buffer.Unpin();
  EXPECT_EQ(buffer.Prepare().size(), ReadBuffer::kInitialSize);
}

}  // namespace
}  // namespace blobgate::net
