#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "azure/operation.h"
#include "azure/operation_docs.h"
#include "unit/azure/request.h"

namespace blobgate::azure {
namespace {

using enum Operation;

Resource At(Level level) {
  Resource resource;
  resource.account = "acct";
  if (level != Level::kService) resource.container = "cont";
  if (level == Level::kBlob) resource.blob = "a/b";
  return resource;
}

struct Example {
  Operation id;
  std::string_view method;
  Level level;
  std::string_view query;
  std::vector<TestRequest::Header> headers;
};

constexpr TestRequest::Header kType{"x-ms-blob-type", "BlockBlob"};
constexpr TestRequest::Header kSource{"x-ms-copy-source", "http://h/c/b"};
constexpr TestRequest::Header kSync{"x-ms-requires-sync", "true"};

const std::vector<Example>& Examples() {
  constexpr auto kS = Level::kService;
  constexpr auto kC = Level::kContainer;
  constexpr auto kB = Level::kBlob;
  static const std::vector<Example> examples = {
      {kListContainers, "GET", kS, "?comp=list", {}},
      {kSetBlobServiceProperties, "PUT", kS, "?restype=service&comp=properties", {}},
      {kGetBlobServiceProperties, "GET", kS, "?comp=properties&restype=service", {}},
      {kGetBlobServiceStats, "GET", kS, "?restype=service&comp=stats", {}},
      {kFindBlobsByTags, "GET", kS, "?comp=blobs&where=x", {}},
      {kFindBlobsByTagsInContainer, "GET", kC, "?restype=container&comp=blobs", {}},
      {kBlobBatch, "POST", kS, "?comp=batch", {}},
      {kBlobBatchInContainer, "POST", kC, "?restype=container&comp=batch", {}},
      {kGetAccountInformation, "GET", kS, "?restype=account&comp=properties", {}},
      {kGetAccountInformation, "HEAD", kC, "?restype=account&comp=properties", {}},
      {kGetAccountInformation, "GET", kB, "?restype=Account&comp=Properties", {}},
      {kPreflightBlobRequest, "OPTIONS", kS, "", {}},
      {kPreflightBlobRequest, "OPTIONS", kB, "?comp=nonsense", {}},
      {kGetUserDelegationKey, "POST", kS, "?restype=service&comp=userdelegationkey", {}},
      {kCreateContainer, "PUT", kC, "?restype=container", {}},
      {kGetContainerProperties, "GET", kC, "?restype=container", {}},
      {kGetContainerProperties, "HEAD", kC, "?restype=CONTAINER&timeout=30", {}},
      {kGetContainerMetadata, "GET", kC, "?restype=container&comp=metadata", {}},
      {kGetContainerMetadata, "HEAD", kC, "?restype=container&comp=metadata", {}},
      {kSetContainerMetadata, "PUT", kC, "?restype=container&comp=metadata", {}},
      {kGetContainerAcl, "GET", kC, "?restype=container&comp=acl", {}},
      {kGetContainerAcl, "HEAD", kC, "?restype=container&comp=acl", {}},
      {kSetContainerAcl, "PUT", kC, "?restype=container&comp=acl", {}},
      {kLeaseContainer, "PUT", kC, "?restype=container&comp=lease", {}},
      {kDeleteContainer, "DELETE", kC, "?restype=container", {}},
      {kRestoreContainer, "PUT", kC, "?restype=container&comp=undelete", {}},
      {kListBlobs, "GET", kC, "?restype=container&comp=list&prefix=a", {}},
      {kPutBlob, "PUT", kB, "", {kType}},
      {kPutBlobFromUrl, "PUT", kB, "", {kSource, kType}},
      {kGetBlob, "GET", kB, "?unknown=1", {}},
      {kGetBlobProperties, "HEAD", kB, "", {}},
      {kSetBlobProperties, "PUT", kB, "?comp=properties", {}},
      {kGetBlobMetadata, "GET", kB, "?comp=metadata", {}},
      {kGetBlobMetadata, "HEAD", kB, "?COMP=Metadata", {}},
      {kSetBlobMetadata, "PUT", kB, "?comp=metadata", {}},
      {kGetBlobTags, "GET", kB, "?comp=tags", {}},
      {kSetBlobTags, "PUT", kB, "?comp=tags", {}},
      {kSetBlobTier, "PUT", kB, "?comp=tier", {}},
      {kLeaseBlob, "PUT", kB, "?comp=lease", {}},
      {kDeleteBlob, "DELETE", kB, "", {}},
      {kUndeleteBlob, "PUT", kB, "?comp=undelete", {}},
      {kSnapshotBlob, "PUT", kB, "?comp=snapshot", {}},
      {kCopyBlob, "PUT", kB, "", {kSource}},
      {kCopyBlob, "PUT", kB, "", {kSource, {"x-ms-requires-sync", "false"}}},
      {kCopyBlobFromUrl, "PUT", kB, "", {kSource, kSync}},
      {kAbortCopyBlob, "PUT", kB, "?comp=copy&copyid=1", {}},
      {kPutBlock, "PUT", kB, "?comp=block&blockid=AAAA", {}},
      {kPutBlockFromUrl, "PUT", kB, "?comp=block&blockid=AAAA", {kSource}},
      {kPutBlockList, "PUT", kB, "?comp=blocklist", {}},
      {kGetBlockList, "GET", kB, "?comp=BlockList", {}},
      {kAppendBlock, "PUT", kB, "?comp=appendblock", {}},
      {kAppendBlockFromUrl, "PUT", kB, "?comp=appendblock", {kSource}},
      {kAppendBlobSeal, "PUT", kB, "?comp=seal", {}},
      {kPutPage, "PUT", kB, "?comp=page", {}},
      {kPutPageFromUrl, "PUT", kB, "?comp=page", {kSource}},
      {kGetPageRanges, "GET", kB, "?comp=pagelist", {}},
      {kIncrementalCopyBlob, "PUT", kB, "?comp=incrementalcopy", {kSource}},
      {kQueryBlobContents, "POST", kB, "?comp=query&snapshot=x", {}},
      {kSetBlobImmutabilityPolicy, "PUT", kB, "?comp=immutabilityPolicies", {}},
      {kDeleteBlobImmutabilityPolicy, "DELETE", kB, "?comp=immutabilitypolicies", {}},
      {kSetBlobLegalHold, "PUT", kB, "?comp=legalhold", {}},
      {kSetBlobExpiry, "PUT", kB, "?comp=expiry", {}},
  };
  return examples;
}

Outcome<const OperationSpec*> RouteOf(std::string_view method, Level level, std::string_view query,
                                      const std::vector<TestRequest::Header>& headers = {}) {
  const TestRequest request(method, "/x" + std::string(query));
  http::RequestHead head = request.head();
  for (const auto& [name, value] : headers) head.headers.Add(name, value);
  return Route(head, At(level));
}

TEST(OperationTable, EveryRowIsFoundByItsOwnExample) {
  std::set<Operation> found;
  for (const Example& example : Examples()) {
    SCOPED_TRACE(std::string(example.method) + " " + std::string(example.query));
    const auto spec = RouteOf(example.method, example.level, example.query, example.headers);
    ASSERT_TRUE(spec) << InfoOf(spec.error().code).code;
    EXPECT_EQ((*spec)->name, SpecOf(example.id).name);
    found.insert((*spec)->id);
  }
  EXPECT_EQ(found.size(), kOperationCount);
}

TEST(OperationTable, NoTwoRowsTakeTheSameRequest) {
  for (const Example& example : Examples()) {
    http::HeaderView headers;
    for (const auto& [name, value] : example.headers) headers.Add(name, value);
    const OperationSpec& own = SpecOf(example.id);
    int takers = 0;
    for (const OperationSpec& row : OperationTable()) {
      const bool url = row.level == own.level && row.restype == own.restype &&
                       row.comp == own.comp && row.method == own.method;
      takers += url && (!row.fits || row.fits(headers)) ? 1 : 0;
    }
    EXPECT_EQ(takers, 1) << own.name;
  }
}

TEST(OperationTable, RowsSharingAUrlAndMethodAreToldApartByHeaders) {
  for (const OperationSpec& a : OperationTable()) {
    for (const OperationSpec& b : OperationTable()) {
      if (a.id >= b.id || a.level != b.level || a.restype != b.restype || a.comp != b.comp)
        continue;
      const bool heads = (a.method == "HEAD" && b.head_too) || (b.method == "HEAD" && a.head_too);
      EXPECT_FALSE(heads) << a.name << ", " << b.name;
      if (a.method != b.method) continue;
      EXPECT_TRUE(a.fits && b.fits) << a.name << ", " << b.name;
    }
  }
}

TEST(OperationTable, NamesAndLettersAreSane) {
  std::set<std::string_view> names;
  for (const OperationSpec& row : OperationTable()) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_NE(std::string_view("sco*").find(row.sas_resource), std::string_view::npos) << row.name;
    // Only listings of blobs are open to a service SAS above the blob.
    if (row.level != Level::kBlob && row.id != kListBlobs &&
        row.id != kFindBlobsByTagsInContainer && row.id != kBlobBatchInContainer &&
        row.id != kGetAccountInformation) {
      EXPECT_TRUE(row.service_letters.empty()) << row.name;
    }
    if (row.method != "GET" && row.method != "HEAD") {
      EXPECT_EQ(row.anonymous, PublicAccess::kNever) << row.name;
    }
  }
  EXPECT_TRUE(SpecOf(kGetContainerAcl).account_letters.empty());
  EXPECT_TRUE(SpecOf(kSetContainerAcl).account_letters.empty());
  EXPECT_EQ(SpecOf(kGetBlobTags).anonymous, PublicAccess::kNever);
}

struct Refusal {
  std::string_view method;
  Level level;
  std::string_view query;
  ErrorCode code;
  std::string_view detail;  ///< value of the first detail
};

TEST(Route, RefusesWhatTheTableHasNot) {
  const Refusal cases[] = {
      {"GET", Level::kBlob, "?comp=snapshots", ErrorCode::kInvalidQueryParameterValue, "comp"},
      {"PUT", Level::kBlob, "?comp=nothing", ErrorCode::kInvalidQueryParameterValue, "comp"},
      {"GET", Level::kContainer, "?restype=container&comp=layout",
       ErrorCode::kInvalidQueryParameterValue, "comp"},
      {"GET", Level::kContainer, "?comp=list", ErrorCode::kInvalidQueryParameterValue, "comp"},
      {"GET", Level::kContainer, "?restype=folder", ErrorCode::kInvalidQueryParameterValue,
       "restype"},
      {"GET", Level::kService, "", ErrorCode::kInvalidQueryParameterValue, "comp"},
      {"GET", Level::kService, "?restype=service", ErrorCode::kInvalidQueryParameterValue, "comp"},
      {"PUT", Level::kBlob, "", ErrorCode::kMissingRequiredHeader, "x-ms-blob-type"},
      {"POST", Level::kBlob, "", ErrorCode::kUnsupportedHttpVerb, ""},
      {"get", Level::kBlob, "", ErrorCode::kUnsupportedHttpVerb, ""},
      {"DELETE", Level::kContainer, "?restype=container&comp=acl", ErrorCode::kUnsupportedHttpVerb,
       ""},
  };
  for (const Refusal& refusal : cases) {
    SCOPED_TRACE(std::string(refusal.method) + " " + std::string(refusal.query));
    const auto spec = RouteOf(refusal.method, refusal.level, refusal.query);
    ASSERT_FALSE(spec);
    EXPECT_EQ(InfoOf(spec.error().code).code, InfoOf(refusal.code).code);
    if (refusal.detail.empty()) continue;
    ASSERT_FALSE(spec.error().details().empty());
    EXPECT_EQ(spec.error().details()[0].second, refusal.detail);
  }
}

TEST(Route, ARefusedMethodIsToldWhatIsAllowed) {
  const auto blob = RouteOf("POST", Level::kBlob, "");
  ASSERT_FALSE(blob);
  EXPECT_EQ(
      blob.error().headers(),
      (std::vector<std::pair<std::string, std::string>>{{"Allow", "DELETE, GET, HEAD, PUT"}}));
  const auto account = RouteOf("PUT", Level::kContainer, "?restype=account&comp=properties");
  ASSERT_FALSE(account);
  EXPECT_EQ(account.error().headers()[0].second, "GET, HEAD");
}

Outcome<const OperationSpec*> RoutePathOf(std::string_view method, std::string_view target,
                                          std::string_view path,
                                          const std::vector<TestRequest::Header>& headers = {}) {
  const TestRequest request(method, "/fs" + std::string(target));
  http::RequestHead head = request.head();
  for (const auto& [name, value] : headers) head.headers.Add(name, value);
  Resource resource;
  resource.account = "a";
  resource.container = "fs";
  resource.blob = path;
  resource.face = Face::kDfs;
  return Route(head, resource);
}

TEST(PathOperations, AreFound) {
  const auto is = [](const Outcome<const OperationSpec*>& found, Operation id) {
    return found && (*found)->id == id;
  };
  EXPECT_TRUE(is(RoutePathOf("PUT", "?resource=filesystem", ""), kCreateFilesystem));
  EXPECT_TRUE(is(RoutePathOf("GET", "?resource=filesystem&recursive=true", ""), kListPaths));
  EXPECT_TRUE(is(RoutePathOf("PUT", "/p?resource=file", "p"), kCreatePath));
  EXPECT_TRUE(is(RoutePathOf("PUT", "/p?resource=Directory", "p"), kCreatePath));
  EXPECT_TRUE(is(RoutePathOf("PUT", "/p", "p", {{"x-ms-rename-source", "/fs/o"}}), kRenamePath));
  EXPECT_TRUE(is(RoutePathOf("HEAD", "/?action=getAccessControl", ""), kGetPathAccessControl));
  EXPECT_TRUE(is(RoutePathOf("HEAD", "/p?action=getStatus", "p"), kGetPathStatus));
  EXPECT_TRUE(is(RoutePathOf("HEAD", "/p", "p"), kGetPathProperties));
  EXPECT_TRUE(is(RoutePathOf("GET", "/p", "p"), kReadPath));
  EXPECT_TRUE(is(RoutePathOf("PATCH", "/p?action=append&position=0", "p"), kAppendData));
  EXPECT_TRUE(is(RoutePathOf("PATCH", "/p?action=FLUSH", "p"), kFlushData));
  EXPECT_TRUE(is(RoutePathOf("PUT", "/p?action=append", "p", {{"X-HTTP-Method-Override", "PATCH"}}),
                 kAppendData));
  EXPECT_TRUE(is(RoutePathOf("PUT", "/p?resource=file", "p", {{"X-HTTP-Method-Override", "GET"}}),
                 kCreatePath));
  EXPECT_TRUE(is(RoutePathOf("PATCH", "/p?action=setAccessControlRecursive", "p"),
                 kSetAccessControlRecursive));
  EXPECT_TRUE(is(RoutePathOf("POST", "/p", "p"), kLeasePath));
  EXPECT_TRUE(is(RoutePathOf("DELETE", "/p?recursive=true", "p"), kDeletePath));
}

TEST(PathOperations, RefuseWhatTheTableHasNot) {
  const auto code = [](std::string_view method, std::string_view target) {
    const auto found = RoutePathOf(method, target, "p");
    return found ? std::string_view("OK") : InfoOf(found.error().code).code;
  };
  EXPECT_EQ(code("PATCH", "/p"), "MissingRequiredQueryParameter");
  EXPECT_EQ(code("PATCH", "/p?action=x"), "InvalidQueryParameterValue");
  EXPECT_EQ(code("PUT", "/p?resource=x"), "InvalidQueryParameterValue");
  EXPECT_EQ(code("GET", "/p?action=append"), "UnsupportedHttpVerb");
  EXPECT_EQ(code("patch", "/p?action=append"), "UnsupportedHttpVerb");
}

TEST(OperationDocs, HaveOneRowEach) {
  const std::string text = OperationTableMarkdown();
  EXPECT_EQ(std::ranges::count(text, '\n'),
            static_cast<std::ptrdiff_t>(kOperationCount + kPathOperationCount) + 2);
  for (const OperationSpec& row : OperationTable()) {
    EXPECT_NE(text.find("| " + std::string(row.name) + " | "), std::string::npos) << row.name;
  }
  EXPECT_NE(text.find("`/{container}?restype=container&comp=list`"), std::string::npos);
}

}  // namespace
}  // namespace blobgate::azure
