#include "blob/change_event.h"

#include <gtest/gtest.h>

#include <string>

#include "blob/keys.h"

namespace blobgate::blob {
namespace {

ChangeEvent Full() {
  ChangeEvent event;
  event.type = EventType::kBlobAsyncOperationInitiated;
  event.api = "SetBlobTier";
  event.request_id = "request";
  event.client_request_id = "client";
  event.url = "http://host/acct/con/b";
  event.container = "con";
  event.blob = "b";
  event.etag = 1;
  event.content_type = "text/plain";
  event.content_length = 2;
  event.blob_type = BlobType::kPage;
  event.tier = "Hot";
  event.version = FromDotNetTicks(638'000'000'000'000'003);
  event.snapshot = FromDotNetTicks(638'000'000'000'000'004);
  event.previous_tier = "Cool";
  event.last_version = FromDotNetTicks(638'000'000'000'000'005);
  event.was_soft_deleted = true;
  event.properties = {{"ContentType", "a", "b"}, {"CacheControl", "", "c"}};
  event.tags_updated = true;
  event.previous_tags = {{"k", "1"}};
  event.tags = {{"k", "2"}, {"l", ""}};
  event.async = true;
  event.destination_tier = "Cold";
  event.copy_id = "copy";
  event.expected = FromDotNetTicks(638'000'000'000'000'006);
  return event;
}

TEST(ChangeEvent, ReadsBackWhatItWrote) {
  for (const ChangeEvent& event : {ChangeEvent(), Full()}) {
    const auto read = ChangeEvent::Decode(event.Encode());
    ASSERT_TRUE(read);
    EXPECT_EQ(*read, event);
  }
}

TEST(ChangeEvent, RefusesWhatIsCutOrWrong) {
  const std::string row = Full().Encode();
  for (std::size_t size = 1; size < row.size(); ++size) {
    const auto read = ChangeEvent::Decode(std::string_view(row).substr(0, size));
    if (read) EXPECT_FALSE(*read == Full()) << size;
  }
  EXPECT_FALSE(ChangeEvent::Decode("\x01\x01\x06")) << "no such type";
  EXPECT_FALSE(ChangeEvent::Decode("\x0b\x01\x03")) << "no such blob type";
  EXPECT_FALSE(ChangeEvent::Decode("\x12\x01\x01")) << "a property cut short";
  EXPECT_TRUE(ChangeEvent::Decode("\x7f\x01\x06")) << "unknown fields are passed over";
}

TEST(ChangeEvent, IntentsAndStatesReadBack) {
  FeedIntent intent;
  intent.chunk = "log/00/x";
  intent.offset = 7;
  intent.events = {1, 2, 0xFFFF'FFFF'FFFF'FFFF};
  const auto read = FeedIntent::Decode(intent.Encode());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->chunk, intent.chunk);
  EXPECT_EQ(read->offset, 7u);
  EXPECT_EQ(read->events, intent.events);
  EXPECT_FALSE(FeedIntent::Decode("\x03\x09"));
  const FeedState state{FromDotNetTicks(638'000'000'000'000'000)};
  EXPECT_EQ(FeedState::Decode(state.Encode())->open, state.open);
  EXPECT_FALSE(FeedState::Decode("\x01\x02\xff"));
}

TEST(ChangeEvent, KeysSortByTime) {
  EXPECT_EQ(EventKey(0x12), "e0000000000000012");
  EXPECT_LT(EventKey(9), EventKey(10));
  EXPECT_EQ(TicksOfEventKey(EventKey(0xABCDEF)), 0xABCDEFu);
  for (const std::string_view key :
       {"", "e", "e12", "f0000000000000012", "e000000000000001g", "e00000000000000120"}) {
    EXPECT_FALSE(TicksOfEventKey(key)) << key;
  }
}

}  // namespace
}  // namespace blobgate::blob
