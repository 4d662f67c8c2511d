// What authorization needs to know of the container that a request names.
#pragma once

#include "auth/credential.h"
#include "azure/resource.h"
#include "gateway/accounts.h"
#include "operations/call.h"

namespace blobgate::gateway {

/// For an anonymous caller the container's public access level; for a service SAS that names a
/// stored access policy, the policy's fields are put into `credential`. Everything else needs no
/// look at the container. Where the account allows no anonymous readers, neither. A missing
/// container is private and has no policies, so that its absence cannot be told without a
/// credential. `account` null: there is no such account.
Task<azure::Outcome<auth::Access>> CompleteCredential(operations::Services& services,
                                                      const AccountEntry* account,
                                                      const azure::Resource& resource,
                                                      auth::Credential& credential, Time now);

}  // namespace blobgate::gateway
