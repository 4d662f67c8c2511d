#include "operations/path/flat_paths.h"

#include <algorithm>
#include <utility>

#include "base/encoding.h"
#include "operations/container/blob_listing.h"
#include "operations/encryption.h"
#include "operations/handlers.h"
#include "operations/internal_request.h"
#include "operations/list_query.h"
#include "operations/path/path_headers.h"

namespace blobgate::operations {
namespace {

/// Blobs that one request deletes.
constexpr std::size_t kDeletes = 500;

/// What a customer's key seals is not to be seen: such a directory is listed as a file.
bool IsMarker(const Call& call, blob::BlobRecord& record) {
  return OpenRecord(call, {}, record) && HasFolderMark(record.metadata);
}

Task<azure::Outcome<Page<BlobEntry>>> ScanNames(Services& services,
                                                const blob::ContainerRecord& container,
                                                BlobListing listing, std::string from,
                                                std::size_t limit, Time now) {
  PageLimits limits;
  limits.entries = limit;
  const std::string start = kBlobRows + listing.prefix;
  RowReader<BlobEntry> reader = [listing, now](std::string_view key, std::string_view value) {
    return ReadBlobRow(listing, now, key, value);
  };
  std::string begin = from.empty() ? start : std::max(start, kBlobRows + from);
  co_return co_await ScanPage<BlobEntry>(
      services.catalog(), blob::ContainerSpace(container.incarnation), std::move(begin),
      blob::PrefixEnd(start), limits, std::move(reader));
}

/// A directory without a marker of its own, which shows one that is there.
Task<azure::Outcome<bool>> HasMarker(Call& call, const std::string& name) {
  azure::Resource resource = call.resource;
  resource.blob = name;
  BG_CO_TRY(const auto target, co_await LoadTarget(call.services, resource));
  co_return target.exists();
}

}  // namespace

Task<azure::Outcome<ListedPaths>> ListFlatPaths(Call& call, const PathListing& listing,
                                                const blob::ContainerRecord& container) {
  BlobListing names;
  names.metadata = true;
  names.prefix = listing.directory.empty() ? std::string() : listing.directory + "/";
  if (!listing.recursive) names.delimiter = "/";
  BG_CO_TRY(auto page, co_await ScanNames(call.services, container, names, listing.from,
                                          listing.max_results, call.now));
  if (page.entries.empty() && page.next.empty() && listing.from.empty() &&
      !listing.directory.empty()) {
    BG_CO_TRY(const bool there, co_await HasMarker(call, listing.directory));
    if (!there) co_return azure::Fail(azure::ErrorCode::kPathNotFound);
  }
  ListedPaths out;
  for (BlobEntry& entry : page.entries) {
    if (entry.record) {
      const bool marker = IsMarker(call, *entry.record);
      out.paths.push_back({std::move(entry.name), marker, std::move(*entry.record)});
      continue;
    }
    entry.name.pop_back();
    BG_CO_TRY(const bool shown, co_await HasMarker(call, entry.name));
    if (shown) continue;
    blob::BlobRecord virtual_directory;
    virtual_directory.etag = container.etag;
    virtual_directory.modified = container.modified;
    virtual_directory.created = container.created;
    out.paths.push_back({std::move(entry.name), true, std::move(virtual_directory)});
  }
  if (!page.next.empty()) out.next = page.next.substr(1);
  co_return out;
}

Task<azure::Outcome<std::vector<std::string>>> NamesBelow(Services& services,
                                                          const blob::ContainerRecord& container,
                                                          std::string prefix, std::size_t limit) {
  BlobListing names;
  names.prefix = std::move(prefix);
  BG_CO_TRY(auto page, co_await ScanNames(services, container, std::move(names), {}, limit, {}));
  std::vector<std::string> out;
  for (BlobEntry& entry : page.entries) out.push_back(std::move(entry.name));
  co_return out;
}

Task<azure::Outcome<void>> DeleteOne(Call& call, const std::string& container,
                                     const std::string& name, const DeleteTerms& terms) {
  InternalRequest request(call.account, azure::Operation::kDeleteBlob, container, name);
  request.Id(std::string(call.request_id));
  if (!terms.etag.empty()) request.Header("If-Match", terms.etag);
  if (terms.lease_id) request.Header("x-ms-lease-id", *terms.lease_id);
  const auto done = co_await request.Run(call.services);
  if (done || done.error().code == azure::ErrorCode::kBlobNotFound) {
    co_return azure::Outcome<void>();
  }
  co_return azure::Fail(done.error());
}

Task<azure::Outcome<http::Response>> DeleteFlat(Call& call, bool recursive) {
  BG_CO_TRY(const auto target, co_await LoadTarget(call));
  BG_CO_TRY(auto names, co_await NamesBelow(call.services, target.container->record,
                                            call.resource.blob + "/", kDeletes + 1));
  if (!target.exists() && names.empty()) co_return azure::Fail(azure::ErrorCode::kPathNotFound);
  if (!names.empty() && !recursive) co_return azure::Fail(azure::ErrorCode::kDirectoryNotEmpty);
  http::Response response;
  response.status = 200;
  if (names.empty()) {  // a blob, under the conditions of the request
    BG_CO_TRY(auto deleted, co_await DeleteBlob(call));
    deleted.status = 200;
    co_return deleted;
  }
  const bool more = names.size() > kDeletes;
  if (more) names.pop_back();
  const std::string& container = call.resource.container;
  const DeleteTerms any;
  for (const std::string& name : names) BG_CO_CHECK(co_await DeleteOne(call, container, name, any));
  if (more) {
    response.Set("x-ms-continuation", EncodeMarker("d" + names.back()));
  } else if (target.exists()) {
    BG_CO_CHECK(co_await DeleteOne(call, container, call.resource.blob, any));
  }
  co_return response;
}

}  // namespace blobgate::operations
