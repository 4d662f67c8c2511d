// Random walks beside a model.
#pragma once

#include <gtest/gtest.h>

#include <random>

namespace blobgate::test {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif
#else
inline constexpr bool kSanitized = false;
#endif

/// `steps`, or a twentieth of them under a sanitizer: there the walk looks for bad accesses, which
/// each kind of step shows, and costs minutes.
constexpr int RandomSteps(int steps) {
  return kSanitized ? steps / 20 : steps;
}

/// A million steps of a Walk, which is made with a seed: Step() is false where model and module
/// disagree, and Describe() says about what.
template <class Walk>
void WalkAMillionSteps() {
  const std::uint32_t seed = std::random_device()();
  Walk walk(seed);
  for (int i = 0; i < RandomSteps(1'000'000); ++i) {
    ASSERT_TRUE(walk.Step()) << "seed " << seed << " step " << i << ": " << walk.Describe();
  }
}

}  // namespace blobgate::test
