// List Paths: the files and directories below one, as JSON (operations.md 3.2).
#include <utility>

#include "azure/json.h"
#include "base/encoding.h"
#include "blob/acl.h"
#include "blob/conditions.h"
#include "blob/path_name.h"
#include "operations/container/container_request.h"
#include "operations/handlers.h"
#include "operations/list_query.h"
#include "operations/path/flat_paths.h"
#include "operations/path/list_paths.h"
#include "operations/path/path_access.h"
#include "operations/path/path_headers.h"
#include "operations/path/path_walk.h"
#include "operations/path/tree_walk.h"

namespace blobgate::operations {
namespace {

constexpr char kMarker = 'l';

/// Windows FILETIME: 100 ns since 1601, decimal; "0" for none.
std::string FileTime(Time time) {
  constexpr std::uint64_t kTicksTo1601 = 504'911'232'000'000'000;
  const std::uint64_t ticks = time == Time{} ? 0 : ToDotNetTicks(time);
  return std::to_string(ticks < kTicksTo1601 ? 0 : ticks - kTicksTo1601);
}

azure::Outcome<PathListing> ParsePathListing(const Call& call) {
  const http::Query& query = call.query();
  PathListing listing;
  if (query.Get("recursive").empty()) {
    return azure::Fail(azure::Error(azure::ErrorCode::kMissingRequiredQueryParameter)
                           .WithDetail("QueryParameterName", "recursive"));
  }
  BG_TRY(listing.recursive, ParseQueryFlag(query, "recursive", false));
  BG_CHECK(ParseQueryFlag(query, "upn", false));  // there are no user names besides the ids
  BG_TRY(listing.max_results, ParseMaxResults(query, kMaxListResults));
  listing.directory = blob::TrimSlashes(query.Get("directory"));
  if (!listing.directory.empty()) BG_CHECK(azure::CheckBlobName(listing.directory));
  if (const std::string_view marker = query.Get("continuation"); !marker.empty()) {
    const auto key = DecodeMarker(marker, kMarker);
    if (!key) return azure::Fail(azure::InvalidQueryParameter("continuation", marker));
    listing.from = key->substr(1);
  } else if (const std::string_view from = query.Get("beginFrom"); !from.empty()) {
    listing.from =
        listing.directory.empty() ? std::string(from) : listing.directory + "/" + std::string(from);
  }
  return listing;
}

azure::Json JsonOf(const ListedPath& path) {
  const blob::BlobRecord& record = path.record;
  azure::Json out;
  out["contentLength"] = std::to_string(record.length);
  out["creationTime"] = FileTime(record.created);
  out["etag"] = blob::EtagTextUnquoted(record.etag);
  if (record.path.id != 0) {
    out["expiryTime"] = FileTime(record.path.expires);
    out["group"] = record.path.group;
  }
  if (path.directory) out["isDirectory"] = "true";
  out["lastModified"] = FormatHttpDate(record.modified);
  out["name"] = path.name;
  if (record.path.id != 0) {
    out["owner"] = record.path.owner;
    out["permissions"] = blob::Acl::FromStored(record.path.acl).Symbolic(record.path.sticky);
    if (!record.path.encryption_context.empty()) {
      out["EncryptionContext"] = record.path.encryption_context;
    }
  }
  return out;
}

Task<azure::Outcome<ListedPaths>> ListInTree(Call& call, const PathListing& listing) {
  azure::Resource resource = call.resource;
  resource.blob = listing.directory;
  BG_CO_TRY(const auto target, co_await LoadTarget(call.services, resource));
  BG_CO_CHECK(CheckPathAccess(call, target));
  if (!target.exists()) co_return azure::Fail(azure::ErrorCode::kPathNotFound);
  ListedPaths page;
  if (!target.is_directory()) {  // a file is listed by itself
    if (listing.from.empty()) page.paths.push_back({listing.directory, false, *target.blob});
    co_return page;
  }
  TreeQuery query;
  query.directory = target.blob->path.id;
  query.path = listing.directory;
  query.from = listing.from;
  query.recursive = listing.recursive;
  query.limits.entries = listing.max_results;
  query.shows = [now = call.now](const blob::BlobRecord& record) {
    return record.committed && !record.path.expired(now);
  };
  if (call.posix) {
    query.enters = [&call](const blob::BlobRecord& record) { return MayList(call, record.path); };
  }
  BG_CO_TRY(auto found, co_await WalkTree(call.services, target.partition, std::move(query)));
  for (TreeEntry& entry : found.entries) {
    const bool directory = entry.record.path.directory;
    page.paths.push_back({std::move(entry.path), directory, std::move(entry.record)});
  }
  page.next = std::move(found.next);
  co_return page;
}

}  // namespace

Task<azure::Outcome<http::Response>> ListPaths(Call& call) {
  BG_CO_TRY(const auto listing, ParsePathListing(call));
  BG_CO_TRY(const auto container,
            co_await LoadContainer(call.services, call.resource.account, call.resource.container));
  const bool tree = container->record.hierarchical;
  if (!tree && call.posix) {
    co_return azure::Fail(azure::ErrorCode::kAuthorizationPermissionMismatch);
  }
  ListedPaths page;
  if (tree) {
    BG_CO_TRY(page, co_await ListInTree(call, listing));
  } else {
    BG_CO_TRY(page, co_await ListFlatPaths(call, listing, container->record));
  }
  azure::Json paths = azure::Json::array();
  for (const ListedPath& path : page.paths) paths.push_back(JsonOf(path));
  azure::Json body;
  body["paths"] = std::move(paths);
  http::Response response;
  response.status = 200;
  response.Set("Content-Type", "application/json;charset=utf-8");
  SetContainerEtag(response, container->record);
  response.Set("x-ms-namespace-enabled", tree ? "true" : "false");
  if (!page.next.empty()) response.Set("x-ms-continuation", EncodeMarker(kMarker + page.next));
  response.text = azure::JsonText(body);
  co_return response;
}

}  // namespace blobgate::operations
