#include "blob/write_conditions.h"

#include <gtest/gtest.h>

#include "blob/records.h"

namespace blobgate::blob {
namespace {

using azure::ErrorCode;

http::HeaderView Headers(
    std::initializer_list<std::pair<std::string_view, std::string_view>> list) {
  http::HeaderView headers;
  for (const auto& [name, value] : list) headers.Add(name, value);
  return headers;
}

ErrorCode CodeOf(const azure::Outcome<void>& outcome) {
  return outcome ? ErrorCode::kInternalError : outcome.error().code;
}

// Every pair of conditions against a model that counts in a wider type.
TEST(AppendConditions, AgreeWithTheModel) {
  constexpr std::uint64_t kMax = ~0ull;
  const std::uint64_t values[] = {0, 1, 5, 10, 11, kMax - 1, kMax};
  for (const std::uint64_t length : values) {
    for (const std::uint64_t added : {0ull, 1ull, 5ull, 100ull}) {
      for (const std::uint64_t position : values) {
        for (const std::uint64_t most : values) {
          AppendConditions conditions{position, most};
          const auto outcome = conditions.Check(length, added);
          if (position != length) {
            EXPECT_EQ(CodeOf(outcome), ErrorCode::kAppendPositionConditionNotMet);
          } else if (static_cast<unsigned __int128>(length) + added > most) {
            EXPECT_EQ(CodeOf(outcome), ErrorCode::kMaxBlobSizeConditionNotMet);
          } else {
            EXPECT_TRUE(outcome);
          }
        }
      }
    }
  }
  EXPECT_TRUE(AppendConditions().Check(kMax, kMax));
}

TEST(AppendConditions, OnlyNumbers) {
  const auto parsed = AppendConditions::Parse(
      Headers({{"x-ms-blob-condition-appendpos", "12"}, {"x-ms-blob-condition-maxsize", ""}}));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->position, 12u);
  EXPECT_FALSE(parsed->max_size);
  for (const char* bad : {"-1", "1.5", "x", "18446744073709551616", "0x10"}) {
    EXPECT_FALSE(AppendConditions::Parse(Headers({{"x-ms-blob-condition-appendpos", bad}})));
    EXPECT_FALSE(AppendConditions::Parse(Headers({{"x-ms-blob-condition-maxsize", bad}})));
  }
}

TEST(SequenceConditions, AllThatAreSentMustHold) {
  for (std::uint64_t number = 0; number < 6; ++number) {
    EXPECT_EQ((SequenceConditions{3, {}, {}}.Check(number)).has_value(), number <= 3);
    EXPECT_EQ((SequenceConditions{{}, 3, {}}.Check(number)).has_value(), number < 3);
    EXPECT_EQ((SequenceConditions{{}, {}, 3}.Check(number)).has_value(), number == 3);
    EXPECT_EQ((SequenceConditions{5, 5, 4}.Check(number)).has_value(), number == 4);
    EXPECT_TRUE(SequenceConditions().Check(number));
  }
  EXPECT_EQ(CodeOf(SequenceConditions{0, {}, {}}.Check(1)),
            ErrorCode::kSequenceNumberConditionNotMet);
  EXPECT_FALSE(
      SequenceConditions::Parse(Headers({{"x-ms-if-sequence-number-lt", "9223372036854775808"}})));
}

TEST(SequenceChange, Actions) {
  EXPECT_EQ((SequenceChange{SequenceChange::Action::kMax, 5}.Apply(7)).value(), 7u);
  EXPECT_EQ((SequenceChange{SequenceChange::Action::kMax, 9}.Apply(7)).value(), 9u);
  EXPECT_EQ((SequenceChange{SequenceChange::Action::kUpdate, 5}.Apply(7)).value(), 5u);
  EXPECT_EQ((SequenceChange{SequenceChange::Action::kIncrement, 0}.Apply(7)).value(), 8u);
  const auto full = SequenceChange{SequenceChange::Action::kIncrement, 0}.Apply(kMaxSequenceNumber);
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code, ErrorCode::kSequenceNumberIncrementTooLarge);
}

TEST(SequenceChange, ActionAndNumberNeedEachOther) {
  constexpr std::string_view kAction = "x-ms-sequence-number-action";
  constexpr std::string_view kNumber = "x-ms-blob-sequence-number";
  EXPECT_FALSE(SequenceChange::Parse(Headers({})).value());
  EXPECT_FALSE(SequenceChange::Parse(Headers({{kNumber, "1"}})));
  EXPECT_FALSE(SequenceChange::Parse(Headers({{kAction, "max"}})));
  EXPECT_FALSE(SequenceChange::Parse(Headers({{kAction, "update"}})));
  EXPECT_FALSE(SequenceChange::Parse(Headers({{kAction, "increment"}, {kNumber, "1"}})));
  EXPECT_FALSE(SequenceChange::Parse(Headers({{kAction, "double"}, {kNumber, "1"}})));
  const auto update = SequenceChange::Parse(Headers({{kAction, "Update"}, {kNumber, "3"}}));
  ASSERT_TRUE(update);
  EXPECT_EQ((*update)->number, 3u);
  EXPECT_TRUE(SequenceChange::Parse(Headers({{kAction, "increment"}})).value());
}

}  // namespace
}  // namespace blobgate::blob
