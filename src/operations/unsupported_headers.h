// Request headers that change what is stored, and that operations which do not know them refuse
// rather than ignore. Empty values count as absent.
#pragma once

#include "azure/errors.h"
#include "http/request_head.h"

namespace blobgate::operations {

/// 400 UnsupportedHeader with HeaderName for a customer-provided key (x-ms-encryption-key,
/// -key-sha256, -algorithm).
azure::Outcome<void> RefuseCustomerKey(const http::HeaderView& headers);
/// The same, and for x-ms-encryption-scope.
azure::Outcome<void> RefuseEncryption(const http::HeaderView& headers);

}  // namespace blobgate::operations
