// How copies reach outside hosts: net::HttpClient behind an interface that tests can stand in for.
#pragma once

#include <utility>

#include "base/result.h"
#include "base/task.h"
#include "net/http_client.h"

namespace blobgate::gateway {

class OutsideClient {
 public:
  virtual ~OutsideClient() = default;
  /// As net::HttpClient::Get.
  virtual Task<Result<net::ClientResponse>> Get(net::ClientRequest request,
                                                net::AddressFilter allowed) = 0;
};

/// `client` outlives this.
class HttpOutsideClient final : public OutsideClient {
 public:
  explicit HttpOutsideClient(net::HttpClient& client) : client_(client) {}
  Task<Result<net::ClientResponse>> Get(net::ClientRequest request,
                                        net::AddressFilter allowed) override {
    return client_.Get(std::move(request), std::move(allowed));
  }

 private:
  net::HttpClient& client_;
};

}  // namespace blobgate::gateway
