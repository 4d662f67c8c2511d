// Get User Delegation Key (operations.md 2.1).
#include <string>
#include <utility>

#include "azure/delegation_key.h"
#include "azure/xml_reader.h"
#include "base/uuid.h"
#include "operations/blob_store.h"
#include "operations/handlers.h"

namespace blobgate::operations {

// Who may ask was decided by then: bearers with the right to generate keys.
Task<azure::Outcome<http::Response>> GetUserDelegationKey(Call& call) {
  const auto& caller = call.delegator;
  // A SAS names its maker by a GUID; subjects of other issuers than Entra may be anything.
  if (!caller || caller->secret.empty() || !IsUuid(caller->oid)) {
    co_return azure::Fail(azure::ErrorCode::kAuthenticationFailed);
  }
  BG_CO_TRY(const std::string body, co_await ReadSmallBody(call, azure::kMaxSmallXml));
  BG_CO_TRY(azure::DelegationKey key, azure::ParseKeyInfo(body, call.now));
  key.oid = caller->oid;
  key.tid = caller->tid;
  key.version = call.version;
  const std::string value = azure::DelegationKeyValue(caller->secret, key);
  http::Response response;
  response.status = 200;
  response.Set("Content-Type", "application/xml");
  response.text = azure::RenderDelegationKey(key, value);
  co_return response;
}

}  // namespace blobgate::operations
