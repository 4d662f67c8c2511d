#include <array>
#include <string>

#include "azure/operation.h"
#include "base/encoding.h"

namespace blobgate::azure {
namespace {

using enum Operation;
using Headers = http::HeaderView;

constexpr auto kService = Level::kService;
constexpr auto kContainer = Level::kContainer;
constexpr auto kBlob = Level::kBlob;
constexpr auto kPrivate = PublicAccess::kNever;
constexpr auto kIfContainer = PublicAccess::kContainer;
constexpr auto kIfBlob = PublicAccess::kBlob;
constexpr auto kNone = Conditions::kNone;
constexpr auto kRead = Conditions::kRead;
constexpr auto kWrite = Conditions::kWrite;
constexpr auto kDates = Conditions::kModifiedOnly;
constexpr auto kTags = Conditions::kTagsOnly;

constexpr std::string_view kAnyLetter = "abcdefghijklmnopqrstuvwxyz";

// The headers that tell apart the PUTs of one URL (operations.md 1.1).
bool HasType(const Headers& h) {
  return h.Has("x-ms-blob-type");
}
bool HasSource(const Headers& h) {
  return h.Has("x-ms-copy-source");
}
bool IsSync(const Headers& h) {
  return EqualsIgnoreCase(h.Get("x-ms-requires-sync"), "true");
}
bool IsPut(const Headers& h) {
  return HasType(h) && !HasSource(h);
}
bool IsPutFromUrl(const Headers& h) {
  return HasType(h) && HasSource(h);
}
bool IsCopy(const Headers& h) {
  return !HasType(h) && HasSource(h) && !IsSync(h);
}
bool IsSyncCopy(const Headers& h) {
  return !HasType(h) && HasSource(h) && IsSync(h);
}
bool IsOwnBody(const Headers& h) {
  return !HasSource(h);
}

// Where several letters are listed any one lets the caller in. The operation itself refuses `c`
// alone on an existing blob, `d` alone for lease actions other than break, and tags without `t`.
// clang-format off
constexpr auto kTable = std::to_array<OperationSpec>({
    // id, name, method, HEAD too, level, restype, comp, fits, srt, account SAS, service SAS, anonymous, conditions
    {kListContainers, "List Containers", "GET", false, kService, "", "list", nullptr, 's', "l", "", kPrivate, kNone},
    {kSetBlobServiceProperties, "Set Blob Service Properties", "PUT", false, kService, "service", "properties", nullptr, 's', "w", "", kPrivate, kNone},
    {kGetBlobServiceProperties, "Get Blob Service Properties", "GET", false, kService, "service", "properties", nullptr, 's', "r", "", kPrivate, kNone},
    {kGetBlobServiceStats, "Get Blob Service Stats", "GET", false, kService, "service", "stats", nullptr, 's', "r", "", kPrivate, kNone},
    {kFindBlobsByTags, "Find Blobs by Tags", "GET", false, kService, "", "blobs", nullptr, 'o', "f", "", kPrivate, kNone},
    {kFindBlobsByTagsInContainer, "Find Blobs by Tags in Container", "GET", false, kContainer, "container", "blobs", nullptr, 'c', "f", "f", kPrivate, kNone},
    {kBlobBatch, "Blob Batch", "POST", false, kService, "", "batch", nullptr, '*', kAnyLetter, "", kPrivate, kNone},
    {kBlobBatchInContainer, "Blob Batch in Container", "POST", false, kContainer, "container", "batch", nullptr, '*', kAnyLetter, kAnyLetter, kPrivate, kNone},
    {kGetAccountInformation, "Get Account Information", "GET", true, kService, "account", "properties", nullptr, '*', kAnyLetter, kAnyLetter, kPrivate, kNone},
    {kPreflightBlobRequest, "Preflight Blob Request", "OPTIONS", false, kService, "", "", nullptr, '*', "", "", kPrivate, kNone},
    {kGetUserDelegationKey, "Get User Delegation Key", "POST", false, kService, "service", "userdelegationkey", nullptr, 's', "", "", kPrivate, kNone},

    {kCreateContainer, "Create Container", "PUT", false, kContainer, "container", "", nullptr, 'c', "cw", "", kPrivate, kNone},
    {kGetContainerProperties, "Get Container Properties", "GET", true, kContainer, "container", "", nullptr, 'c', "r", "", kIfContainer, kNone},
    {kGetContainerMetadata, "Get Container Metadata", "GET", true, kContainer, "container", "metadata", nullptr, 'c', "r", "", kIfContainer, kNone},
    {kSetContainerMetadata, "Set Container Metadata", "PUT", false, kContainer, "container", "metadata", nullptr, 'c', "w", "", kPrivate, kDates},
    {kGetContainerAcl, "Get Container ACL", "GET", true, kContainer, "container", "acl", nullptr, 'c', "", "", kPrivate, kNone},
    {kSetContainerAcl, "Set Container ACL", "PUT", false, kContainer, "container", "acl", nullptr, 'c', "", "", kPrivate, kDates},
    {kLeaseContainer, "Lease Container", "PUT", false, kContainer, "container", "lease", nullptr, 'c', "wd", "", kPrivate, kDates},
    {kDeleteContainer, "Delete Container", "DELETE", false, kContainer, "container", "", nullptr, 'c', "d", "", kPrivate, kDates},
    {kRestoreContainer, "Restore Container", "PUT", false, kContainer, "container", "undelete", nullptr, 'c', "w", "", kPrivate, kNone},
    {kListBlobs, "List Blobs", "GET", false, kContainer, "container", "list", nullptr, 'c', "l", "l", kIfContainer, kNone},

    {kPutBlob, "Put Blob", "PUT", false, kBlob, "", "", IsPut, 'o', "cw", "cw", kPrivate, kWrite},
    {kPutBlobFromUrl, "Put Blob From URL", "PUT", false, kBlob, "", "", IsPutFromUrl, 'o', "cw", "cw", kPrivate, kWrite},
    {kGetBlob, "Get Blob", "GET", false, kBlob, "", "", nullptr, 'o', "r", "r", kIfBlob, kRead},
    {kGetBlobProperties, "Get Blob Properties", "HEAD", false, kBlob, "", "", nullptr, 'o', "r", "r", kIfBlob, kRead},
    {kSetBlobProperties, "Set Blob Properties", "PUT", false, kBlob, "", "properties", nullptr, 'o', "w", "w", kPrivate, kWrite},
    {kGetBlobMetadata, "Get Blob Metadata", "GET", true, kBlob, "", "metadata", nullptr, 'o', "r", "r", kIfBlob, kRead},
    {kSetBlobMetadata, "Set Blob Metadata", "PUT", false, kBlob, "", "metadata", nullptr, 'o', "w", "w", kPrivate, kWrite},
    {kGetBlobTags, "Get Blob Tags", "GET", false, kBlob, "", "tags", nullptr, 'o', "t", "t", kPrivate, kTags},
    {kSetBlobTags, "Set Blob Tags", "PUT", false, kBlob, "", "tags", nullptr, 'o', "t", "t", kPrivate, kTags},
    {kSetBlobTier, "Set Blob Tier", "PUT", false, kBlob, "", "tier", nullptr, 'o', "w", "w", kPrivate, kTags},
    {kSetBlobImmutabilityPolicy, "Set Blob Immutability Policy", "PUT", false, kBlob, "", "immutabilityPolicies", nullptr, 'o', "i", "i", kPrivate, kDates},
    {kDeleteBlobImmutabilityPolicy, "Delete Blob Immutability Policy", "DELETE", false, kBlob, "", "immutabilityPolicies", nullptr, 'o', "i", "i", kPrivate, kNone},
    {kSetBlobLegalHold, "Set Blob Legal Hold", "PUT", false, kBlob, "", "legalhold", nullptr, 'o', "i", "i", kPrivate, kNone},
    {kSetBlobExpiry, "Set Blob Expiry", "PUT", false, kBlob, "", "expiry", nullptr, 'o', "w", "w", kPrivate, kNone},
    {kLeaseBlob, "Lease Blob", "PUT", false, kBlob, "", "lease", nullptr, 'o', "wd", "wd", kPrivate, kWrite},
    {kDeleteBlob, "Delete Blob", "DELETE", false, kBlob, "", "", nullptr, 'o', "dxy", "dxy", kPrivate, kWrite},
    {kUndeleteBlob, "Undelete Blob", "PUT", false, kBlob, "", "undelete", nullptr, 'o', "w", "w", kPrivate, kNone},
    {kSnapshotBlob, "Snapshot Blob", "PUT", false, kBlob, "", "snapshot", nullptr, 'o', "cw", "cw", kPrivate, kWrite},
    {kCopyBlob, "Copy Blob", "PUT", false, kBlob, "", "", IsCopy, 'o', "cw", "cw", kPrivate, kWrite},
    {kCopyBlobFromUrl, "Copy Blob From URL", "PUT", false, kBlob, "", "", IsSyncCopy, 'o', "cw", "cw", kPrivate, kWrite},
    {kAbortCopyBlob, "Abort Copy Blob", "PUT", false, kBlob, "", "copy", nullptr, 'o', "w", "w", kPrivate, kNone},
    {kPutBlock, "Put Block", "PUT", false, kBlob, "", "block", IsOwnBody, 'o', "w", "w", kPrivate, kNone},
    {kPutBlockFromUrl, "Put Block From URL", "PUT", false, kBlob, "", "block", HasSource, 'o', "w", "w", kPrivate, kNone},
    {kPutBlockList, "Put Block List", "PUT", false, kBlob, "", "blocklist", nullptr, 'o', "w", "w", kPrivate, kWrite},
    {kGetBlockList, "Get Block List", "GET", false, kBlob, "", "blocklist", nullptr, 'o', "r", "r", kIfBlob, kTags},
    {kAppendBlock, "Append Block", "PUT", false, kBlob, "", "appendblock", IsOwnBody, 'o', "aw", "aw", kPrivate, kWrite},
    {kAppendBlockFromUrl, "Append Block From URL", "PUT", false, kBlob, "", "appendblock", HasSource, 'o', "aw", "aw", kPrivate, kWrite},
    {kAppendBlobSeal, "Append Blob Seal", "PUT", false, kBlob, "", "seal", nullptr, 'o', "w", "w", kPrivate, kWrite},
    {kPutPage, "Put Page", "PUT", false, kBlob, "", "page", IsOwnBody, 'o', "w", "w", kPrivate, kWrite},
    {kPutPageFromUrl, "Put Page From URL", "PUT", false, kBlob, "", "page", HasSource, 'o', "w", "w", kPrivate, kWrite},
    {kGetPageRanges, "Get Page Ranges", "GET", false, kBlob, "", "pagelist", nullptr, 'o', "r", "r", kIfBlob, kRead},
    {kIncrementalCopyBlob, "Incremental Copy Blob", "PUT", false, kBlob, "", "incrementalcopy", nullptr, 'o', "cw", "cw", kPrivate, kWrite},
    {kQueryBlobContents, "Query Blob Contents", "POST", false, kBlob, "", "query", nullptr, 'o', "r", "r", kPrivate, kRead},
});
// clang-format on

constexpr bool RowsFollowTheEnum() {
  for (std::size_t i = 0; i < kTable.size(); ++i) {
    if (static_cast<std::size_t>(kTable[i].id) != i) return false;
  }
  return kTable.size() == kOperationCount;
}
static_assert(RowsFollowTheEnum());

constexpr const OperationSpec& Row(Operation id) {
  return kTable[static_cast<std::size_t>(id)];
}

struct Request {
  const http::RequestHead& head;
  Level level;
  std::string_view restype;
  std::string_view comp;
};

bool AtUrl(const OperationSpec& row, const Request& request) {
  if (row.id == kPreflightBlobRequest) return false;
  const bool level = row.id == kGetAccountInformation || row.level == request.level;
  return level && EqualsIgnoreCase(row.restype, request.restype) &&
         EqualsIgnoreCase(row.comp, request.comp);
}

bool TakesMethod(const OperationSpec& row, std::string_view method) {
  return row.method == method || (row.head_too && method == "HEAD");
}

// "DELETE, GET, HEAD": the methods of the rows at this URL.
std::string AllowedMethods(const Request& request) {
  std::string allow;
  for (std::string_view method : {"DELETE", "GET", "HEAD", "POST", "PUT"}) {
    for (const OperationSpec& row : kTable) {
      if (!AtUrl(row, request) || !TakesMethod(row, method)) continue;
      if (!allow.empty()) allow += ", ";
      allow += method;
      break;
    }
  }
  return allow;
}

bool KnowsRestype(const Request& request) {
  if (request.restype.empty()) return true;
  for (const OperationSpec& row : kTable) {
    const bool level = row.id == kGetAccountInformation || row.level == request.level;
    if (level && EqualsIgnoreCase(row.restype, request.restype)) return true;
  }
  return false;
}

Error NoSuchUrl(const Request& request) {
  if (!KnowsRestype(request)) return InvalidQueryParameter("restype", request.restype);
  return InvalidQueryParameter("comp", request.comp);
}

}  // namespace

std::span<const OperationSpec> OperationTable() {
  return kTable;
}

const OperationSpec& SpecOf(Operation id) {
  const auto index = static_cast<std::size_t>(id);
  return index < kTable.size() ? kTable[index] : PathOperationTable()[index - kTable.size()];
}

Outcome<const OperationSpec*> Route(const http::RequestHead& head, const Resource& resource) {
  if (head.method == "OPTIONS") return &Row(kPreflightBlobRequest);
  if (resource.face == Face::kDfs) return RoutePath(head, resource);
  const Request request{head, resource.level(), head.query.Get("restype"), head.query.Get("comp")};
  bool url_exists = false;
  bool method_fits = false;
  for (const OperationSpec& row : kTable) {
    if (!AtUrl(row, request)) continue;
    url_exists = true;
    if (!TakesMethod(row, head.method)) continue;
    method_fits = true;
    if (!row.fits || row.fits(head.headers)) return &row;
  }
  if (!url_exists) return Fail(NoSuchUrl(request));
  if (method_fits) return Fail(MissingHeader("x-ms-blob-type"));
  return Fail(Error(ErrorCode::kUnsupportedHttpVerb).WithHeader("Allow", AllowedMethods(request)));
}

}  // namespace blobgate::azure
