// A line of the access log in the format of Azure's Storage Analytics, version 2.0:
// https://learn.microsoft.com/rest/api/storageservices/storage-analytics-log-format
#pragma once

#include <string>

#include "gateway/access_log.h"

namespace blobgate::server {

/// 38 fields separated by semicolons, the first 30 of them those of version 1.0; without the end of
/// the line. Texts of clients are quoted and encoded as HTML, so that none looks like another
/// field. What the daemon does not know stays empty: of a bearer token that is all but the object
/// and tenant ids. A copy is one line, where Azure has three. REQUIRES: entry.analytics.
std::string AnalyticsLine(const gateway::AccessEntry& entry);

/// The field <request-status>: "Success", "SASAuthorizationError", "BlobNotFound" and so on (the
/// page "Storage Analytics logged operations and status messages" beside the one above).
std::string AnalyticsStatus(const gateway::AccessEntry& entry);

}  // namespace blobgate::server
