// Which x-ms-version a request runs under (operations.md 1.2).
#pragma once

#include <optional>
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

/// What the request itself says: x-ms-version when sent; else, with a SAS, `api-version` or the
/// SAS's own. Every date is accepted, unknown newer ones included; 400 InvalidHeaderValue for what
/// is no date. nullopt: nothing, it gets the account's.
azure::Outcome<std::optional<std::string>> SentVersion(const http::RequestHead& head,
                                                       const auth::Credential& credential);

/// The account's DefaultServiceVersion; else kDefaultVersion.
Task<azure::Outcome<std::string>> VersionOfAccount(operations::Services& services,
                                                   std::string_view account);

}  // namespace blobgate::gateway
