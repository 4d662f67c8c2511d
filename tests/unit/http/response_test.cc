#include "http/response.h"

#include <gtest/gtest.h>

namespace blobgate::http {
namespace {

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

}  // namespace
}  // namespace blobgate::http
