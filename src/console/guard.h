// What keeps other pages, and content that clients stored, out of the console.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/request_head.h"
#include "http/response.h"

namespace blobgate::console {

/// The header that every request with another method than GET and HEAD must have; the value does
/// not matter. Pages of other origins cannot send it without being allowed to (CORS), and nobody
/// is.
inline constexpr std::string_view kRequestHeader = "x-blobgate-console";

/// Why `head` may come from a page of another origin; nullopt: it does not. Looks at
/// Sec-Fetch-Site, at Origin, and for changes at kRequestHeader.
std::optional<std::string> ForeignBecause(const http::RequestHead& head);

/// The values of the session's cookie. A cookie of that name may come several times: another
/// server on another port of this host can set one.
std::vector<std::string_view> SessionCookies(const http::RequestHead& head);

/// The value of Set-Cookie. `secure`: the request came over TLS. An empty `id` removes it.
std::string SessionCookie(std::string_view id, long long seconds, bool secure);

/// Adds what browsers are to refuse to the console's own answers.
void ProtectPage(http::Response& response);

/// The same for an answer with content, names or metadata that clients stored: it is saved and not
/// shown, and where a browser shows it all the same, nothing in it runs or belongs to the console.
/// `content`: it is that of the blob of this name.
void ProtectContent(http::Response& response, bool content, std::string_view blob);

}  // namespace blobgate::console
