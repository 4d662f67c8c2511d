// The static website endpoint: `$web` read by browsers, without the rest of the REST API
// (operations.md 1.22). What it answers is decided by the account's service properties.
#pragma once

#include <string>
#include <string_view>

#include "azure/errors.h"
#include "base/task.h"
#include "http/request_head.h"
#include "http/response.h"
#include "operations/call.h"

namespace blobgate::gateway {

/// x-ms-version of its answers.
inline constexpr std::string_view kWebsiteVersion = "2018-03-28";

/// One request; all of it lives until the answer is there.
struct WebsiteRequest {
  const http::RequestHead& head;
  const operations::Account& account;
  std::string_view request_id;
};

/// GET or HEAD, by anybody; query and x-ms-* headers are ignored, Range and the conditional headers
/// count as for Get Blob. In this order: the blob of that name; where the path is a directory, with
/// or without `/` at its end, the index document in it; for one with `/`, the default index
/// document; the error document, with 404. Errors: 405 UnsupportedHttpVerb, 404 WebContentNotFound
/// (also while the website is not enabled), and those of Get Blob.
Task<azure::Outcome<http::Response>> ServeWebsite(operations::Services& services,
                                                  const WebsiteRequest& request);

/// The page that tells a browser about `error`.
std::string WebsiteErrorPage(const azure::Error& error, std::string_view request_id, Time now);

}  // namespace blobgate::gateway
