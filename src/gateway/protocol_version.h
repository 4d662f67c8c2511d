// Which x-ms-version a request runs under (operations.md 1.2).
#pragma once

#include <string>
#include <string_view>

#include "auth/credential.h"
#include "azure/errors.h"
#include "base/task.h"
#include "http/request_head.h"
#include "operations/call.h"

namespace blobgate::gateway {

/// What requests without any version get: the newest that is implemented.
inline constexpr std::string_view kDefaultVersion = "2026-10-06";

/// x-ms-version when sent; else, with a SAS, `api-version` or the SAS's own; else the account's
/// DefaultServiceVersion; else kDefaultVersion. Every date is accepted, unknown newer ones
/// included; 400 InvalidHeaderValue for what is no date.
Task<azure::Outcome<std::string>> VersionOf(operations::Services& services,
                                            std::string_view account, const http::RequestHead& head,
                                            const auth::Credential& credential);

}  // namespace blobgate::gateway
