// A request to be authenticated, put together by a test.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "auth/credential.h"
#include "base/digest.h"
#include "base/encoding.h"

namespace blobgate::auth {

/// Thu, 15 Jan 2026 12:00:00 GMT, the clock of every vector.
inline const Time kNow = *ParseIso8601("2026-01-15T12:00:00Z");

inline constexpr std::string_view kPublicKey =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

inline AccountKeys TestAccount() {
  return {"devstoreaccount1", {*Base64Decode(kPublicKey)}};
}

inline std::string Sign(const AccountKeys& account, std::string_view string_to_sign,
                        std::size_t key = 0) {
  return Base64Encode(HmacSha256(AsBytes(account.keys.at(key)), AsBytes(string_to_sign)));
}

/// Owns what a RequestHead only views.
struct AuthRequest {
  std::string method = "GET";
  std::string target = "/devstoreaccount1/cont1/dir/b1.txt";
  std::vector<std::pair<std::string, std::string>> headers;
  bool secure = true;
  std::string peer = "10.0.0.1";
  azure::Resource resource{.account = "devstoreaccount1",
                           .container = "cont1",
                           .blob = "dir/b1.txt",
                           .secondary = false,
                           .path_style = true};

  AuthRequest& With(std::string name, std::string value) {
    headers.emplace_back(std::move(name), std::move(value));
    return *this;
  }

  /// Valid while this is unchanged. nullopt when the target is malformed.
  std::optional<http::RequestHead> Head() const {
    http::RequestHead head;
    head.method = method;
    head.target = target;
    head.secure = secure;
    head.peer = peer;
    if (!http::SplitTarget(head)) return std::nullopt;
    for (const auto& [name, value] : headers) head.headers.Add(name, value);
    if (const auto length = head.headers.Find("content-length")) {
      head.content_length = ParseUnsigned(*length);
    }
    return head;
  }

  azure::Outcome<Credential> Run(const AccountKeys& account, Time now = kNow) const {
    const auto head = Head();
    if (!head) return azure::Fail(azure::ErrorCode::kInvalidInput);
    return Authenticate(*head, resource, &account, now);
  }
};

/// A SAS request for `token` on the test's blob.
inline AuthRequest SasRequest(std::string_view token) {
  AuthRequest request;
  request.target += "?";
  request.target += token;
  return request;
}

template <class T>
std::string_view CodeOf(const azure::Outcome<T>& outcome) {
  return outcome ? "OK" : azure::InfoOf(outcome.error().code).code;
}

/// The AuthenticationErrorDetail of a refusal; empty without one.
template <class T>
std::string DetailOf(const azure::Outcome<T>& outcome) {
  if (outcome) return {};
  for (const auto& [name, value] : outcome.error().details()) {
    if (name == "AuthenticationErrorDetail") return value;
  }
  return {};
}

}  // namespace blobgate::auth
