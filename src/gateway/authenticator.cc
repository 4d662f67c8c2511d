#include "gateway/authenticator.h"

#include "auth/bearer.h"

namespace blobgate::gateway {

Task<azure::Outcome<auth::Credential>> Authenticator::Authenticate(const http::RequestHead& head,
                                                                   const azure::Resource& resource,
                                                                   const auth::AccountKeys* account,
                                                                   Time now) const {
  if (oauth_ != nullptr && account != nullptr) {
    const auto token = auth::BearerTokenOf(head.headers.Get("authorization"));
    // Nobody can make this server read or fetch keys by a request that is refused anyway.
    if (token && auth::CheckBearerTransport(head)) co_await keys_->Prepare(*token, *oauth_);
  }
  co_return auth::Authenticate(head, resource, account, now, oauth_);
}

}  // namespace blobgate::gateway
