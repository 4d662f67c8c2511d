// Get Page Ranges: which pages were written, or what changed since a snapshot (operations.md 2.6).
#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "azure/page_list_xml.h"
#include "base/encoding.h"
#include "http/range.h"
#include "operations/blob/blob_access.h"
#include "operations/handlers.h"
#include "operations/list_query.h"
#include "operations/page/page_ranges.h"
#include "operations/page/page_write.h"

namespace blobgate::operations {
namespace {

/// From this version on an answer may be one of several pages; before, it has to be all of them.
constexpr std::string_view kFirstPaged = "2020-10-02";
constexpr std::size_t kMaxRanges = 10'000;
/// What an answer that cannot be cut has at most; more takes too long.
constexpr std::size_t kMaxUncut = 100'000;
/// A blob that changes all the time is looked at so often; each time may cost all of its map.
constexpr int kRounds = 32;

struct RangesRequest {
  blob::ConditionHeaders conditions;
  std::optional<http::ByteRange> range;
  std::uint64_t marker = 0;  ///< where to go on
  std::size_t limit = kMaxRanges;
  bool paged = true;
  std::optional<PreviousState> previous;
};

azure::Outcome<std::optional<http::ByteRange>> ParseAskedRange(const http::HeaderView& headers) {
  const bool own = !headers.Get("x-ms-range").empty();
  const std::string_view name = own ? "x-ms-range" : "Range";
  const std::string_view text = headers.Get(name);
  if (text.empty()) return std::nullopt;
  const auto range = http::ParseRange(text);
  if (!range && own) return azure::Fail(azure::InvalidHeader(name, text));
  return range;
}

azure::Outcome<void> ParsePaging(const Call& call, RangesRequest& request) {
  const http::Query& query = call.query();
  request.paged = call.version >= kFirstPaged;
  if (!request.paged) {
    request.limit = kMaxUncut;
    return {};
  }
  BG_TRY(request.limit, ParseMaxResults(query, kMaxRanges));
  if (const std::string_view text = query.Get("marker"); !text.empty()) {
    const auto offset = ParseUnsigned(text);
    if (!offset || *offset % blob::kPageSize != 0) {
      return azure::Fail(azure::InvalidQueryParameter("marker", text));
    }
    request.marker = *offset;
  }
  return {};
}

azure::Outcome<RangesRequest> ParseRanges(const Call& call) {
  RangesRequest request;
  BG_TRY(request.conditions, ParseConditions(call));
  BG_TRY(request.range, ParseAskedRange(call.headers()));
  BG_CHECK(ParsePaging(call, request));
  BG_TRY(request.previous, ParsePreviousState(call));
  return request;
}

/// The bytes to look at. 416 InvalidRange for a range behind the end.
azure::Outcome<RangeWalk> WalkOf(const RangesRequest& request, std::uint64_t length) {
  RangeWalk walk;
  walk.end = length;
  walk.limit = request.limit;
  if (request.range) {
    if (request.range->first >= length) {
      return azure::Fail(azure::Error(azure::ErrorCode::kInvalidRange)
                             .WithHeader("Content-Range", "bytes */" + std::to_string(length)));
    }
    const std::uint64_t last = std::min(request.range->last.value_or(length - 1), length - 1);
    // Every page that the range touches.
    walk.begin = request.range->first / blob::kPageSize * blob::kPageSize;
    walk.end = (last / blob::kPageSize + 1) * blob::kPageSize;
  }
  walk.begin = std::max(walk.begin, std::min(request.marker, walk.end));
  return walk;
}

azure::Outcome<void> CheckPages(const blob::BlobRecord& record) {
  if (record.type != blob::BlobType::kPage) {
    return azure::Fail(azure::ErrorCode::kInvalidBlobType);
  }
  if (record.is_base()) return CheckNotIncremental(record);
  return {};
}

/// nullopt: something moved.
Task<azure::Outcome<std::optional<http::Response>>> TryRanges(Call& call,
                                                              const RangesRequest& request) {
  BG_CO_TRY(const auto target, co_await LoadForRead(call, request.conditions));
  BG_CO_CHECK(CheckPages(*target.blob));
  BG_CO_TRY(const RangeWalk walk, WalkOf(request, target.blob->length));
  std::optional<std::uint64_t> since;
  if (request.previous) {
    BG_CO_TRY(since, co_await LayerOfPrevious(call, target, *request.previous));
  }
  BG_CO_TRY(auto found, co_await CollectRanges(call.services, target, walk, since));
  if (!found) co_return std::nullopt;
  if (since) {
    // A snapshot that went meanwhile gave its layer away.
    BG_CO_TRY(const auto still, co_await LayerOfPrevious(call, target, *request.previous));
    if (still != *since) co_return std::nullopt;
  }
  if (found->next && !request.paged) co_return azure::Fail(azure::ErrorCode::kOperationTimedOut);

  http::Response response;
  response.status = 200;
  response.Set("Content-Type", "application/xml");
  SetEtag(response, target.blob->etag, target.blob->modified);
  response.Set("x-ms-blob-content-length", std::to_string(target.blob->length));
  response.text = azure::RenderPageList(found->ranges, found->next);
  co_return std::optional(std::move(response));
}

}  // namespace

Task<azure::Outcome<http::Response>> GetPageRanges(Call& call) {
  BG_CO_TRY(const auto request, ParseRanges(call));
  for (int round = 0; round < kRounds; ++round) {
    BG_CO_TRY(auto answer, co_await TryRanges(call, request));
    if (answer) co_return std::move(*answer);
  }
  co_return azure::Fail(Busy());
}

}  // namespace blobgate::operations
