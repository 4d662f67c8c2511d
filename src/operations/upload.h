// Bodies into extents.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "blob/records.h"
#include "operations/call.h"
#include "operations/content_cipher.h"

namespace blobgate::operations {

/// From this x-ms-version on x-ms-content-crc64 is answered, and Content-MD5 only when it was sent.
inline constexpr std::string_view kFirstCrcVersion = "2019-02-02";

/// Which hashes to check and to compute while bytes stream in (operations.md 1.9).
struct ChecksumPlan {
  std::optional<Md5Digest> expected_md5;
  std::optional<std::uint64_t> expected_crc64;
  bool compute_md5 = false;  ///< set when expected_md5 is; MD5 is the slowest part of a write
};

/// From Content-MD5, x-ms-content-crc64 and, when `blob_md5_wins` (Put Blob),
/// x-ms-blob-content-md5. 400 InvalidMd5, InvalidHeaderValue (crc), BothCrc64AndMd5HeaderPresent.
azure::Outcome<ChecksumPlan> PlanChecksums(const http::HeaderView& headers, bool blob_md5_wins);

/// What arrived: durable, not yet referenced.
struct Uploaded {
  /// One a fresh extent, in order; empty for zero bytes. Of encrypted content without the salt that
  /// the extent begins with.
  std::vector<blob::Slice> slices;
  std::uint64_t length = 0;
  std::uint64_t crc64 = 0;
  std::optional<Md5Digest> md5;
};

/// Streams exactly `length` bytes of `body` into fresh extents of at most kMaxExtent, through one
/// buffer of at most 512 KiB, and checks the hashes. On failure (disconnect, mismatch, full disk)
/// everything written is discarded. 400 Md5Mismatch, Crc64Mismatch with their details.
/// `cipher`: encrypts what is stored; the hashes are those of the body all the same. Null: none.
Task<azure::Outcome<Uploaded>> Receive(Services& services, http::BodyReader& body,
                                       std::uint64_t length, const ChecksumPlan& plan,
                                       ContentCipher* cipher = nullptr);

/// Content-MD5 when it is there to be answered, else x-ms-content-crc64.
void SetContentHash(http::Response& response, std::uint64_t crc64,
                    const std::optional<Md5Digest>& md5);

}  // namespace blobgate::operations
