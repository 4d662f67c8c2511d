// The end of deleted paths and of files whose time is over, by the purge index (blob/keys.h, "x").
#pragma once

#include <string>
#include <string_view>

#include "operations/blob_store.h"
#include "operations/call.h"

namespace blobgate::operations {

/// Removes the file that was found at `target`, whose time is over, so that something else can take
/// its place before the purge comes. False: something moved. REQUIRES: target.expired.
Task<azure::Outcome<bool>> RemoveExpired(Services& services, const Target& target);

/// Removes the file on the way to `target` whose time is over (PathPlace::expired), if it is still
/// there: the directory that is to be made in its place can then be. REQUIRES: there is one.
Task<azure::Outcome<void>> ClearWay(Services& services, const Target& target);

/// Removes what the row `due` of the purge index of a hierarchical container is about, if it is
/// due, and that row. False: something moved.
Task<azure::Outcome<bool>> TryPurgePath(Services& services, const azure::Resource& container,
                                        const std::string& due, Time now);

}  // namespace blobgate::operations
