// One change of a blob, as the change feed will tell it: written in the same commit as the change,
// and removed once a segment of the feed has it (operations/feed/). Pure data with a stable
// encoding.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "blob/records.h"

namespace blobgate::blob {

/// Event types by Azure's names.
enum class EventType : std::uint8_t {
  kBlobCreated = 0,
  kBlobDeleted = 1,
  kBlobPropertiesUpdated = 2,
  kBlobSnapshotCreated = 3,
  kBlobTierChanged = 4,
  kBlobAsyncOperationInitiated = 5,
};

std::string_view EventTypeName(EventType type);

/// A property before and after; empty: it had none.
struct PropertyUpdate {
  std::string name;
  std::string previous;
  std::string current;
  bool operator==(const PropertyUpdate&) const = default;
};

struct ChangeEvent {
  EventType type = EventType::kBlobCreated;
  std::string api;  ///< the operation, without blanks: "PutBlob"
  std::string request_id;
  std::string client_request_id;
  std::string url;  ///< of the blob, as the client addressed the service; empty: it did not
  std::string container;
  std::string blob;
  // The state that the change made or took away.
  std::uint64_t etag = 0;
  std::string content_type;
  std::uint64_t content_length = 0;
  BlobType blob_type = BlobType::kBlock;
  std::string tier;  ///< empty: none
  Time version{};    ///< zero: none
  Time snapshot{};   ///< zero: it is no snapshot
  // What was there before.
  std::string previous_tier;  ///< empty: none, or the change has nothing to do with it
  Time last_version{};
  bool was_soft_deleted = false;
  std::vector<PropertyUpdate> properties;
  bool tags_updated = false;
  Tags previous_tags;
  Tags tags;
  // Of what takes time.
  bool async = false;
  std::string destination_tier;
  std::string copy_id;
  /// When a rehydration ends, of which this is the event: it is true only if the blob is still
  /// waiting for it then. Zero for everything that has happened.
  Time expected{};

  bool operator==(const ChangeEvent&) const = default;
  std::string Encode() const;
  static Result<ChangeEvent> Decode(std::string_view row);
};

/// What the publisher is about to append, so that it can tell after a crash whether it did. In the
/// feed's own container, one for each partition that events come from.
struct FeedIntent {
  std::string chunk;                  ///< name of the blob
  std::uint64_t offset = 0;           ///< where the append begins, bytes
  std::vector<std::uint64_t> events;  ///< .NET ticks in their keys
  std::string Encode() const;
  static Result<FeedIntent> Decode(std::string_view row);
};

/// How far the feed of an account is finished.
struct FeedState {
  Time open{};  ///< the first hour that may still grow
  std::string Encode() const;
  static Result<FeedState> Decode(std::string_view row);
};

}  // namespace blobgate::blob
