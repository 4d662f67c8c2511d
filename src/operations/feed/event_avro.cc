#include "operations/feed/event_avro.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/encoding.h"
#include "base/md5.h"
#include "blob/conditions.h"
#include "operations/blob_headers.h"

namespace blobgate::operations {
namespace {

using azure::AvroWriter;

// What is optional is a union with null first. Azure's readers know the records by their names.
constexpr std::string_view kSchema =
    R"({"type":"record","name":"BlobChangeEvent","fields":[)"
    R"({"name":"schemaVersion","type":"int"},)"
    R"({"name":"topic","type":"string"},)"
    R"({"name":"subject","type":"string"},)"
    R"({"name":"eventType","type":{"type":"enum","name":"BlobChangeEventType","symbols":[)"
    R"("BlobCreated","BlobDeleted","BlobPropertiesUpdated","BlobSnapshotCreated",)"
    R"("BlobTierChanged","BlobAsyncOperationInitiated","Control"]}},)"
    R"({"name":"eventTime","type":"string"},)"
    R"({"name":"id","type":"string"},)"
    R"({"name":"data","type":{"type":"record","name":"BlobChangeEventData","fields":[)"
    R"({"name":"api","type":"string"},)"
    R"({"name":"clientRequestId","type":"string"},)"
    R"({"name":"requestId","type":"string"},)"
    R"({"name":"etag","type":"string"},)"
    R"({"name":"contentType","type":"string"},)"
    R"({"name":"contentLength","type":"long"},)"
    R"({"name":"blobType","type":{"type":"enum","name":"BlobType",)"
    R"("symbols":["BlockBlob","AppendBlob","PageBlob"]}},)"
    R"({"name":"blobVersion","type":["null","string"]},)"
    R"({"name":"containerVersion","type":["null","string"]},)"
    R"({"name":"blobTier","type":["null","string"]},)"
    R"({"name":"url","type":"string"},)"
    R"({"name":"sequencer","type":"string"},)"
    R"({"name":"previousInfo","type":["null",{"type":"map","values":"string"}]},)"
    R"({"name":"snapshot","type":["null","string"]},)"
    R"({"name":"blobPropertiesUpdated","type":["null",{"type":"map","values":)"
    R"({"type":"record","name":"BlobPropertyUpdate","fields":[)"
    R"({"name":"current","type":"string"},{"name":"previous","type":"string"}]}}]},)"
    R"({"name":"asyncOperationInfo","type":["null",{"type":"map","values":"string"}]},)"
    R"({"name":"blobTagsUpdated","type":["null",{"type":"record","name":"BlobTagsUpdate",)"
    R"("fields":[{"name":"previous","type":{"type":"map","values":"string"}},)"
    R"({"name":"current","type":{"type":"map","values":"string"}}]}]},)"
    R"({"name":"storageDiagnostics","type":{"type":"map","values":"string"}}]}}]})";

using Pairs = std::vector<std::pair<std::string, std::string>>;

void PutMap(AvroWriter& out, const Pairs& pairs) {
  if (!pairs.empty()) out.Long(static_cast<std::int64_t>(pairs.size()));
  for (const auto& [name, value] : pairs) {
    out.Text(name);
    out.Text(value);
  }
  out.Long(0);
}

void PutOptional(AvroWriter& out, std::string_view text) {
  out.Long(text.empty() ? 0 : 1);
  if (!text.empty()) out.Text(text);
}

void PutOptional(AvroWriter& out, const Pairs& pairs) {
  out.Long(pairs.empty() ? 0 : 1);
  if (!pairs.empty()) PutMap(out, pairs);
}

std::string TimeText(Time time) {
  return time == Time{} ? std::string() : FormatIso8601(time);
}

std::string Hex(std::uint64_t value) {
  std::string digits(16, '0');
  for (std::size_t i = digits.size(); i-- > 0; value >>= 4) {
    digits[i] = "0123456789abcdef"[value & 0xF];
  }
  return digits;
}

/// As Azure makes it: that of the request with the end of its own for each event.
std::string EventId(const blob::ChangeEvent& event, std::uint64_t ticks) {
  constexpr std::size_t kOwn = 8;
  std::string id = event.request_id;
  if (id.size() < kOwn) return Hex(ticks);
  return id.replace(id.size() - kOwn, kOwn, Hex(ticks).substr(16 - kOwn));
}

std::string UrlOf(const EventPlace& place, const blob::ChangeEvent& event) {
  if (!event.url.empty()) return event.url;
  return "https://" + std::string(place.account) + ".blob.core.windows.net/" + event.container +
         "/" + PercentEncode(event.blob, "/");
}

Pairs PreviousInfo(const blob::ChangeEvent& event) {
  Pairs pairs;
  if (event.was_soft_deleted) pairs.emplace_back("WasBlobSoftDeleted", "true");
  if (event.last_version != Time{}) {
    pairs.emplace_back("LastVersion", TimeText(event.last_version));
    if (event.version != Time{}) pairs.emplace_back("BlobVersion", TimeText(event.version));
  }
  if (!event.previous_tier.empty()) pairs.emplace_back("PreviousTier", event.previous_tier);
  return pairs;
}

Pairs AsyncInfo(const blob::ChangeEvent& event) {
  Pairs pairs;
  if (!event.destination_tier.empty()) {
    pairs.emplace_back("DestinationTier", event.destination_tier);
  }
  if (event.async) pairs.emplace_back("WasAsyncOperation", "true");
  if (!event.copy_id.empty()) pairs.emplace_back("CopyId", event.copy_id);
  return pairs;
}

void PutUpdates(AvroWriter& out, const std::vector<blob::PropertyUpdate>& updates) {
  out.Long(updates.empty() ? 0 : 1);
  if (updates.empty()) return;
  out.Long(static_cast<std::int64_t>(updates.size()));
  for (const blob::PropertyUpdate& update : updates) {
    out.Text(update.name);
    out.Text(update.current);
    out.Text(update.previous);
  }
  out.Long(0);
}

void PutData(AvroWriter& out, const EventPlace& place, const blob::ChangeEvent& event) {
  out.Text(event.api);
  out.Text(event.client_request_id);
  out.Text(event.request_id);
  out.Text(blob::EtagTextUnquoted(event.etag));
  out.Text(event.content_type);
  out.Long(static_cast<std::int64_t>(event.content_length));
  out.Long(static_cast<std::int64_t>(event.blob_type));
  PutOptional(out, TimeText(event.version));
  PutOptional(out, place.incarnation.substr(0, 16));
  PutOptional(out, event.tier);
  out.Text(UrlOf(place, event));
  // Strings of one blob compare as their events came; the parts are as long as Azure's.
  out.Text("0000000000000001" + std::string(16, '0') + Hex(place.ticks));
  PutOptional(out, PreviousInfo(event));
  PutOptional(out, TimeText(event.snapshot));
  PutUpdates(out, event.properties);
  PutOptional(out, AsyncInfo(event));
  out.Long(event.tags_updated ? 1 : 0);
  if (event.tags_updated) {
    PutMap(out, event.previous_tags);
    PutMap(out, event.tags);
  }
  PutMap(out, {});
}

}  // namespace

std::string_view EventSchema() {
  return kSchema;
}

void EncodeEvent(const EventPlace& place, const blob::ChangeEvent& event, std::string& out) {
  AvroWriter writer(out);
  writer.Long(kEventSchemaVersion);
  writer.Text(
      "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/blobgate/providers/"
      "Microsoft.Storage/storageAccounts/" +
      std::string(place.account));
  writer.Text("/blobServices/default/containers/" + event.container + "/blobs/" + event.blob);
  writer.Long(static_cast<std::int64_t>(event.type));
  writer.Text(FormatIso8601(FromDotNetTicks(place.ticks)));
  writer.Text(EventId(event, place.ticks));
  PutData(writer, place, event);
}

azure::AvroSync SyncOf(std::string_view name) {
  return Md5Of(AsBytes(name));
}

}  // namespace blobgate::operations
