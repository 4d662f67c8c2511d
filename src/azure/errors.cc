#include "azure/errors.h"

#include <array>
#include <cstddef>

namespace blobgate::azure {
namespace {

constexpr auto kErrors = std::to_array<ErrorInfo>({
#define BG_AZURE_ERROR(code, status, message) {#code, status, message},
#include "azure/errors.def"
#undef BG_AZURE_ERROR
});

}  // namespace

const ErrorInfo& InfoOf(ErrorCode code) {
  return kErrors[static_cast<std::size_t>(code)];
}

ErrorCode OnDfsFace(ErrorCode code) {
  switch (code) {
    case ErrorCode::kContainerNotFound:
      return ErrorCode::kFilesystemNotFound;
    case ErrorCode::kContainerAlreadyExists:
      return ErrorCode::kFilesystemAlreadyExists;
    case ErrorCode::kContainerBeingDeleted:
      return ErrorCode::kFilesystemBeingDeleted;
    case ErrorCode::kBlobNotFound:
      return ErrorCode::kPathNotFound;
    case ErrorCode::kBlobAlreadyExists:
      return ErrorCode::kPathAlreadyExists;
    case ErrorCode::kDirectoryIsNotEmpty:
      return ErrorCode::kDirectoryNotEmpty;
    default:
      return code;
  }
}

Error::Error(blobgate::Error internal) {
  std::string& cause = Extend().cause;
  cause = ErrcName(internal.code);
  if (!internal.detail.empty()) cause += ": " + internal.detail;
  switch (internal.code) {
    case Errc::kNoSpace:
      code = ErrorCode::kInsufficientStorage;
      break;
    case Errc::kReadOnly:
      code = ErrorCode::kServerBusy;
      Extend().message = "The server does not accept writes after a storage failure.";
      break;
    case Errc::kUnavailable:
      code = ErrorCode::kServerBusy;
      break;
    case Errc::kTimeout:
      code = ErrorCode::kOperationTimedOut;
      break;
    case Errc::kTooLarge:
      code = ErrorCode::kRequestBodyTooLarge;
      break;
    case Errc::kInvalidArgument:
      code = ErrorCode::kInvalidInput;
      break;
    case Errc::kNotFound:
    case Errc::kConflict:
    case Errc::kPartitionMoved:
    case Errc::kExtentGone:
    case Errc::kCorruption:
    case Errc::kIoError:
    case Errc::kCancelled:
    case Errc::kDisconnected:
    case Errc::kUnsupported:
    case Errc::kInternal:
      code = ErrorCode::kInternalError;
      break;
  }
}

// Out of line: a destructor of all that in every Outcome makes large functions.
void Error::Delete::operator()(More* more) const {
  delete more;
}

Error::Error(const Error& other) : code(other.code) {
  if (other.more_) more_.reset(new More(*other.more_));
}

Error& Error::operator=(const Error& other) {
  return *this = Error(other);
}

Error::More& Error::Extend() {
  if (!more_) more_.reset(new More());
  return *more_;
}

unsigned Error::http_status() const {
  return more_ && more_->status != 0 ? more_->status : InfoOf(code).status;
}

std::string_view Error::message() const {
  return more_ && more_->message ? std::string_view(*more_->message) : InfoOf(code).message;
}

const Error::Fields& Error::details() const {
  static const Fields none;
  return more_ ? more_->details : none;
}

const Error::Fields& Error::headers() const {
  static const Fields none;
  return more_ ? more_->headers : none;
}

std::string_view Error::cause() const {
  return more_ ? std::string_view(more_->cause) : std::string_view();
}

Error&& Error::WithDetail(std::string name, std::string value) && {
  Extend().details.emplace_back(std::move(name), std::move(value));
  return std::move(*this);
}

Error&& Error::WithHeader(std::string name, std::string value) && {
  Extend().headers.emplace_back(std::move(name), std::move(value));
  return std::move(*this);
}

Error&& Error::WithStatus(unsigned status) && {
  Extend().status = status;
  return std::move(*this);
}

Error&& Error::WithMessage(std::string message) && {
  Extend().message = std::move(message);
  return std::move(*this);
}

Error&& Error::Because(std::string cause) && {
  Extend().cause = std::move(cause);
  return std::move(*this);
}

Error InvalidHeader(std::string_view name, std::string_view value) {
  return Error(ErrorCode::kInvalidHeaderValue)
      .WithDetail("HeaderName", std::string(name))
      .WithDetail("HeaderValue", std::string(value));
}

Error MissingHeader(std::string_view name) {
  return Error(ErrorCode::kMissingRequiredHeader).WithDetail("HeaderName", std::string(name));
}

Error InvalidQueryParameter(std::string_view name, std::string_view value,
                            std::string_view reason) {
  return Error(ErrorCode::kInvalidQueryParameterValue)
      .WithDetail("QueryParameterName", std::string(name))
      .WithDetail("QueryParameterValue", std::string(value))
      .WithDetail("Reason", std::string(reason));
}

}  // namespace blobgate::azure
