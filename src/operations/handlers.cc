#include "operations/handlers.h"

#include <utility>

namespace blobgate::operations {

// A switch and not an array: a new operation without a handler is a compiler warning here.
Handler HandlerOf(azure::Operation id) {
  switch (id) {
    case azure::Operation::kListContainers:
      return ListContainers;
    case azure::Operation::kSetBlobServiceProperties:
      return SetBlobServiceProperties;
    case azure::Operation::kGetBlobServiceProperties:
      return GetBlobServiceProperties;
    case azure::Operation::kGetBlobServiceStats:
      return GetBlobServiceStats;
    case azure::Operation::kFindBlobsByTags:
    case azure::Operation::kFindBlobsByTagsInContainer:
      return FindBlobsByTags;
    case azure::Operation::kBlobBatch:
    case azure::Operation::kBlobBatchInContainer:
      return SubmitBatch;
    case azure::Operation::kGetAccountInformation:
      return GetAccountInformation;
    case azure::Operation::kPreflightBlobRequest:
      return PreflightBlobRequest;
    case azure::Operation::kGetUserDelegationKey:
      return GetUserDelegationKey;
    case azure::Operation::kCreateContainer:
      return CreateContainer;
    case azure::Operation::kGetContainerProperties:
      return GetContainerProperties;
    case azure::Operation::kGetContainerMetadata:
      return GetContainerMetadata;
    case azure::Operation::kSetContainerMetadata:
      return SetContainerMetadata;
    case azure::Operation::kGetContainerAcl:
      return GetContainerAcl;
    case azure::Operation::kSetContainerAcl:
      return SetContainerAcl;
    case azure::Operation::kLeaseContainer:
      return LeaseContainer;
    case azure::Operation::kDeleteContainer:
      return DeleteContainer;
    case azure::Operation::kRestoreContainer:
      return RestoreContainer;
    case azure::Operation::kListBlobs:
      return ListBlobs;
    case azure::Operation::kPutBlob:
      return PutBlob;
    case azure::Operation::kPutBlobFromUrl:
      return PutBlobFromUrl;
    case azure::Operation::kGetBlob:
      return GetBlob;
    case azure::Operation::kGetBlobProperties:
      return GetBlobProperties;
    case azure::Operation::kSetBlobProperties:
      return SetBlobProperties;
    case azure::Operation::kGetBlobMetadata:
      return GetBlobMetadata;
    case azure::Operation::kSetBlobMetadata:
      return SetBlobMetadata;
    case azure::Operation::kGetBlobTags:
      return GetBlobTags;
    case azure::Operation::kSetBlobTags:
      return SetBlobTags;
    case azure::Operation::kSetBlobTier:
      return SetBlobTier;
    case azure::Operation::kSetBlobImmutabilityPolicy:
      return SetBlobImmutabilityPolicy;
    case azure::Operation::kDeleteBlobImmutabilityPolicy:
      return DeleteBlobImmutabilityPolicy;
    case azure::Operation::kSetBlobLegalHold:
      return SetBlobLegalHold;
    case azure::Operation::kSetBlobExpiry:
      return SetBlobExpiry;
    case azure::Operation::kLeaseBlob:
      return LeaseBlob;
    case azure::Operation::kDeleteBlob:
      return DeleteBlob;
    case azure::Operation::kUndeleteBlob:
      return UndeleteBlob;
    case azure::Operation::kSnapshotBlob:
      return SnapshotBlob;
    case azure::Operation::kCopyBlob:
      return CopyBlob;
    case azure::Operation::kCopyBlobFromUrl:
      return CopyBlobFromUrl;
    case azure::Operation::kAbortCopyBlob:
      return AbortCopyBlob;
    case azure::Operation::kPutBlock:
      return PutBlock;
    case azure::Operation::kPutBlockFromUrl:
      return PutBlockFromUrl;
    case azure::Operation::kPutBlockList:
      return PutBlockList;
    case azure::Operation::kGetBlockList:
      return GetBlockList;
    case azure::Operation::kAppendBlock:
      return AppendBlock;
    case azure::Operation::kAppendBlockFromUrl:
      return AppendBlockFromUrl;
    case azure::Operation::kAppendBlobSeal:
      return AppendBlobSeal;
    case azure::Operation::kPutPage:
      return PutPage;
    case azure::Operation::kPutPageFromUrl:
      return PutPageFromUrl;
    case azure::Operation::kGetPageRanges:
      return GetPageRanges;
    case azure::Operation::kIncrementalCopyBlob:
      return IncrementalCopyBlob;
    case azure::Operation::kQueryBlobContents:
      return QueryBlobContents;
  }
  std::unreachable();
}

}  // namespace blobgate::operations
