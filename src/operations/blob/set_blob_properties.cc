// Set Blob Properties: the HTTP headers of a blob, and the length and sequence number of a page
// blob (operations.md 2.3, 2.6).
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "blob/tier.h"
#include "operations/blob/blob_access.h"
#include "operations/encryption.h"
#include "operations/feed/record_change.h"
#include "operations/handlers.h"
#include "operations/page/page_write.h"
#include "operations/property_headers.h"

namespace blobgate::operations {
namespace {

struct PropertiesRequest {
  PropertyHeaders given;
  blob::ConditionHeaders conditions;
  // Page blobs.
  bool page_headers = false;
  KeyRequest keys;  ///< of a resize
  std::optional<std::uint64_t> length;
  std::optional<blob::SequenceChange> sequence;
};

bool HasPageHeaders(const http::HeaderView& headers) {
  constexpr std::array<std::string_view, 3> kPageHeaders = {
      kPageBlobLength, "x-ms-sequence-number-action", "x-ms-blob-sequence-number"};
  for (const std::string_view name : kPageHeaders) {
    if (headers.Has(name)) return true;
  }
  return false;
}

azure::Outcome<PropertiesRequest> ParseProperties(const Call& call) {
  PropertiesRequest request;
  BG_CHECK(CheckBaseBlob(call.query()));
  BG_TRY(request.keys, ParseKeyRequest(call));
  BG_TRY(request.given, ParsePropertyHeaders(call.headers(), false));
  BG_TRY(request.conditions, ParseConditions(call));
  request.page_headers = HasPageHeaders(call.headers());
  BG_TRY(request.length, ParsePageBlobLength(call.headers()));
  BG_TRY(request.sequence, blob::SequenceChange::Parse(call.headers()));
  return request;
}

/// Resizing changes pages, and stands in line with those who write them.
class PropertiesWrite final : public BlobWrite {
 public:
  PropertiesWrite(Call& call, const PropertiesRequest& request) : call_(call), request_(request) {}

  Task<azure::Outcome<void>> Apply(Services& services, BlobEdit& edit) override {
    BG_CO_TRY(auto lease, Check(edit.target));
    blob::BlobRecord record = *edit.target.blob;
    record.lease = std::move(lease);
    if (request_.sequence) {
      BG_CO_TRY(record.sequence_number, request_.sequence->Apply(record.sequence_number));
    }
    // What was not sent is cleared, also by a request that says nothing at all; one that is about
    // the pages alone leaves the properties.
    if (request_.given.any || !request_.page_headers) record.properties = request_.given.properties;
    BG_CO_CHECK(co_await Resize(services, edit, record));
    MarkModified(call_, record);
    if (request_.length) record.content_version = record.etag;
    RecordChange(call_, blob::EventType::kBlobPropertiesUpdated, {&*edit.target.blob, record},
                 edit.batch);
    *edit.target.blob = std::move(record);
    after = *edit.target.blob;
    co_return azure::Outcome<void>();
  }

  blob::BlobRecord after;

 private:
  azure::Outcome<blob::LeaseRecord> Check(const Target& target) const {
    if (!request_.page_headers) return CheckUpdate(call_, target, request_.conditions);
    if (target.exists()) BG_CHECK(CheckNotIncremental(*target.blob));
    BG_TRY(auto lease,
           CheckContentUpdate(call_, target, blob::BlobType::kPage, request_.conditions));
    if (request_.length) {
      BG_CHECK(KeyOfUpdate(call_, target.blob->encryption, request_.keys));
    }
    if (request_.length && !target.blob->tier.tier.empty()) {
      BG_CHECK(
          blob::CheckTierFits(target.blob->tier.tier, blob::BlobType::kPage, *request_.length));
    }
    return lease;
  }

  /// `record` is the new record of the target.
  Task<azure::Outcome<void>> Resize(Services& services, BlobEdit& edit,
                                    blob::BlobRecord& record) const {
    if (!request_.length) co_return azure::Outcome<void>();
    const std::uint64_t old = record.length;
    if (*request_.length < old) {
      BG_CO_TRY(auto plan, co_await edit.pages.PlanClear(services, edit.target, *request_.length,
                                                         old - *request_.length, true));
      AdoptPlan(std::move(plan), edit);
      record.layer = edit.target.blob->layer;
    }
    record.length = *request_.length;
    co_return azure::Outcome<void>();
  }

  Call& call_;
  const PropertiesRequest& request_;
};

}  // namespace

Task<azure::Outcome<http::Response>> SetBlobProperties(Call& call) {
  BG_CO_TRY(const auto request, ParseProperties(call));
  PropertiesWrite write(call, request);
  BG_CO_CHECK(co_await RunOwnWrite(call, write));
  http::Response response;
  response.status = 200;
  SetEtag(response, write.after.etag, write.after.modified);
  if (write.after.type == blob::BlobType::kPage) {
    response.Set("x-ms-blob-sequence-number", std::to_string(write.after.sequence_number));
  }
  co_return response;
}

}  // namespace blobgate::operations
