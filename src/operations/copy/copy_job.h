// Copies from outside that go on after their request was answered (Copy Blob, operations.md 1.13).
//
// A copy lives in two places: the destination's record says `pending` with the copy's id, and a row
// of the account says how to fetch the source. They are in different partitions, so they are
// written in an order that a crash may interrupt anywhere:
//
//   start:   job row -> destination becomes pending -> answer 202
//   finish:  destination leaves pending (success, failed or aborted) -> job row goes
//
// The destination decides. A job whose destination is not pending with its id any more (never
// became so, was finished, aborted, or deleted) has nothing to do and is dropped; a pending
// destination always has its job. The bytes of a copy that was cut short are garbage of the engine;
// it begins anew, on condition that the source has not changed.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "operations/call.h"

namespace blobgate::operations {

/// The row blob::CopyJobKey(copy_id) in the account's name space. Fields (base/codec.h):
///   1 copy_id  2 account  3 container  4 incarnation  5 blob  6 url  7 source_etag  8 version
///   9 secure  10 started (.NET ticks)
/// SECRET: `url` holds the source's signature, which the fetch needs; it is never logged or shown,
/// and it goes with the row. Whoever can read the data directory can read it.
struct CopyJob {
  std::string copy_id;
  std::string account;  ///< of the destination, like the next three
  std::string container;
  std::string incarnation;  ///< the container must still be this one
  std::string blob;
  std::string url;          ///< of the source, as sent
  std::string source_etag;  ///< strong; empty: the source has none
  std::string version;      ///< x-ms-version of the request
  bool secure = false;      ///< the request came over TLS
  Time started{};

  std::string Encode() const;
  /// kCorruption for anything malformed.
  static Result<CopyJob> Decode(std::string_view row);
};

/// Longer than this no copy runs (operations.md 1.13).
inline constexpr std::chrono::hours kMaxCopyTime{14 * 24};

/// Writes the job's row: durable on success. REQUIRES: a new copy id.
Task<azure::Outcome<void>> SaveCopyJob(Services& services, const CopyJob& job);
/// Removes it, if it is there. A failure leaves a row that the next start drops.
Task<void> ForgetCopyJob(Services& services, std::string account, std::string copy_id);

/// Runs the job in the background. REQUIRES: its row is durable. `claim`: as of RunCopyJob.
void StartCopyJob(Services& services, CopyJob job, CapacityClaim claim);

/// Fetches the source (up to three times when it fails in ways that may pass) and finishes the
/// destination, unless that is not waiting for this copy any more. On return the job's row is gone;
/// but when the server stops or our own store fails, it and the pending state stay for the next
/// start. `claim` is the room of the account that the copy takes: kept when it succeeds.
Task<void> RunCopyJob(Services& services, CopyJob job, CapacityClaim claim);

/// Takes up what the last run of the server left. Call it once, before requests are served.
Task<void> ResumeCopies(Services& services, const std::vector<std::string>& accounts);

}  // namespace blobgate::operations
