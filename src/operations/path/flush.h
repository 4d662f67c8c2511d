// Making appended data the content of a file (operations.md 3.2), for Flush Data and for Append
// Data with flush=true.
#pragma once

#include <optional>
#include <string>

#include "blob/conditions.h"
#include "blob/records.h"
#include "operations/call.h"
#include "operations/encryption.h"
#include "operations/property_headers.h"

namespace blobgate::operations {

/// x-ms-lease-action of append and flush.
struct LeaseAction {
  bool acquire = false;
  bool renew = false;
  bool release = false;
  std::string id;  ///< proposed when it acquires, else that which is held
  std::int32_t duration = -1;

  bool any() const { return acquire || renew || release; }
};

/// 400 InvalidHeaderValue, MissingRequiredHeader.
azure::Outcome<LeaseAction> ParseLeaseAction(const http::HeaderView& headers);

/// The lease to store after `action`, which takes effect on `held` at `now`. 409, 412 Lease*.
azure::Outcome<blob::LeaseRecord> ApplyLeaseAction(blob::LeaseRecord held,
                                                   const LeaseAction& action, Time now);

struct FlushRequest {
  std::uint64_t position = 0;  ///< the file's length afterwards
  bool retain = false;         ///< keep what was appended behind `position`
  blob::ConditionHeaders conditions;
  std::optional<std::string> lease_id;
  LeaseAction lease;
  KeyRequest keys;
  PropertyHeaders properties;  ///< those that are set replace what is stored
};

/// Commits; each part of a piece that shows becomes a block. An append blob has what was appended
/// already: only lease and properties change, and its ETag. The record afterwards: durable and
/// visible. 404 PathNotFound; 409 ResourceTypeMismatch (a directory), InvalidFlushOperation (a page
/// blob, or uncommitted blocks of Put Block are in the way), BlockCountExceedsLimit (StoreContent),
/// as KeyOfUpdate; 400 InvalidFlushPosition (a gap, or less than the file has; of an append blob,
/// anything but its length); 412.
Task<azure::Outcome<blob::BlobRecord>> Flush(Call& call, const FlushRequest& request);

}  // namespace blobgate::operations
