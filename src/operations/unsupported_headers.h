// Request headers that change what is stored, and that are refused rather than ignored.
#pragma once

#include "azure/errors.h"
#include "http/request_head.h"

namespace blobgate::operations {

/// 400 UnsupportedHeader with HeaderName for customer-provided keys (x-ms-encryption-key*) and
/// encryption scopes. Empty values count as absent.
azure::Outcome<void> CheckSupported(const http::HeaderView& headers);

}  // namespace blobgate::operations
