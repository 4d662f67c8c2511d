// Moves change events from their rows to the segments of the feed.
//
// One Task does this for an account, so that it may take these steps, each durable before the next:
//
//   1. an intent: these events are appended to that chunk at that offset
//   2. the append, on condition that the chunk ends there
//   3. the rows of the events go
//   4. the intent goes
//
// After a crash the length of the chunk tells whether step 2 was done, so the next pass settles all
// intents before it appends anything: an event is in the feed once. A segment is finished once a
// pass that began after its hour found nothing more to move; events that are committed later go to
// the segment that is open then.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "operations/call.h"

namespace blobgate::operations {

/// One pass over the containers of `account`, those that are being removed included: moves the
/// events that are there, finishes segments whose hour is over by services.clock, and removes those
/// that the account's retention gives up. kCancelled when the Task was asked to stop; any other
/// failure leaves the rest for the next pass. REQUIRES: no other pass over the account runs.
Task<Status> PublishChangeFeed(Services& services, const Account& account);

/// Does so for each account that has a feed then, every `interval`, in the background.
void SpawnChangeFeed(Services& services, std::chrono::seconds interval);

}  // namespace blobgate::operations
