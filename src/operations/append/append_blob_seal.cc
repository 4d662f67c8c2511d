// Append Blob Seal: from now on nothing is appended any more (operations.md 2.5).
#include <utility>

#include "operations/append/append_write.h"
#include "operations/blob/blob_access.h"
#include "operations/handlers.h"
#include "operations/unsupported_headers.h"

namespace blobgate::operations {
namespace {

/// Sealing waits in line with the appends: it would lose against them otherwise.
class SealWrite final : public BlobWrite {
 public:
  SealWrite(Call& call, const AppendRequest& request) : call_(call), request_(request) {}

  Task<azure::Outcome<void>> Apply(Services&, BlobEdit& edit) override {
    BG_CO_TRY(auto lease,
              CheckContentUpdate(call_, edit.target, blob::BlobType::kAppend, request_.common));
    blob::BlobRecord& record = *edit.target.blob;
    BG_CO_CHECK(request_.append.Check(record.length, 0));
    record.lease = std::move(lease);
    if (!record.sealed) {  // a repeated seal changes nothing
      record.sealed = true;
      MarkModified(call_, record);
    }
    etag = record.etag;
    modified = record.modified;
    co_return azure::Outcome<void>();
  }

  std::uint64_t etag = 0;
  Time modified{};

 private:
  Call& call_;
  const AppendRequest& request_;
};

}  // namespace

Task<azure::Outcome<http::Response>> AppendBlobSeal(Call& call) {
  BG_CO_CHECK(CheckBaseBlob(call.query()));
  BG_CO_CHECK(RefuseEncryption(call.headers()));
  BG_CO_TRY(auto request, AppendRequest::Parse(call));
  request.append.max_size.reset();  // not among its headers
  SealWrite write(call, request);
  BG_CO_CHECK(co_await RunOwnWrite(call, write));
  http::Response response;
  response.status = 200;
  SetEtag(response, write.etag, write.modified);
  response.Set("x-ms-blob-sealed", "true");
  co_return response;
}

}  // namespace blobgate::operations
