#include "operations/upload_buffer.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "support/operation_harness.h"

namespace blobgate::operations {
namespace {

using std::chrono::milliseconds;

template <class T>
T Await(Task<T> task) {
  static test::OperationHarness harness;
  return harness.Await(std::move(task));
}

UploadBuffer::Instant g_now;

UploadBuffer::Instant Now() {
  return g_now;
}

/// Gives at most `bite` bytes at a time; so long passes before each.
class Bites final : public http::BodyReader {
 public:
  Bites(std::string bytes, std::size_t bite, milliseconds pause)
      : bytes_(std::move(bytes)), bite_(bite), pause_(pause) {}

  Task<Result<std::size_t>> Read(MutableBytes into) override {
    g_now += pause_;
    largest_ = std::max(largest_, into.size());
    const std::size_t size = std::min({into.size(), bite_, bytes_.size() - at_});
    std::memcpy(into.data(), bytes_.data() + at_, size);
    at_ += size;
    co_return size;
  }

  void Hurry(std::size_t bite, milliseconds pause) {
    bite_ = bite;
    pause_ = pause;
  }
  /// The most room it was given at once.
  std::size_t largest() const { return largest_; }
  void Forget() { largest_ = 0; }

 private:
  const std::string bytes_;
  std::size_t bite_;
  milliseconds pause_;
  std::size_t at_ = 0;
  std::size_t largest_ = 0;
};

std::string Pattern(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 31 >> 3);
  return text;
}

/// The sizes of the next pieces until `count` bytes came, which are added to `got`.
std::vector<std::size_t> Take(UploadBuffer& buffer, Bites& body, std::uint64_t& left,
                              std::size_t count, std::string& got) {
  std::vector<std::size_t> sizes;
  for (const std::size_t end = got.size() + count; got.size() < end;) {
    const auto piece = Await(buffer.Next(body, left));
    EXPECT_TRUE(piece && !piece->empty());
    if (!piece) return sizes;
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(piece->data()) % AlignedBuffer::kAlignment, 0u);
    sizes.push_back(piece->size());
    left -= piece->size();
    got += AsChars(*piece);
  }
  return sizes;
}

TEST(UploadBuffer, GivesLargePiecesOfWhoIsFast) {
  const std::string text = Pattern(1'200'000);
  Bites body(text, 5'000, milliseconds(1));
  UploadBuffer buffer(Now);
  std::uint64_t left = text.size();
  std::string got;
  EXPECT_EQ(Take(buffer, body, left, text.size(), got),
            (std::vector<std::size_t>{UploadBuffer::kMost, UploadBuffer::kMost,
                                      1'200'000 - 2 * UploadBuffer::kMost}));
  EXPECT_TRUE(got == text);
}

TEST(UploadBuffer, NeedsLittleForWhoIsSlow) {
  const std::string text = Pattern(100'000);
  Bites body(text, 1'000, UploadBuffer::kLong + milliseconds(50));
  UploadBuffer buffer(Now);
  std::uint64_t left = text.size();
  std::string got;
  for (const std::size_t size : Take(buffer, body, left, text.size(), got)) {
    if (left > 0) EXPECT_EQ(size % UploadBuffer::kLeast, 0u);
    EXPECT_LE(size, UploadBuffer::kLeast);
  }
  EXPECT_LE(body.largest(), UploadBuffer::kLeast);
  EXPECT_TRUE(got == text);
}

TEST(UploadBuffer, FollowsAClientThatChanges) {
  const std::string text = Pattern(4'000'000);
  Bites body(text, 50'000, milliseconds(1));
  UploadBuffer buffer(Now);
  std::uint64_t left = text.size();
  std::string got;
  Take(buffer, body, left, UploadBuffer::kMost, got);
  body.Hurry(700, UploadBuffer::kLong + milliseconds(100));
  Take(buffer, body, left, 3 * UploadBuffer::kLeast, got);
  body.Forget();
  Take(buffer, body, left, 3 * UploadBuffer::kLeast, got);
  EXPECT_LE(body.largest(), UploadBuffer::kLeast);
  body.Hurry(50'000, milliseconds(1));
  Take(buffer, body, left, UploadBuffer::kMost, got);
  EXPECT_EQ(Take(buffer, body, left, 1, got), std::vector<std::size_t>{UploadBuffer::kMost});
  Take(buffer, body, left, left, got);
  EXPECT_TRUE(got == text);
}

TEST(UploadBuffer, HandsOnWhatThereIsWhenSomebodyBecomesSlow) {
  const std::string text = Pattern(300'000);
  Bites body(text, 100'001, UploadBuffer::kLong - milliseconds(50));
  UploadBuffer buffer(Now);
  std::uint64_t left = text.size();
  std::string got;
  for (const std::size_t size : Take(buffer, body, left, text.size(), got)) {
    if (left > 0) EXPECT_EQ(size % UploadBuffer::kLeast, 0u);
  }
  EXPECT_TRUE(got == text);
}

TEST(UploadBuffer, BodiesThatEndEarlyAreRefused) {
  Bites body(std::string(10, 'x'), 10, milliseconds(0));
  UploadBuffer buffer(Now);
  const auto piece = Await(buffer.Next(body, 11));
  ASSERT_FALSE(piece);
  EXPECT_EQ(piece.error().code, azure::ErrorCode::kInvalidInput);
}

}  // namespace
}  // namespace blobgate::operations
