// List Blobs, flat and with a delimiter, as XML or Apache Arrow (operations.md 2.2 and 4.1).
#include <utility>

#include "azure/list_arrow.h"
#include "blob/keys.h"
#include "operations/blob_store.h"
#include "operations/container/blob_listing.h"
#include "operations/handlers.h"
#include "operations/list_query.h"

namespace blobgate::operations {
namespace {

/// Arrow and endBefore are known from this x-ms-version on.
constexpr std::string_view kFirstArrow = "2026-06-06";

/// A client that can read both says so in Accept, and looks at the Content-Type.
bool WantsArrow(const Call& call) {
  return call.version >= kFirstArrow &&
         call.headers().Get("Accept").contains(azure::kArrowContentType);
}

}  // namespace

// A page costs what it looks at (PageLimits) and not what the container holds; with a delimiter a
// common prefix is one seek.
Task<azure::Outcome<http::Response>> ListBlobs(Call& call) {
  const bool arrow = WantsArrow(call);
  BG_CO_TRY(auto listing, BlobListing::Parse(call.query()));
  if (listing.tags && !call.permissions.Has('t')) {
    co_return azure::Fail(azure::ErrorCode::kAuthorizationPermissionMismatch);
  }
  PageLimits limits;
  BG_CO_TRY(limits.entries, ParseMaxResults(call.query()));
  BG_CO_TRY(auto range, ParseListRange(call.query(), kBlobRows, arrow));
  BG_CO_TRY(auto container,
            co_await LoadContainer(call.services, call.resource.account, call.resource.container));
  const std::string space = blob::ContainerSpace(container.record.incarnation);
  RowReader<BlobEntry> reader = [&listing, now = call.now](std::string_view key,
                                                           std::string_view value) {
    return ReadBlobRow(listing, now, key, value);
  };
  BG_CO_TRY(auto page, co_await ScanPage<BlobEntry>(call.services.catalog(), space, range.from,
                                                    range.end, limits, reader));
  http::Response response;
  response.status = 200;
  if (arrow) {
    response.Set("Content-Type", std::string(azure::kArrowContentType));
    response.text = RenderBlobsAsArrow(call, page, listing);
  } else {
    response.Set("Content-Type", "application/xml");
    response.text = RenderBlobs(call, page, listing);
  }
  co_return response;
}

}  // namespace blobgate::operations
