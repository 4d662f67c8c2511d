#include "operations/copy/source_error.h"

namespace blobgate::operations {
namespace {

unsigned StatusToAnswer(unsigned status) {
  if (status < 300 || status > 599) return 500;
  return status < 400 && status != 304 ? 400 : status;
}

}  // namespace

azure::Error SourceFailure(unsigned status, std::string_view code, std::string message) {
  azure::Error error(azure::ErrorCode::kCannotVerifyCopySource);
  error.status = StatusToAnswer(status);
  error.headers.emplace_back("x-ms-copy-source-status-code", std::to_string(status));
  error.details.emplace_back("CopySourceStatusCode", std::to_string(status));
  if (!code.empty()) {
    error.headers.emplace_back("x-ms-copy-source-error-code", code);
    error.details.emplace_back("CopySourceErrorCode", code);
  }
  if (!message.empty()) {
    error.details.emplace_back("CopySourceErrorMessage", message);
    error.message = std::move(message);
  }
  return error;
}

azure::Error SourceFailure(const azure::Error& read) {
  const azure::ErrorInfo& info = azure::InfoOf(read.code);
  azure::Error error = SourceFailure(read.http_status(), info.code,
                                     read.message ? *read.message : std::string(info.message));
  error.cause = read.cause;
  return error;
}

}  // namespace blobgate::operations
