// The one error channel of the data path.
//
// Result<T> carries a value or an Error. Errors are values; exceptions are for start-up and bugs.
// Azure's error codes are another list (src/azure/errors.h); azure::Error converts from Error in
// one place, so an engine never knows what Azure calls a failure.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace blobgate {

/// What went wrong below the blob semantics. Azure's codes are in azure/errors.h.
enum class Errc {
  kInvalidArgument,  ///< the caller's bytes cannot be parsed or are out of range
  kNotFound,         ///< a row or file that was asked for by name is not there
  kConflict,         ///< a commit's precondition failed; nothing was changed; read again and retry
  kPartitionMoved,   ///< the partition map changed since Locate; locate again and retry
  kExtentGone,       ///< a reference was asked to an extent that has been released
  kCorruption,       ///< stored bytes or rows do not match their checksum; never served
  kNoSpace,          ///< the disk is full; reads and deletes still work
  kReadOnly,         ///< the store stopped writing after a failed sync, until restart
  kIoError,          ///< any other failure of the disk or the operating system
  kCancelled,        ///< the server is shutting down, or the peer went away
  kTimeout,          ///< a deadline passed
  kDisconnected,     ///< the peer closed before the message was complete
  kTooLarge,         ///< a documented limit was passed
  kUnavailable,      ///< overload or a remote peer that does not answer; retry later
  kUnsupported,      ///< this engine does not promise what was asked for; nothing was changed
  kInternal,         ///< a bug
};

/// The name of a code, for logs.
std::string_view ErrcName(Errc code);

/// A failure: the code decides what callers do, the detail is for logs and operators.
struct [[nodiscard]] Error {
  Errc code = Errc::kInternal;
  std::string detail;
};

inline std::unexpected<Error> Fail(Errc code, std::string detail = {}) {
  return std::unexpected<Error>(Error{code, std::move(detail)});
}

/// A value or an Error. Discarding one is a compile error under -Werror.
template <class T>
class [[nodiscard]] Result : public std::expected<T, Error> {
 public:
  using std::expected<T, Error>::expected;
};

using Status = Result<void>;

}  // namespace blobgate

#define BG_CONCAT_INNER(a, b) a##b
#define BG_CONCAT(a, b) BG_CONCAT_INNER(a, b)

#define BG_TRY_IMPL(tmp, ret, decl, ...)                 \
  auto tmp = (__VA_ARGS__);                              \
  if (!tmp) ret std::unexpected(std::move(tmp).error()); \
  decl = std::move(*tmp)

#define BG_CHECK_IMPL(tmp, ret, ...) \
  if (auto tmp = (__VA_ARGS__); !tmp) ret std::unexpected(std::move(tmp).error())

/// BG_TRY(auto x, Call()): x is the value, or the function returns the error.
#define BG_TRY(decl, ...) BG_TRY_IMPL(BG_CONCAT(bg_try_, __LINE__), return, decl, __VA_ARGS__)
/// The same in a coroutine: BG_CO_TRY(auto x, co_await Call()).
#define BG_CO_TRY(decl, ...) BG_TRY_IMPL(BG_CONCAT(bg_try_, __LINE__), co_return, decl, __VA_ARGS__)
/// For results without a value.
#define BG_CHECK(...) BG_CHECK_IMPL(BG_CONCAT(bg_check_, __LINE__), return, __VA_ARGS__)
#define BG_CO_CHECK(...) BG_CHECK_IMPL(BG_CONCAT(bg_check_, __LINE__), co_return, __VA_ARGS__)
