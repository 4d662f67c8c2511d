// Blob Batch: many Delete Blob or Set Blob Tier requests in one (operations.md 1.21). Each is
// authenticated, authorized and run as if it had come alone; the batch is not atomic.
#include <string>
#include <utility>
#include <vector>

#include "azure/batch_body.h"
#include "azure/error_body.h"
#include "base/encoding.h"
#include "base/uuid.h"
#include "operations/blob_store.h"
#include "operations/handlers.h"

namespace blobgate::operations {
namespace {

enum class PartKind : std::uint8_t { kDelete, kSetTier, kOther };

PartKind KindOf(const http::RequestHead& head) {
  const std::string_view comp = head.query.Get("comp");
  if (head.query.Has("restype")) return PartKind::kOther;
  if (head.method == "DELETE" && comp.empty()) return PartKind::kDelete;
  if (head.method == "PUT" && EqualsIgnoreCase(comp, "tier")) return PartKind::kSetTier;
  return PartKind::kOther;
}

/// All parts ask for the same, and in the container form for blobs of that container.
azure::Outcome<void> CheckParts(const Call& call, const std::vector<azure::BatchPart>& parts) {
  const std::string container(call.head.path);
  const bool in_container = !call.resource.container.empty();
  const PartKind kind = KindOf(parts.front().head);
  for (const azure::BatchPart& part : parts) {
    const PartKind other = KindOf(part.head);
    if (other == PartKind::kOther) {
      return azure::Fail(azure::Error(azure::ErrorCode::kInvalidInput)
                             .WithDetail("Reason", "only Delete Blob and Set Blob Tier"));
    }
    if (other != kind) {
      return azure::Fail(azure::ErrorCode::kAllBatchSubRequestsShouldBeSameApi);
    }
    if (in_container && !part.head.path.starts_with(container + "/")) {
      return azure::Fail(azure::Error(azure::ErrorCode::kInvalidInput)
                             .WithDetail("Reason", "a blob of another container"));
    }
  }
  return {};
}

azure::Outcome<std::vector<azure::BatchPart>> ParseParts(const Call& call, std::string_view body) {
  BG_TRY(const auto boundary, azure::BatchBoundary(call.headers().Get("content-type")));
  BG_TRY(auto parts, azure::ParseBatch(body, boundary));
  BG_CHECK(CheckParts(call, parts));
  return parts;
}

/// The head of a part lacks what it has in common with the batch.
void Complete(const Call& call, http::RequestHead& head) {
  if (!head.headers.Has("host")) head.headers.Add("host", call.head.host());
  head.secure = call.head.secure;
  head.peer = call.head.peer;
  head.local_port = call.head.local_port;
}

/// A batch that fails as a whole is answered as one part without Content-ID.
http::Response Failure(const Call& call, const azure::Error& error) {
  http::Response response;
  response.status = error.http_status();
  const auto& info = azure::InfoOf(error.code);
  response.reason = std::string(error.message());
  response.Set("x-ms-error-code", std::string(info.code));
  response.Set("x-ms-request-id", std::string(call.request_id));
  response.Set("x-ms-version", std::string(call.version));
  response.Set("Content-Type", "application/xml");
  response.text = azure::ErrorXml(error, call.request_id, call.now);
  return response;
}

}  // namespace

Task<azure::Outcome<http::Response>> SubmitBatch(Call& call) {
  BG_CO_TRY(const auto body, co_await ReadSmallBody(call, azure::kMaxBatchBody));
  const std::string boundary = "batchresponse_" + NewUuid();
  http::Response response;
  response.status = 202;
  response.Set("Content-Type", "multipart/mixed; boundary=" + boundary);
  auto parts = ParseParts(call, body);
  if (!parts) {
    if (parts.error().code == azure::ErrorCode::kMissingRequiredHeader) {
      co_return azure::Fail(parts.error());
    }
    azure::AppendBatchAnswer(boundary, {}, Failure(call, parts.error()), response.text);
  } else {
    std::size_t index = 0;
    for (azure::BatchPart& part : *parts) {
      Complete(call, part.head);
      const http::Response answer = co_await call.sub_requests->Run(part.head, call.version);
      const std::string id =
          part.content_id.empty() ? std::to_string(index) : std::string(part.content_id);
      azure::AppendBatchAnswer(boundary, id, answer, response.text);
      ++index;
    }
  }
  azure::EndBatchAnswer(boundary, response.text);
  co_return response;
}

}  // namespace blobgate::operations
