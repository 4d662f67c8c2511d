// The failures of a copy source, as the client of the copy sees them (errors.md,
// CannotVerifyCopySource).
#pragma once

#include <string>
#include <string_view>

#include "azure/errors.h"

namespace blobgate::operations {

/// CannotVerifyCopySource with the status of the source, x-ms-copy-source-status-code and
/// x-ms-copy-source-error-code, and the same as XML details. `code` and `message` are the source's
/// own; empty ones are left out, and the message is then the code's default. The answer to the
/// client has the same status, but 400 for a redirect (a PUT must not look redirected) and 500 for
/// what is no HTTP failure.
azure::Error SourceFailure(unsigned status, std::string_view code, std::string message = {});

/// The same from the error that a read of our own blob would have answered.
azure::Error SourceFailure(const azure::Error& read);

}  // namespace blobgate::operations
