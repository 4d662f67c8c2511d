// Azure's error codes, and the one place where internal errors become them.
#pragma once

#include <cstddef>
#include <expected>
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

/// A failure as the client will see it (errors.md "Body forms").
struct [[nodiscard]] Error {
  ErrorCode code = ErrorCode::kInternalError;
  std::optional<unsigned> status;      ///< instead of the code's own
  std::optional<std::string> message;  ///< instead of the code's own
  /// XML elements after Message, in order: {"HeaderName", "x-ms-range"}.
  std::vector<std::pair<std::string, std::string>> details;
  /// Response headers besides the usual ones: Content-Range, WWW-Authenticate, Retry-After.
  std::vector<std::pair<std::string, std::string>> headers;
  /// For the log only: what really happened.
  std::string cause;

  Error() = default;
  explicit(false) Error(ErrorCode c) : code(c) {}
  /// The one mapping of internal errors: kNoSpace becomes 507 InsufficientStorage, which AzCopy and
  /// most SDKs report at once (RFC 4918 asks them not to repeat the request by themselves), where a
  /// 503 is tried again for up to an hour; kReadOnly 503 ServerBusy with its own message,
  /// kUnavailable 503 ServerBusy, kTimeout 500 OperationTimedOut, kTooLarge 413, kInvalidArgument
  /// 400 InvalidInput; the rest, kCorruption among them, 500 InternalError.
  explicit(false) Error(blobgate::Error internal);

  unsigned http_status() const { return status.value_or(InfoOf(code).status); }
  Error&& WithDetail(std::string name, std::string value) && {
    details.emplace_back(std::move(name), std::move(value));
    return std::move(*this);
  }
  Error&& WithHeader(std::string name, std::string value) && {
    headers.emplace_back(std::move(name), std::move(value));
    return std::move(*this);
  }
  Error&& WithStatus(unsigned s) && {
    status = s;
    return std::move(*this);
  }
  Error&& WithMessage(std::string m) && {
    message = std::move(m);
    return std::move(*this);
  }
  Error&& Because(std::string c) && {
    cause = std::move(c);
    return std::move(*this);
  }
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
