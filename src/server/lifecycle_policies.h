// The lifecycle policies that the accounts of a configuration name.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "azure/lifecycle_policy.h"
#include "base/result.h"
#include "config/config.h"

namespace blobgate::server {

/// By account.
using LifecyclePolicies = std::map<std::string, std::shared_ptr<const azure::LifecyclePolicy>>;

/// Reads and checks every file; the error names account, file and place.
Result<LifecyclePolicies> LoadLifecyclePolicies(const config::Config& config);

}  // namespace blobgate::server
