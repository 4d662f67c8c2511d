// List Blobs, flat and with a delimiter, as XML or Apache Arrow (operations.md 2.2 and 4.1).
#include <utility>

#include "azure/list_arrow.h"
#include "blob/keys.h"
#include "operations/blob_store.h"
#include "operations/container/blob_list_body.h"
#include "operations/container/blob_listing.h"
#include "operations/handlers.h"
#include "operations/list_query.h"
#include "operations/path/list_tree.h"

namespace blobgate::operations {
namespace {

/// Arrow and endBefore are known from this x-ms-version on.
constexpr std::string_view kFirstArrow = "2026-06-06";

/// A client that can read both says so in Accept, and looks at the Content-Type.
bool WantsArrow(const Call& call) {
  return call.version >= kFirstArrow &&
         call.headers().Get("Accept").contains(azure::kArrowContentType);
}

http::Response Listed(std::string_view type, std::string text) {
  http::Response response;
  response.status = 200;
  response.Set("Content-Type", std::string(type));
  response.text = std::move(text);
  return response;
}

/// Always XML: Arrow has no columns for what only files and directories have.
Task<azure::Outcome<http::Response>> ListHierarchical(Call& call, const BlobListing& listing,
                                                      const blob::ContainerRecord& container,
                                                      PageLimits limits) {
  const auto list = listing.only_deleted ? ListDeletedPaths : ListTree;
  BG_CO_TRY(auto page, co_await list(call, listing, container, limits));
  BlobListXml xml(call, listing);
  Page<ListedPiece> pieces{{}, std::move(page.next)};
  for (BlobEntry& entry : page.entries) pieces.entries.push_back(xml.Add(std::move(entry)));
  co_return Listed("application/xml", std::move(xml).Take(pieces));
}

Task<azure::Outcome<http::Response>> ListAsXml(Call& call, const BlobListing& listing,
                                               std::string space, ListRange range,
                                               PageLimits limits) {
  BlobListXml xml(call, listing);
  RowReader<ListedPiece> reader = [&](std::string_view key,
                                      std::string_view value) -> Result<ListedRow<ListedPiece>> {
    BG_TRY(auto row, ReadBlobRow(listing, call.now, key, value));
    ListedRow<ListedPiece> written;
    if (row.entry) written.entry = xml.Add(std::move(*row.entry));
    written.seek_to = std::move(row.seek_to);
    return written;
  };
  BG_CO_TRY(const auto page, co_await ScanPage<ListedPiece>(
                                 call.services.catalog(), std::move(space), std::move(range.from),
                                 std::move(range.end), limits, std::move(reader)));
  co_return Listed("application/xml", std::move(xml).Take(page));
}

Task<azure::Outcome<http::Response>> ListAsArrow(Call& call, const BlobListing& listing,
                                                 std::string space, ListRange range,
                                                 PageLimits limits) {
  RowReader<BlobEntry> reader = [&](std::string_view key, std::string_view value) {
    return ReadBlobRow(listing, call.now, key, value);
  };
  BG_CO_TRY(const auto page, co_await ScanPage<BlobEntry>(
                                 call.services.catalog(), std::move(space), std::move(range.from),
                                 std::move(range.end), limits, std::move(reader)));
  co_return Listed(azure::kArrowContentType, RenderBlobsAsArrow(call, page, listing));
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
  // A marker of a hierarchical container has another form.
  auto parsed = ParseListRange(call.query(), kBlobRows, arrow);
  auto container =
      co_await LoadContainer(call.services, call.resource.account, call.resource.container);
  if (container && (*container)->record.hierarchical) {
    if (arrow) listing.end_before = call.query().Get("endBefore");
    co_return co_await ListHierarchical(call, listing, (*container)->record, limits);
  }
  BG_CO_TRY(auto range, std::move(parsed));
  if (!container) co_return azure::Fail(container.error());
  if (call.posix) co_return azure::Fail(azure::ErrorCode::kAuthorizationPermissionMismatch);
  std::string space = blob::ContainerSpace((*container)->record.incarnation);
  const auto list = arrow ? ListAsArrow : ListAsXml;
  co_return co_await list(call, listing, std::move(space), std::move(range), limits);
}

}  // namespace blobgate::operations
