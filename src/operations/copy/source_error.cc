#include "operations/copy/source_error.h"

namespace blobgate::operations {
namespace {

unsigned StatusToAnswer(unsigned status) {
  if (status < 300 || status > 599) return 500;
  return status < 400 && status != 304 ? 400 : status;
}

}  // namespace

azure::Error SourceFailure(unsigned status, std::string_view code, std::string message) {
  auto error = azure::Error(azure::ErrorCode::kCannotVerifyCopySource)
                   .WithStatus(StatusToAnswer(status))
                   .WithHeader("x-ms-copy-source-status-code", std::to_string(status))
                   .WithDetail("CopySourceStatusCode", std::to_string(status));
  if (!code.empty()) {
    error = std::move(error)
                .WithHeader("x-ms-copy-source-error-code", std::string(code))
                .WithDetail("CopySourceErrorCode", std::string(code));
  }
  if (!message.empty()) {
    error = std::move(error).WithDetail("CopySourceErrorMessage", message).WithMessage(message);
  }
  return error;
}

azure::Error SourceFailure(const azure::Error& read) {
  const azure::ErrorInfo& info = azure::InfoOf(read.code);
  return SourceFailure(read.http_status(), info.code, std::string(read.message()))
      .Because(std::string(read.cause()));
}

}  // namespace blobgate::operations
