// The multipart body of Blob Batch, both ways (operations.md 1.21).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "azure/errors.h"
#include "http/request_head.h"
#include "http/response.h"

namespace blobgate::azure {

inline constexpr std::size_t kMaxBatchBody = 4 * 1024 * 1024;
inline constexpr std::size_t kMaxBatchParts = 256;

/// One sub-request. The views point into the body.
struct BatchPart {
  std::string_view content_id;  ///< as sent; empty: none
  http::RequestHead head;
};

/// The `boundary` of a multipart/mixed Content-Type. 400 MissingRequiredHeader or
/// InvalidHeaderValue.
Outcome<std::string_view> BatchBoundary(std::string_view content_type);

/// The parts of `body`, in order. Line ends are CRLF, or LF alone. 400 InvalidInput for anything
/// that is no such body, no part, more than kMaxBatchParts, or a part with a body of its own.
Outcome<std::vector<BatchPart>> ParseBatch(std::string_view body, std::string_view boundary);

/// Appends the answer to one part; `content_id` is left out when it is empty.
void AppendBatchAnswer(std::string_view boundary, std::string_view content_id,
                       const http::Response& response, std::string& out);
/// Ends the answer.
void EndBatchAnswer(std::string_view boundary, std::string& out);

}  // namespace blobgate::azure
