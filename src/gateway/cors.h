// The CORS headers of an answer (operations.md 1.19): the account's rules, loaded.
#pragma once

#include <string_view>

#include "azure/name_values.h"
#include "http/request_head.h"
#include "http/response.h"
#include "operations/call.h"

namespace blobgate::gateway {

/// Known from memory: the account has no rules, so CorsHeaders would give nothing.
bool HasNoCorsRules(const operations::Services& services, std::string_view account);

/// What to add to `response`. Nothing when the account has no rules, or when they cannot be read
/// (that is logged; the answer itself stands).
Task<azure::NameValues> CorsHeaders(operations::Services& services, std::string_view account,
                                    const http::RequestHead& head, const http::Response& response,
                                    std::string_view request_id);

}  // namespace blobgate::gateway
