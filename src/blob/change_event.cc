#include "blob/change_event.h"

#include <utility>

#include "blob/records_codec.h"

namespace blobgate::blob {
namespace {

enum EventTag : std::uint32_t {
  kEventType = 1,
  kEventApi = 2,
  kEventRequestId = 3,
  kEventClientRequestId = 4,
  kEventUrl = 5,
  kEventContainer = 6,
  kEventBlob = 7,
  kEventEtag = 8,
  kEventContentType = 9,
  kEventContentLength = 10,
  kEventBlobType = 11,
  kEventTier = 12,
  kEventVersion = 13,
  kEventSnapshot = 14,
  kEventPreviousTier = 15,
  kEventLastVersion = 16,
  kEventWasSoftDeleted = 17,
  kEventProperty = 18,
  kEventTagsUpdated = 19,
  kEventPreviousTag = 20,
  kEventTag = 21,
  kEventAsync = 22,
  kEventDestinationTier = 23,
  kEventCopyId = 24,
  kEventExpected = 25,
};
enum UpdateTag : std::uint32_t { kUpdateName = 1, kUpdatePrevious = 2, kUpdateCurrent = 3 };
enum IntentTag : std::uint32_t { kIntentChunk = 1, kIntentOffset = 2, kIntentEvent = 3 };
enum FeedTag : std::uint32_t { kFeedOpen = 1 };

std::string EncodeUpdate(const PropertyUpdate& update) {
  std::string out;
  FieldWriter fields(out);
  fields.BytesIfSet(kUpdateName, update.name);
  fields.BytesIfSet(kUpdatePrevious, update.previous);
  fields.BytesIfSet(kUpdateCurrent, update.current);
  return out;
}

bool DecodeUpdate(std::string_view in, PropertyUpdate& update) {
  FieldReader fields(in);
  while (fields.Next()) {
    switch (fields.tag()) {
      case kUpdateName:
        update.name = fields.bytes();
        break;
      case kUpdatePrevious:
        update.previous = fields.bytes();
        break;
      case kUpdateCurrent:
        update.current = fields.bytes();
        break;
      default:
        break;
    }
  }
  return fields.ok();
}

/// Text fields, by tag; null for every other tag.
std::string* TextOf(ChangeEvent& event, std::uint32_t tag) {
  switch (tag) {
    case kEventApi:
      return &event.api;
    case kEventRequestId:
      return &event.request_id;
    case kEventClientRequestId:
      return &event.client_request_id;
    case kEventUrl:
      return &event.url;
    case kEventContainer:
      return &event.container;
    case kEventBlob:
      return &event.blob;
    case kEventContentType:
      return &event.content_type;
    case kEventTier:
      return &event.tier;
    case kEventPreviousTier:
      return &event.previous_tier;
    case kEventDestinationTier:
      return &event.destination_tier;
    case kEventCopyId:
      return &event.copy_id;
    default:
      return nullptr;
  }
}

bool DecodeField(FieldReader& fields, ChangeEvent& event) {
  if (std::string* text = TextOf(event, fields.tag())) {
    *text = fields.bytes();
    return true;
  }
  switch (fields.tag()) {
    case kEventType:
      return DecodeEnum(fields.number(), EventType::kBlobAsyncOperationInitiated, event.type);
    case kEventEtag:
      event.etag = fields.number();
      return true;
    case kEventContentLength:
      event.content_length = fields.number();
      return true;
    case kEventBlobType:
      return DecodeEnum(fields.number(), BlobType::kPage, event.blob_type);
    case kEventVersion:
      event.version = DecodeTime(fields.number());
      return true;
    case kEventSnapshot:
      event.snapshot = DecodeTime(fields.number());
      return true;
    case kEventLastVersion:
      event.last_version = DecodeTime(fields.number());
      return true;
    case kEventWasSoftDeleted:
      event.was_soft_deleted = fields.number() != 0;
      return true;
    case kEventProperty:
      return DecodeUpdate(fields.bytes(), event.properties.emplace_back());
    case kEventTagsUpdated:
      event.tags_updated = fields.number() != 0;
      return true;
    case kEventPreviousTag:
      return DecodePair(fields.bytes(), event.previous_tags.emplace_back());
    case kEventTag:
      return DecodePair(fields.bytes(), event.tags.emplace_back());
    case kEventAsync:
      event.async = fields.number() != 0;
      return true;
    case kEventExpected:
      event.expected = DecodeTime(fields.number());
      return true;
    default:
      return true;
  }
}

void PutTime(FieldWriter& fields, std::uint32_t tag, Time time) {
  if (time != Time{}) fields.Number(tag, EncodeTime(time));
}

}  // namespace

std::string_view EventTypeName(EventType type) {
  switch (type) {
    case EventType::kBlobCreated:
      return "BlobCreated";
    case EventType::kBlobDeleted:
      return "BlobDeleted";
    case EventType::kBlobPropertiesUpdated:
      return "BlobPropertiesUpdated";
    case EventType::kBlobSnapshotCreated:
      return "BlobSnapshotCreated";
    case EventType::kBlobTierChanged:
      return "BlobTierChanged";
    case EventType::kBlobAsyncOperationInitiated:
      return "BlobAsyncOperationInitiated";
  }
  std::unreachable();
}

std::string ChangeEvent::Encode() const {
  std::string out;
  FieldWriter fields(out);
  fields.NumberIfSet(kEventType, static_cast<std::uint64_t>(type));
  fields.BytesIfSet(kEventApi, api);
  fields.BytesIfSet(kEventRequestId, request_id);
  fields.BytesIfSet(kEventClientRequestId, client_request_id);
  fields.BytesIfSet(kEventUrl, url);
  fields.BytesIfSet(kEventContainer, container);
  fields.BytesIfSet(kEventBlob, blob);
  fields.NumberIfSet(kEventEtag, etag);
  fields.BytesIfSet(kEventContentType, content_type);
  fields.NumberIfSet(kEventContentLength, content_length);
  fields.NumberIfSet(kEventBlobType, static_cast<std::uint64_t>(blob_type));
  fields.BytesIfSet(kEventTier, tier);
  PutTime(fields, kEventVersion, version);
  PutTime(fields, kEventSnapshot, snapshot);
  fields.BytesIfSet(kEventPreviousTier, previous_tier);
  PutTime(fields, kEventLastVersion, last_version);
  fields.NumberIfSet(kEventWasSoftDeleted, was_soft_deleted ? 1 : 0);
  for (const PropertyUpdate& update : properties) {
    fields.Bytes(kEventProperty, EncodeUpdate(update));
  }
  fields.NumberIfSet(kEventTagsUpdated, tags_updated ? 1 : 0);
  for (const auto& tag : previous_tags) EncodePair(fields, kEventPreviousTag, tag);
  for (const auto& tag : tags) EncodePair(fields, kEventTag, tag);
  fields.NumberIfSet(kEventAsync, async ? 1 : 0);
  fields.BytesIfSet(kEventDestinationTier, destination_tier);
  fields.BytesIfSet(kEventCopyId, copy_id);
  PutTime(fields, kEventExpected, expected);
  return out;
}

Result<ChangeEvent> ChangeEvent::Decode(std::string_view row) {
  ChangeEvent event;
  FieldReader fields(row);
  bool ok = true;
  while (ok && fields.Next()) ok = DecodeField(fields, event);
  if (!ok || !fields.ok()) return Fail(Errc::kCorruption, "malformed change event");
  return event;
}

std::string FeedIntent::Encode() const {
  std::string out;
  FieldWriter fields(out);
  fields.BytesIfSet(kIntentChunk, chunk);
  fields.NumberIfSet(kIntentOffset, offset);
  for (const std::uint64_t event : events) fields.Number(kIntentEvent, event);
  return out;
}

Result<FeedIntent> FeedIntent::Decode(std::string_view row) {
  FeedIntent intent;
  FieldReader fields(row);
  while (fields.Next()) {
    switch (fields.tag()) {
      case kIntentChunk:
        intent.chunk = fields.bytes();
        break;
      case kIntentOffset:
        intent.offset = fields.number();
        break;
      case kIntentEvent:
        intent.events.push_back(fields.number());
        break;
      default:
        break;
    }
  }
  if (!fields.ok()) return Fail(Errc::kCorruption, "malformed intent of the change feed");
  return intent;
}

std::string FeedState::Encode() const {
  std::string out;
  FieldWriter fields(out);
  fields.Number(kFeedOpen, EncodeTime(open));
  return out;
}

Result<FeedState> FeedState::Decode(std::string_view row) {
  FeedState state;
  FieldReader fields(row);
  while (fields.Next()) {
    if (fields.tag() == kFeedOpen) state.open = DecodeTime(fields.number());
  }
  if (!fields.ok()) return Fail(Errc::kCorruption, "malformed state of the change feed");
  return state;
}

}  // namespace blobgate::blob
