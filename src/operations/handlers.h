// Every operation's handler, under Azure's own name. Each is defined in the file of that name in
// service/, container/, blob/, block/ or copy/.
#pragma once

#include "operations/call.h"

namespace blobgate::operations {

// Service.
Task<azure::Outcome<http::Response>> ListContainers(Call& call);
Task<azure::Outcome<http::Response>> SetBlobServiceProperties(Call& call);
Task<azure::Outcome<http::Response>> GetBlobServiceProperties(Call& call);
Task<azure::Outcome<http::Response>> GetBlobServiceStats(Call& call);
Task<azure::Outcome<http::Response>> GetAccountInformation(Call& call);
Task<azure::Outcome<http::Response>> PreflightBlobRequest(Call& call);
Task<azure::Outcome<http::Response>> GetUserDelegationKey(Call& call);

// Container.
Task<azure::Outcome<http::Response>> CreateContainer(Call& call);
Task<azure::Outcome<http::Response>> GetContainerProperties(Call& call);
Task<azure::Outcome<http::Response>> GetContainerMetadata(Call& call);
Task<azure::Outcome<http::Response>> SetContainerMetadata(Call& call);
Task<azure::Outcome<http::Response>> GetContainerAcl(Call& call);
Task<azure::Outcome<http::Response>> SetContainerAcl(Call& call);
Task<azure::Outcome<http::Response>> LeaseContainer(Call& call);
Task<azure::Outcome<http::Response>> DeleteContainer(Call& call);
Task<azure::Outcome<http::Response>> ListBlobs(Call& call);

// Blob.
Task<azure::Outcome<http::Response>> PutBlob(Call& call);
Task<azure::Outcome<http::Response>> PutBlobFromUrl(Call& call);
Task<azure::Outcome<http::Response>> GetBlob(Call& call);
Task<azure::Outcome<http::Response>> GetBlobProperties(Call& call);
Task<azure::Outcome<http::Response>> SetBlobProperties(Call& call);
Task<azure::Outcome<http::Response>> GetBlobMetadata(Call& call);
Task<azure::Outcome<http::Response>> SetBlobMetadata(Call& call);
Task<azure::Outcome<http::Response>> GetBlobTags(Call& call);
Task<azure::Outcome<http::Response>> SetBlobTags(Call& call);
Task<azure::Outcome<http::Response>> SetBlobTier(Call& call);
Task<azure::Outcome<http::Response>> SetBlobImmutabilityPolicy(Call& call);
Task<azure::Outcome<http::Response>> DeleteBlobImmutabilityPolicy(Call& call);
Task<azure::Outcome<http::Response>> SetBlobLegalHold(Call& call);
Task<azure::Outcome<http::Response>> SetBlobExpiry(Call& call);
Task<azure::Outcome<http::Response>> LeaseBlob(Call& call);
Task<azure::Outcome<http::Response>> DeleteBlob(Call& call);
Task<azure::Outcome<http::Response>> QueryBlobContents(Call& call);

// Copy.
Task<azure::Outcome<http::Response>> CopyBlob(Call& call);
Task<azure::Outcome<http::Response>> CopyBlobFromUrl(Call& call);
Task<azure::Outcome<http::Response>> AbortCopyBlob(Call& call);
Task<azure::Outcome<http::Response>> FindBlobsByTags(Call& call);
Task<azure::Outcome<http::Response>> SubmitBatch(Call& call);
Task<azure::Outcome<http::Response>> UndeleteBlob(Call& call);
Task<azure::Outcome<http::Response>> RestoreContainer(Call& call);
Task<azure::Outcome<http::Response>> SnapshotBlob(Call& call);

// Block.
Task<azure::Outcome<http::Response>> PutBlock(Call& call);
Task<azure::Outcome<http::Response>> PutBlockFromUrl(Call& call);
Task<azure::Outcome<http::Response>> PutBlockList(Call& call);
Task<azure::Outcome<http::Response>> GetBlockList(Call& call);

// Append.
Task<azure::Outcome<http::Response>> AppendBlock(Call& call);
Task<azure::Outcome<http::Response>> AppendBlockFromUrl(Call& call);
Task<azure::Outcome<http::Response>> AppendBlobSeal(Call& call);

// Page.
Task<azure::Outcome<http::Response>> PutPage(Call& call);
Task<azure::Outcome<http::Response>> PutPageFromUrl(Call& call);
Task<azure::Outcome<http::Response>> GetPageRanges(Call& call);
Task<azure::Outcome<http::Response>> IncrementalCopyBlob(Call& call);

// The dfs face, in filesystem/ and path/. Operations that both faces have are one handler.
Task<azure::Outcome<http::Response>> GetFilesystemProperties(Call& call);
Task<azure::Outcome<http::Response>> ListPaths(Call& call);
Task<azure::Outcome<http::Response>> CreatePath(Call& call);
Task<azure::Outcome<http::Response>> RenamePath(Call& call);
Task<azure::Outcome<http::Response>> GetPathProperties(Call& call);
Task<azure::Outcome<http::Response>> GetPathStatus(Call& call);
Task<azure::Outcome<http::Response>> GetPathAccessControl(Call& call);
Task<azure::Outcome<http::Response>> AppendData(Call& call);
Task<azure::Outcome<http::Response>> FlushData(Call& call);
Task<azure::Outcome<http::Response>> SetPathProperties(Call& call);
Task<azure::Outcome<http::Response>> SetAccessControl(Call& call);
Task<azure::Outcome<http::Response>> SetAccessControlRecursive(Call& call);
Task<azure::Outcome<http::Response>> DeletePath(Call& call);

}  // namespace blobgate::operations
