#include "operations/feed/feed_files.h"

#include <algorithm>
#include <chrono>

namespace blobgate::operations {
namespace {

const std::string kFirstHour = "1601/01/01/0000";
constexpr std::size_t kChunkDigits = 5;

/// `2026-01-15T12:00:00.123Z`.
std::string Milliseconds(Time time) {
  std::string text = FormatIso8601(time);
  return text.substr(0, text.size() - 5) + "Z";
}

/// `chunks`: a JSON list.
std::string Manifest(const std::string& begin, bool finalized, const std::string& chunks,
                     Time now) {
  return "{\"version\":0,\"begin\":\"" + begin + "\",\"intervalSecs\":3600,\"status\":\"" +
         (finalized ? "Finalized" : "Publishing") +
         "\",\"config\":{\"version\":0,\"configVersionEtag\":\"0x8d0000000000000\","
         "\"numShards\":1,\"recordsFormat\":\"avro\",\"formatSchemaVersion\":6,"
         "\"shardDistFnVersion\":1},\"chunkFilePaths\":" +
         chunks + ",\"storageDiagnostics\":{\"version\":0,\"lastModifiedTime\":\"" +
         Milliseconds(now) + "\",\"data\":{}}}";
}

}  // namespace

Time HourOf(Time time) {
  return std::chrono::floor<std::chrono::hours>(time);
}

std::string HourPath(Time hour) {
  std::string path = FormatIso8601Seconds(hour).substr(0, 13);  // 2026-01-15T12
  std::ranges::replace(path, '-', '/');
  std::ranges::replace(path, 'T', '/');
  return path + "00";
}

std::string ManifestName(Time hour) {
  return std::string(kSegments) + HourPath(hour) + "/meta.json";
}

std::string FirstManifestName() {
  return std::string(kSegments) + kFirstHour + "/meta.json";
}

std::string ChunkName(Time hour, unsigned index) {
  const std::string digits = std::to_string(index);
  const std::string zeros(kChunkDigits - std::min(kChunkDigits, digits.size()), '0');
  return std::string(kChunks) + HourPath(hour) + "/" + zeros + digits + ".avro";
}

std::string RenderManifest(Time hour, bool finalized, Time now) {
  const std::string chunks =
      "[\"" + std::string(kFeedContainer) + "/" + std::string(kChunks) + HourPath(hour) + "/\"]";
  return Manifest(Milliseconds(hour), finalized, chunks, now);
}

std::string RenderFirstManifest(Time now) {
  return Manifest("1601-01-01T00:00:00.000Z", true, "[]", now);
}

std::string RenderSegmentsIndex(Time last_consumable, Time now) {
  return "{\"version\":0,\"lastConsumable\":\"" + Milliseconds(last_consumable) +
         "\",\"storageDiagnostics\":{\"version\":0,\"lastModifiedTime\":\"" + Milliseconds(now) +
         "\",\"data\":{}}}";
}

}  // namespace blobgate::operations
