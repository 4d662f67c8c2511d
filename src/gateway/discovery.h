// What the local token issuer publishes of itself (OpenID Connect Discovery 1.0, section 4).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "azure/resource.h"
#include "http/request_head.h"
#include "http/response.h"

namespace blobgate::gateway {

/// Fixed after construction; any thread. Answered without credentials, on hosts that name no
/// account, below `/` and `/TENANT/`: `.well-known/openid-configuration`, with `v2.0/` before it
/// too; the keys at `discovery/keys`, `discovery/v2.0/keys` and `.well-known/jwks.json`. None of
/// these can be a path-style URL of an account.
class Discovery {
 public:
  /// `issuer`: an absolute URL, the `iss` of the tokens. `keys`: the JSON Web Key Set.
  Discovery(std::string_view issuer, std::string_view tenant, std::string keys);

  /// The answer to a GET or HEAD of one of these documents; nullopt for every other request.
  std::optional<http::Response> Answer(const http::RequestHead& head,
                                       const azure::AddressRules& rules) const;

 private:
  std::string tenant_;
  std::string document_;
  std::string keys_;
};

}  // namespace blobgate::gateway
