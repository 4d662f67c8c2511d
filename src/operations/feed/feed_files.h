// The files of the change feed, as Azure lays them out in the container `$blobchangefeed`:
//
//   meta/segments.json                            up to where it may be read
//   idx/segments/1601/01/01/0000/meta.json        an empty segment that every feed begins with
//   idx/segments/YYYY/MM/DD/HH00/meta.json        a segment: the changes of about one hour
//   log/00/YYYY/MM/DD/HH00/NNNNN.avro             its chunks, append blobs with Avro records
#pragma once

#include <string>
#include <string_view>

#include "azure/resource.h"
#include "base/time.h"

namespace blobgate::operations {

inline constexpr std::string_view kFeedContainer = azure::kChangeFeedContainer;
inline constexpr std::string_view kSegmentsIndex = "meta/segments.json";
inline constexpr std::string_view kSegments = "idx/segments/";
inline constexpr std::string_view kChunks = "log/00/";

/// The hour that `time` is in.
Time HourOf(Time time);
/// "2026/01/15/1200" of an hour.
std::string HourPath(Time hour);
/// The manifest of a segment.
std::string ManifestName(Time hour);
std::string FirstManifestName();
/// The chunk `index` of a segment.
std::string ChunkName(Time hour, unsigned index);

/// A segment's manifest: `Finalized`, or `Publishing` while chunks may still grow.
std::string RenderManifest(Time hour, bool finalized, Time now);
/// The manifest of the first, empty segment.
std::string RenderFirstManifest(Time now);
/// Segments before `last_consumable` are final.
std::string RenderSegmentsIndex(Time last_consumable, Time now);

}  // namespace blobgate::operations
