#include "server/lifecycle_policies.h"

#include <fstream>
#include <sstream>
#include <utility>

namespace blobgate::server {

Result<LifecyclePolicies> LoadLifecyclePolicies(const config::Config& config) {
  LifecyclePolicies policies;
  for (const auto& account : config.accounts) {
    const std::string& file = account.lifecycle_policy_file;
    if (file.empty()) continue;
    const std::string where = "account \"" + account.name + "\": " + file + ": ";
    std::ifstream in(file);
    if (!in) return Fail(Errc::kNotFound, where + "cannot be read");
    std::ostringstream text;
    text << in.rdbuf();
    auto policy = azure::ParseLifecyclePolicy(text.str());
    if (!policy) return Fail(policy.error().code, where + policy.error().detail);
    policies[account.name] = std::make_shared<const azure::LifecyclePolicy>(std::move(*policy));
  }
  return policies;
}

}  // namespace blobgate::server
