// Set Container ACL (operations.md 2.2).
#include <utility>

#include "azure/signed_identifiers.h"
#include "operations/container/container_request.h"
#include "operations/handlers.h"

namespace blobgate::operations {
namespace {

/// Five policies are far below it.
constexpr std::size_t kMaxBody = 32 * 1024;

Task<azure::Outcome<std::vector<blob::AccessPolicy>>> ReadPolicies(Call& call) {
  BG_CO_TRY(auto body, co_await ReadSmallBody(call, kMaxBody));
  BG_CO_TRY(auto identifiers, azure::ParseSignedIdentifiers(std::move(body)));
  std::vector<blob::AccessPolicy> policies;
  for (azure::SignedIdentifier& identifier : identifiers) {
    policies.push_back({std::move(identifier.id), std::move(identifier.start),
                        std::move(identifier.expiry), std::move(identifier.permission)});
  }
  co_return policies;
}

}  // namespace

// Replaces policies and public access together: what the request leaves out is gone, and without
// the header the container is private.
Task<azure::Outcome<http::Response>> SetContainerAcl(Call& call) {
  BG_CO_TRY(const auto access, PublicAccessOf(call));
  BG_CO_TRY(const auto policies, co_await ReadPolicies(call));
  for (CommitLoop loop; loop.Again();) {
    BG_CO_TRY(auto container, co_await LoadForContainerOperation(call));
    blob::ContainerRecord record = container->record;
    BG_CO_CHECK(
        CheckContainerConditions(call, record, {"If-Modified-Since", "If-Unmodified-Since"}));
    record.access = access;
    record.policies = policies;
    TouchContainer(call, record);
    engine::Batch batch = PutContainer(call, record);
    BG_CO_TRY(bool done, co_await CommitContainer(call, *container, std::move(batch)));
    if (!done) continue;
    http::Response response;
    response.status = 200;
    SetContainerEtag(response, record);
    co_return response;
  }
  co_return azure::Fail(Busy());
}

}  // namespace blobgate::operations
