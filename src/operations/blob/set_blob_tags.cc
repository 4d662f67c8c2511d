// Set Blob Tags: replaces all tags of a blob; an empty set removes them (operations.md 2.3).
// Touches neither ETag nor Last-Modified, and archived blobs are as good as others.
#include <string>
#include <utility>

#include "azure/tags.h"
#include "operations/blob/tag_access.h"
#include "operations/handlers.h"

namespace blobgate::operations {
namespace {

/// 10 tags of the longest names and values, escaped, with room for a client's indentation.
constexpr std::size_t kMaxTagsBody = 64 * 1024;

}  // namespace

Task<azure::Outcome<http::Response>> SetBlobTags(Call& call) {
  if (call.query().Has("snapshot")) co_return azure::Fail(CheckBaseBlob(call.query()).error());
  BG_CO_TRY(const auto conditions, ParseTagOperationConditions(call));
  BG_CO_TRY(auto body, co_await ReadSmallBody(call, kMaxTagsBody));
  BG_CO_TRY(const auto tags, azure::ParseTagsXml(std::move(body)));
  BlobChange change = [&](const Target& target) -> azure::Outcome<blob::BlobRecord> {
    BG_CHECK(CheckTagTarget(call, target));
    const blob::ConditionSubject subject = SubjectOf(target);
    BG_CHECK(blob::CheckWrite(conditions, &subject, false));
    blob::BlobRecord record = *target.blob;
    record.tags = tags;
    return record;
  };
  BG_CO_CHECK(co_await UpdateState(call, std::move(change)));
  http::Response response;
  response.status = 204;
  co_return response;
}

}  // namespace blobgate::operations
