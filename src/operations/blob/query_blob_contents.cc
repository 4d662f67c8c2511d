// Query Blob Contents: runs SQL over the content of a block blob (operations.md 2.3,
// docs/query.md).
#include <optional>
#include <utility>

#include "azure/query_request.h"
#include "operations/blob/blob_access.h"
#include "operations/blob_content.h"
#include "operations/blob_headers.h"
#include "operations/encryption.h"
#include "operations/handlers.h"
#include "operations/query_body.h"
#include "operations/random_content.h"

namespace blobgate::operations {
namespace {

/// Parses and prepares on a worker thread: an expression may be long.
Task<azure::Outcome<std::unique_ptr<query::QueryRun>>> Prepare(Call& call,
                                                               const azure::QueryRequest& request,
                                                               std::uint64_t length) {
  auto work = [request, length, now = call.now] {
    return query::QueryRun::Create(request, length, now);
  };
  auto run = co_await RunBlocking(call.services.workers->pool(), std::move(work));
  if (run) co_return std::move(*run);
  if (run.error().code != Errc::kInvalidArgument) co_return azure::Fail(std::move(run).error());
  co_return azure::Fail(azure::Error(azure::ErrorCode::kErrorProcessingQueryExpression)
                            .WithDetail("Reason", run.error().detail));
}

/// nullopt: the blob moved while its content was looked for.
Task<azure::Outcome<std::optional<http::Response>>> TryQuery(
    Call& call, const azure::QueryRequest& request, const blob::ContentKeyPtr& given,
    const blob::ConditionHeaders& conditions) {
  BG_CO_TRY(auto target, co_await LoadForRead(call, conditions));
  BG_CO_TRY(auto key, OpenRecord(call, given, *target.blob));
  const blob::BlobRecord record = *target.blob;
  if (record.type != blob::BlobType::kBlock)
    co_return azure::Fail(azure::ErrorCode::kInvalidBlobType);
  BG_CO_CHECK(CheckContentReadable(record, call.now));
  BG_CO_TRY(auto run, co_await Prepare(call, request, record.length));

  QueryBody::Content content;
  if (record.length > 0 && run->wanted()) {
    BG_CO_TRY(content.random, co_await RandomContent::Open(call.services, target, std::move(key)));
  } else if (record.length > 0) {
    BG_CO_TRY(auto opened,
              co_await OpenContent(call.services, target, 0, record.length, std::move(key)));
    if (!opened) co_return std::nullopt;
    content.in_order = std::move(*opened);
  }
  http::Response response;
  response.status = 200;
  SetBlobHeaders(response, call, record, BlobAnswer::kQuery);
  response.Set("Content-Type", "avro/binary");
  response.length_unknown = true;
  response.stream =
      std::make_unique<QueryBody>(call.services.workers, std::move(run), std::move(content));
  co_return std::optional(std::move(response));
}

}  // namespace

Task<azure::Outcome<http::Response>> QueryBlobContents(Call& call) {
  BG_CO_TRY(const auto given, ParseCustomerKey(call));
  BG_CO_TRY(const auto conditions, ParseConditions(call));
  BG_CO_TRY(const std::string body, co_await ReadSmallBody(call, azure::kMaxQueryBody));
  BG_CO_TRY(const auto request, azure::ParseQueryRequest(body));
  for (CommitLoop loop; loop.Again();) {
    BG_CO_TRY(auto answer, co_await TryQuery(call, request, given, conditions));
    if (answer) co_return std::move(*answer);
  }
  co_return azure::Fail(Busy());
}

}  // namespace blobgate::operations
