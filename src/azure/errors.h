// Azure's error codes, and the one place where internal errors become them.
#pragma once

#include <cstddef>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace blobgate::azure {

enum class ErrorCode {
#define BG_AZURE_ERROR(code, status, message) k##code,
#include "azure/errors.def"
#undef BG_AZURE_ERROR
};

inline constexpr std::size_t kErrorCodeCount = 0
#define BG_AZURE_ERROR(code, status, message) +1
#include "azure/errors.def"
#undef BG_AZURE_ERROR
    ;

struct ErrorInfo {
  std::string_view code;  ///< as on the wire
  unsigned status;        ///< HTTP status unless the Error overrides it
  std::string_view message;
};

const ErrorInfo& InfoOf(ErrorCode code);

/// What the dfs face calls a code of the Blob face: FilesystemNotFound for ContainerNotFound and so
/// on; most have the same name.
ErrorCode OnDfsFace(ErrorCode code);

/// A failure as the client will see it (errors.md "Body forms"). Small, as every Outcome has room
/// for one and coroutine frames for several: what only some failures have is kept apart.
class [[nodiscard]] Error {
 public:
  using Fields = std::vector<std::pair<std::string, std::string>>;

  Error() = default;
  explicit(false) Error(ErrorCode c) : code(c) {}
  /// The one mapping of internal errors: kNoSpace becomes 507 InsufficientStorage, which AzCopy and
  /// most SDKs report at once (RFC 4918 asks them not to repeat the request by themselves), where a
  /// 503 is tried again for up to an hour; kReadOnly 503 ServerBusy with its own message,
  /// kUnavailable 503 ServerBusy, kTimeout 500 OperationTimedOut, kTooLarge 413, kInvalidArgument
  /// 400 InvalidInput; the rest, kCorruption among them, 500 InternalError.
  explicit(false) Error(blobgate::Error internal);
  Error(const Error& other);
  Error(Error&&) noexcept = default;
  Error& operator=(const Error& other);
  Error& operator=(Error&&) noexcept = default;
  ~Error() = default;

  ErrorCode code = ErrorCode::kInternalError;

  unsigned http_status() const;
  std::string_view message() const;
  /// XML elements after Message, in order: {"HeaderName", "x-ms-range"}.
  const Fields& details() const;
  /// Response headers besides the usual ones: Content-Range, WWW-Authenticate, Retry-After.
  const Fields& headers() const;
  /// For the log only: what really happened.
  std::string_view cause() const;

  Error&& WithDetail(std::string name, std::string value) &&;
  Error&& WithHeader(std::string name, std::string value) &&;
  /// Instead of the code's own.
  Error&& WithStatus(unsigned status) &&;
  /// Instead of the code's own.
  Error&& WithMessage(std::string message) &&;
  Error&& Because(std::string cause) &&;

 private:
  struct More {
    unsigned status = 0;  ///< 0: the code's own
    std::optional<std::string> message;
    Fields details;
    Fields headers;
    std::string cause;
  };
  struct Delete {
    void operator()(More* more) const;
  };

  More& Extend();

  std::unique_ptr<More, Delete> more_;  ///< null: nothing
};

/// A value, or the failure to show the client. BG_TRY and friends (base/result.h) work with it, and
/// turn an internal Result's error into an Azure one on the way.
template <class T>
class [[nodiscard]] Outcome : public std::expected<T, Error> {
 public:
  using std::expected<T, Error>::expected;
};

inline std::unexpected<Error> Fail(ErrorCode code) {
  return std::unexpected<Error>(Error(code));
}
inline std::unexpected<Error> Fail(Error error) {
  return std::unexpected<Error>(std::move(error));
}

/// 400 InvalidHeaderValue with HeaderName and HeaderValue.
Error InvalidHeader(std::string_view name, std::string_view value);
/// 400 MissingRequiredHeader with HeaderName.
Error MissingHeader(std::string_view name);
/// 400 InvalidQueryParameterValue with QueryParameterName, QueryParameterValue and Reason.
Error InvalidQueryParameter(std::string_view name, std::string_view value,
                            std::string_view reason = {});

}  // namespace blobgate::azure
