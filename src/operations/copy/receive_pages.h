// The body of an outside page blob as rows of pages.
#pragma once

#include <cstdint>
#include <memory>

#include "http/body.h"
#include "operations/copy/lineage_writer.h"

namespace blobgate::operations {

/// Streams exactly `length` bytes of `body`, chunk by chunk through one buffer of 4 MiB, into
/// extents and hands the rows to `writer`. Runs of 4 KiB that are zeros, as pages come that were
/// never written, are left out. `cipher`, unless null, encrypts the pages. Completes `out` with
/// what is still to be committed. False: the destination is gone; in that case and on failure the
/// caller abandons `writer`. REQUIRES: whole pages.
Task<azure::Outcome<bool>> ReceivePages(Services& services, http::BodyReader& body,
                                        std::uint64_t length, LineageWriter& writer,
                                        Replacement& out, AesXts* cipher = nullptr);

/// Of the pages of a blob that is encrypted as `encryption` says; null for a null key.
std::unique_ptr<AesXts> PageCipherOf(const blob::ContentKeyPtr& key,
                                     const blob::Encryption& encryption);

}  // namespace blobgate::operations
