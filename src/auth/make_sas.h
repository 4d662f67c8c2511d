// Shared access signatures, made from an account's key.
#pragma once

#include <string>
#include <string_view>

#include "auth/credential.h"
#include "azure/resource.h"
#include "base/time.h"

namespace blobgate::auth {

struct SasGrant {
  std::string_view permissions;  ///< letters
  Time expiry;                   ///< whole seconds count
  bool https_only = false;       ///< refused over plain HTTP
};

/// A token for the Blob service of the account: the query part of a URL, without `?`.
/// `resource_types` are of s, c and o. REQUIRES: the account has a key; nothing has line breaks.
std::string MakeAccountSas(const AccountKeys& account, const SasGrant& grant,
                           std::string_view resource_types);

/// The same for a container and all that is in it, or for one blob.
std::string MakeServiceSas(const AccountKeys& account, const SasGrant& grant,
                           const azure::Resource& resource);

}  // namespace blobgate::auth
