#include "operations/feed/record_change.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/encoding.h"
#include "blob/keys.h"
#include "blob/tier.h"

namespace blobgate::operations {
namespace {

/// Of a property's text in an event, bytes; more of it is cut off.
constexpr std::size_t kMaxText = 2048;

/// By the names of the change feed.
std::string_view ApiName(azure::Operation operation) {
  using enum azure::Operation;
  switch (operation) {
    case kPutBlob:
    case kPutBlobFromUrl:
      return "PutBlob";
    case kPutBlockList:
      return "PutBlockList";
    case kCopyBlob:
    case kCopyBlobFromUrl:
    case kIncrementalCopyBlob:
      return "CopyBlob";
    case kCreatePath:
      return "CreateFile";
    case kAppendData:
    case kFlushData:
      return "FlushWithClose";
    case kDeletePath:
      return "DeleteFile";
    case kAbortCopyBlob:
      return "AbortCopyBlob";
    case kDeleteBlob:
      return "DeleteBlob";
    case kUndeleteBlob:
      return "UndeleteBlob";
    case kSetBlobMetadata:
      return "SetBlobMetadata";
    case kSetBlobProperties:
      return "SetBlobProperties";
    case kSetBlobTags:
      return "SetBlobTags";
    case kSetBlobTier:
      return "SetBlobTier";
    case kSnapshotBlob:
      return "SnapshotBlob";
    default:
      return "UnspecifiedApi";
  }
}

bool IsRecorded(const Account& account, const azure::Resource& resource) {
  return account.change_feed && !azure::IsSystemContainer(resource.container);
}

/// Headers may hold any bytes; Avro text is UTF-8.
std::string Short(std::string_view text) {
  std::string out(text.substr(0, kMaxText));
  if (!IsUtf8(out)) std::ranges::replace_if(out, [](char c) { return (c & 0x80) != 0; }, '?');
  return out;
}

std::string Md5Text(const blob::HttpProperties& properties) {
  return properties.content_md5 ? Base64Encode(*properties.content_md5) : std::string();
}

void AddUpdates(const blob::HttpProperties& before, const blob::HttpProperties& after,
                std::vector<blob::PropertyUpdate>& updates) {
  const auto add = [&updates](std::string_view name, std::string_view old, std::string_view now) {
    if (old != now) updates.push_back({std::string(name), Short(old), Short(now)});
  };
  add("ContentLanguage", before.content_language, after.content_language);
  add("CacheControl", before.cache_control, after.cache_control);
  add("ContentEncoding", before.content_encoding, after.content_encoding);
  add("ContentMD5", Md5Text(before), Md5Text(after));
  add("ContentDisposition", before.content_disposition, after.content_disposition);
  add("ContentType", before.content_type, after.content_type);
}

void FillState(const blob::BlobRecord& state, Time now, blob::ChangeEvent& event) {
  event.etag = state.etag;
  event.content_type = Short(state.properties.content_type);
  event.content_length = state.length;
  event.blob_type = state.type;
  event.tier = TierAt(state.tier, now).tier;
  event.version = state.version;
  event.snapshot = state.snapshot;
}

void FillBefore(const blob::BlobRecord& before, Time now, blob::ChangeEvent& event) {
  event.was_soft_deleted = before.remains == blob::Remains::kDeleted;
  event.last_version = before.version;
  if (before.committed) event.previous_tier = TierAt(before.tier, now).tier;
}

blob::ChangeEvent EventOf(Services& services, const azure::Resource& resource,
                          const ChangedState& changed) {
  const Time now = services.clock.Now();
  blob::ChangeEvent event;
  event.container = resource.container;
  event.blob = resource.blob;
  FillState(changed.state, now, event);
  if (changed.before) FillBefore(*changed.before, now, event);
  return event;
}

blob::ChangeEvent EventOf(const Call& call, const ChangedState& changed) {
  blob::ChangeEvent event = EventOf(call.services, call.resource, changed);
  event.api = ApiName(call.spec.id);
  event.request_id = call.request_id;
  event.client_request_id = Short(call.headers().Get("x-ms-client-request-id"));
  if (!call.endpoint.empty()) {
    event.url = std::string(call.endpoint) + call.resource.container + "/" +
                PercentEncode(call.resource.blob, "/");
  }
  return event;
}

/// `later`: how long after now. No other event of the partition has the key, or the commit fails
/// and its operation begins again.
void PutEvent(Services& services, const blob::ChangeEvent& event, Ticks later,
              engine::Batch& batch) {
  const std::uint64_t ticks = services.etags.Next(event.etag);
  std::string key = blob::EventKey(ticks + static_cast<std::uint64_t>(later.count()));
  batch.preconditions.push_back(engine::Precondition::Absent(key));
  batch.puts.push_back({std::move(key), event.Encode()});
}

}  // namespace

void RecordChange(const Call& call, blob::EventType type, const ChangedState& changed,
                  engine::Batch& batch) {
  if (!IsRecorded(call.account, call.resource)) return;
  blob::ChangeEvent event = EventOf(call, changed);
  event.type = type;
  if (type == blob::EventType::kBlobPropertiesUpdated && changed.before) {
    AddUpdates(changed.before->properties, changed.state.properties, event.properties);
    event.tags_updated = changed.before->tags != changed.state.tags;
    if (event.tags_updated) {
      event.previous_tags = changed.before->tags;
      event.tags = changed.state.tags;
    }
  }
  PutEvent(call.services, event, Ticks(0), batch);
}

void RecordContent(const Call& call, const ChangedState& changed, engine::Batch& batch) {
  if (!IsRecorded(call.account, call.resource)) return;
  blob::ChangeEvent event = EventOf(call, changed);
  if (changed.state.copy.status == blob::CopyState::Status::kPending) {
    event.type = blob::EventType::kBlobAsyncOperationInitiated;
    event.copy_id = changed.state.copy.id;
  }
  PutEvent(call.services, event, Ticks(0), batch);
}

void RecordTier(const Call& call, const ChangedState& changed, engine::Batch& batch) {
  if (!IsRecorded(call.account, call.resource)) return;
  blob::ChangeEvent event = EventOf(call, changed);
  const blob::TierState& tier = changed.state.tier;
  if (tier.rehydrating_to.empty()) {
    event.type = blob::EventType::kBlobTierChanged;
    PutEvent(call.services, event, Ticks(0), batch);
    return;
  }
  // Another priority for what is under way already is no change of its own.
  if (changed.before && !changed.before->tier.rehydrating_to.empty()) return;
  event.type = blob::EventType::kBlobAsyncOperationInitiated;
  event.destination_tier = tier.rehydrating_to;
  PutEvent(call.services, event, Ticks(0), batch);
  event.type = blob::EventType::kBlobTierChanged;
  event.async = true;
  event.previous_tier = tier.tier;
  event.tier = tier.rehydrating_to;
  event.expected = tier.rehydrated;
  PutEvent(call.services, event, tier.rehydrated - call.services.clock.Now(), batch);
}

void RecordCopied(Services& services, const azure::Resource& blob, const ChangedState& changed,
                  engine::Batch& batch) {
  const auto account = services.accounts ? services.accounts->FindAccount(blob.account) : nullptr;
  if (!account || !IsRecorded(*account, blob)) return;
  blob::ChangeEvent event = EventOf(services, blob, changed);
  event.api = ApiName(azure::Operation::kCopyBlob);
  event.request_id = changed.state.copy.id;
  event.async = true;
  event.copy_id = changed.state.copy.id;
  PutEvent(services, event, Ticks(0), batch);
}

}  // namespace blobgate::operations
