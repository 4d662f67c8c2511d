#include "base/boxed.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace blobgate {
namespace {

TEST(Boxed, IsEmptyOrHasAValue) {
  Boxed<std::string> box;
  EXPECT_FALSE(box);
  EXPECT_FALSE(Boxed<std::string>(std::nullopt).has_value());
  box.emplace() += "a";
  ASSERT_TRUE(box);
  EXPECT_EQ(*box, "a");
  EXPECT_EQ(box->size(), 1u);
  box.reset();
  EXPECT_FALSE(box);
}

TEST(Boxed, CopiesAreDeepAndMovesAreNot) {
  Boxed<std::string> box(std::string("a"));
  Boxed<std::string> copy = box;
  *copy = "b";
  EXPECT_EQ(*box, "a");
  const std::string* const address = &*box;
  const Boxed<std::string> moved = std::move(box);
  EXPECT_EQ(&*moved, address);
  copy = moved;
  EXPECT_EQ(*copy, "a");
  EXPECT_NE(&*copy, address);
  copy = Boxed<std::string>();
  EXPECT_FALSE(Boxed<std::string>(copy));
}

}  // namespace
}  // namespace blobgate
