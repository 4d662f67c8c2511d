// The list of what blobgate supports: one row per REST operation. Routing, authorization, anonymous
// access, the 400 and 405 answers and the documentation come from it (docs/operations.md).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "azure/errors.h"
#include "azure/permissions.h"
#include "azure/resource.h"
#include "http/request_head.h"

namespace blobgate::azure {

/// Azure's names, letter for letter.
enum class Operation : std::uint8_t {
  kListContainers,
  kSetBlobServiceProperties,
  kGetBlobServiceProperties,
  kGetBlobServiceStats,
  kFindBlobsByTags,
  kFindBlobsByTagsInContainer,
  kBlobBatch,
  kBlobBatchInContainer,
  kGetAccountInformation,
  kPreflightBlobRequest,
  kGetUserDelegationKey,
  kCreateContainer,
  kGetContainerProperties,
  kGetContainerMetadata,
  kSetContainerMetadata,
  kGetContainerAcl,
  kSetContainerAcl,
  kLeaseContainer,
  kDeleteContainer,
  kRestoreContainer,
  kListBlobs,
  kPutBlob,
  kPutBlobFromUrl,
  kGetBlob,
  kGetBlobProperties,
  kSetBlobProperties,
  kGetBlobMetadata,
  kSetBlobMetadata,
  kGetBlobTags,
  kSetBlobTags,
  kSetBlobTier,
  kSetBlobImmutabilityPolicy,
  kDeleteBlobImmutabilityPolicy,
  kSetBlobLegalHold,
  kSetBlobExpiry,
  kLeaseBlob,
  kDeleteBlob,
  kUndeleteBlob,
  kSnapshotBlob,
  kCopyBlob,
  kCopyBlobFromUrl,
  kAbortCopyBlob,
  kPutBlock,
  kPutBlockFromUrl,
  kPutBlockList,
  kGetBlockList,
  kAppendBlock,
  kAppendBlockFromUrl,
  kAppendBlobSeal,
  kPutPage,
  kPutPageFromUrl,
  kGetPageRanges,
  kIncrementalCopyBlob,
  kQueryBlobContents,
  // The dfs face (path_operation_table.cc), by the names of its specification.
  kListFilesystems,
  kCreateFilesystem,
  kGetFilesystemProperties,
  kSetFilesystemProperties,
  kDeleteFilesystem,
  kListPaths,
  kCreatePath,
  kRenamePath,
  kReadPath,
  kGetPathProperties,
  kGetPathStatus,
  kGetPathAccessControl,
  kAppendData,
  kFlushData,
  kSetPathProperties,
  kSetAccessControl,
  kSetAccessControlRecursive,
  kLeasePath,
  kDeletePath,
};
inline constexpr std::size_t kOperationCount = 54;  ///< of the Blob face
inline constexpr std::size_t kPathOperationCount = 19;

/// Is it of the dfs face?
constexpr bool IsPathOperation(Operation id) {
  return static_cast<std::size_t>(id) >= kOperationCount;
}

/// Which anonymous callers may use an operation (auth.md section 10).
enum class PublicAccess : std::uint8_t { kNever, kContainer, kBlob };

/// Which conditional headers an operation honours (operations.md 1.5); it ignores the others.
enum class Conditions : std::uint8_t { kNone, kRead, kWrite, kModifiedOnly, kTagsOnly };

struct OperationSpec {
  Operation id;
  std::string_view name;    ///< as in Azure's reference: "Put Block List"
  std::string_view method;  ///< "GET"; a HEAD twin is found through `head_too`
  bool head_too = false;
  Level level;
  std::string_view restype;  ///< required value of the query parameter, empty: absent
  std::string_view comp;     ///< likewise; compared without case. On the dfs face: resource, action
  /// For PUT rows that share a URL: the headers that decide. Null: always fits.
  bool (*fits)(const http::HeaderView&) = nullptr;
  char sas_resource;                 ///< account SAS `srt`: 's', 'c', 'o'; '*' any
  std::string_view account_letters;  ///< any one of these lets an account SAS in; empty: never
  std::string_view service_letters;  ///< the same for a service SAS; empty: never
  PublicAccess anonymous = PublicAccess::kNever;
  Conditions conditions = Conditions::kNone;
};

std::span<const OperationSpec> OperationTable();
std::span<const OperationSpec> PathOperationTable();
const OperationSpec& SpecOf(Operation id);

/// Finds the row for a request. Errors: 405 UnsupportedHttpVerb (with Allow) when the URL exists
/// with other methods; 400 InvalidQueryParameterValue for an unknown comp or restype; 400
/// MissingRequiredHeader (x-ms-blob-type) for a PUT on a blob URL that says nothing else; 501-free:
/// what Azure has and we have not answers 400 as an unknown comp does.
/// On the dfs face: 400 InvalidQueryParameterValue for an unknown resource or action, 400
/// MissingRequiredQueryParameter for a path request that says neither.
Outcome<const OperationSpec*> Route(const http::RequestHead& head, const Resource& resource);

/// Route for the dfs face.
Outcome<const OperationSpec*> RoutePath(const http::RequestHead& head, const Resource& resource);

}  // namespace blobgate::azure
