// List Blobs, flat and with a delimiter (operations.md 2.2 and 4.1).
#include <utility>

#include "blob/keys.h"
#include "operations/blob_store.h"
#include "operations/container/blob_listing.h"
#include "operations/handlers.h"
#include "operations/list_query.h"
#include "operations/path/list_tree.h"

namespace blobgate::operations {
namespace {

http::Response Listed(std::string xml) {
  http::Response response;
  response.status = 200;
  response.Set("Content-Type", "application/xml");
  response.text = std::move(xml);
  return response;
}

}  // namespace

// A page costs what it looks at (PageLimits) and not what the container holds; with a delimiter a
// common prefix is one seek.
Task<azure::Outcome<http::Response>> ListBlobs(Call& call) {
  BG_CO_TRY(auto listing, BlobListing::Parse(call.query()));
  if (listing.tags && !call.permissions.Has('t')) {
    co_return azure::Fail(azure::ErrorCode::kAuthorizationPermissionMismatch);
  }
  PageLimits limits;
  BG_CO_TRY(limits.entries, ParseMaxResults(call.query()));
  BG_CO_TRY(auto container,
            co_await LoadContainer(call.services, call.resource.account, call.resource.container));
  if (container.record.hierarchical) {
    auto list = listing.only_deleted ? ListDeletedPaths : ListTree;
    BG_CO_TRY(auto page, co_await list(call, listing, container.record, limits));
    co_return Listed(RenderBlobs(call, page, listing));
  }
  if (call.posix) co_return azure::Fail(azure::ErrorCode::kAuthorizationPermissionMismatch);
  BG_CO_TRY(auto range, ParseListRange(call.query(), kBlobRows));
  const std::string space = blob::ContainerSpace(container.record.incarnation);
  RowReader<BlobEntry> reader = [&listing, now = call.now](std::string_view key,
                                                           std::string_view value) {
    return ReadBlobRow(listing, now, key, value);
  };
  BG_CO_TRY(auto page, co_await ScanPage<BlobEntry>(call.services.catalog(), space, range.from,
                                                    range.end, limits, reader));
  co_return Listed(RenderBlobs(call, page, listing));
}

}  // namespace blobgate::operations
