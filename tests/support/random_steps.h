// How long random walks beside a model are.
#pragma once

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

}  // namespace blobgate::test
