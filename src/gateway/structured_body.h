// Requests and answers whose bodies are structured messages (operations.md 1.9). Operations see the
// content only: it is taken out of the message before they read it, and put into one after they
// have answered.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "azure/errors.h"
#include "azure/structured_message.h"
#include "http/body.h"
#include "http/request_head.h"
#include "http/response.h"

namespace blobgate::gateway {

/// The content of a message that arrives. The last of it is handed out only when all checksums have
/// proved right, so that nothing is committed before.
class StructuredBody final : public http::BodyReader {
 public:
  /// `body` must outlive it. Lengths in bytes: of the message, and of its content.
  StructuredBody(http::BodyReader& body, std::uint64_t encoded_length,
                 std::uint64_t content_length);

  /// Fails with kInvalidArgument when the message is not right; `failure` then says how.
  Task<Result<std::size_t>> Read(MutableBytes into) override;
  /// Reads a message without content, which no operation would ask for. Errors as for Read.
  Task<Result<void>> ReadEmpty();
  const std::optional<azure::Error>& failure() const { return failure_; }
  std::uint64_t content_length() const { return content_length_; }

 private:
  Task<Result<std::size_t>> Step(MutableBytes into);
  Task<Result<void>> ReadRest();

  http::BodyReader& body_;
  const std::uint64_t content_length_;
  std::uint64_t content_read_ = 0;
  azure::StructuredDecoder decoder_;
  AlignedBuffer buffer_;
  Bytes pending_;  ///< in buffer_
  std::optional<azure::Error> failure_;
};

/// The message that `head` announces as its body; null: none. 400 InvalidHeaderValue for a form we
/// do not know or lengths that do not fit, or together with other checksums; 400
/// MissingRequiredHeader without x-ms-structured-content-length; 411 without Content-Length.
azure::Outcome<std::unique_ptr<StructuredBody>> OpenStructuredBody(const http::RequestHead& head,
                                                                   http::BodyReader& body);

/// A read that asks for a structured answer: 400 InvalidHeaderValue for a form we do not know.
azure::Outcome<void> CheckStructuredAnswer(const http::RequestHead& head);

/// Puts the body of `response` into a message.
void MakeStructured(http::Response& response);

}  // namespace blobgate::gateway
