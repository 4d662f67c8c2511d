// A blob whose new content comes from a URL: what Copy Blob From URL and Put Blob From URL are, and
// Copy Blob when the source is ours.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "operations/copy/copy_request.h"

namespace blobgate::operations {

/// The new blob as committed, with the hashes to answer.
struct Copied {
  blob::BlobRecord record;
  std::uint64_t crc64 = 0;
  std::optional<Md5Digest> md5;
};

/// May the destination be replaced? CheckReplace, and for Copy Blob 412
/// InfiniteLeaseDurationRequired when its lease would run out. 404 ContainerNotFound.
azure::Outcome<void> CheckDestination(Call& call, CopyKind kind, const Target& target,
                                      const NewBlobInputs& inputs);

/// 409 InvalidBlobType: x-ms-seal-blob is true for something that is no append blob.
azure::Outcome<void> CheckSeal(const CopyRequest& request, blob::BlobType type);

/// Shares the extents of a blob of ours: moves no bytes, and reads them only to hash what the
/// references do not tell. Copy Blob makes a blob of the source's type, the others a block blob.
/// The source may be the destination itself. `hash`: the answer needs it. Not empty `copy_id`: the
/// new blob gets the state of a copy that is done.
Task<azure::Outcome<Copied>> CopyLocal(Call& call, const CopyRequest& request,
                                       const LocalSource& source, const NewBlobInputs& inputs,
                                       std::string copy_id, bool hash);

/// Opens the source and copies it while the client waits, from outside as well.
Task<azure::Outcome<Copied>> CopyNow(Call& call, const CopyRequest& request,
                                     const NewBlobInputs& inputs, std::string copy_id);

/// The body of an outside source. Remembers whether it failed, so that its failures are not taken
/// for those of our disk or of our client.
class SourceBody final : public http::BodyReader {
 public:
  explicit SourceBody(std::unique_ptr<http::BodyReader> inner) : inner_(std::move(inner)) {}

  Task<Result<std::size_t>> Read(MutableBytes into) override;
  /// What the source did wrong; nullopt: nothing. kDisconnected when it ended too early.
  const std::optional<Errc>& failure() const { return failure_; }

 private:
  std::unique_ptr<http::BodyReader> inner_;
  std::optional<Errc> failure_;
};

/// Streams the body of `source` into fresh extents. A failure of the source is 500
/// CannotVerifyCopySource.
Task<azure::Outcome<Uploaded>> ReceiveSource(Services& services, RemoteSource source,
                                             ChecksumPlan plan, ContentCipher* cipher = nullptr);

/// Received bytes as the content of a blob (one block without an id; none for zero bytes).
blob::Content ContentOf(const Uploaded& uploaded);

}  // namespace blobgate::operations
