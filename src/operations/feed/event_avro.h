// Events as the change feed's segments have them: Azure's event schema, version 6, in Avro.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "azure/avro.h"
#include "blob/change_event.h"

namespace blobgate::operations {

inline constexpr int kEventSchemaVersion = 6;

/// The Avro schema (JSON) of the records that EncodeEvent writes.
std::string_view EventSchema();

/// What a record says besides what its row has.
struct EventPlace {
  std::string_view account;
  std::string_view incarnation;  ///< of the container
  std::uint64_t ticks = 0;       ///< of the event's key
};

/// Appends one BlobChangeEvent.
void EncodeEvent(const EventPlace& place, const blob::ChangeEvent& event, std::string& out);

/// The sync marker of the file `name`: the same whenever it is asked for, so that a file can be
/// appended to after a restart.
azure::AvroSync SyncOf(std::string_view name);

}  // namespace blobgate::operations
