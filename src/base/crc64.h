// CRC-64/NVME: Azure's x-ms-content-crc64 and the checksum of everything stored.
//
// Polynomial AD93D23594C93659, reflected, init and xorout all ones; check value of "123456789" is
// AE8B14860A799888. Uses carry-less multiplication where the CPU has it (decided at run time).
#pragma once

#include <cstdint>
#include <string>

#include "base/buffer.h"

namespace blobgate {

/// The checksum of `data` appended to something whose checksum is `crc` (0: nothing before it).
std::uint64_t Crc64(Bytes data, std::uint64_t crc = 0);

/// The checksum of A followed by B, from theirs. `length_b` in bytes.
std::uint64_t Crc64Combine(std::uint64_t crc_a, std::uint64_t crc_b, std::uint64_t length_b);

/// Header form: base64 of the eight bytes, little endian.
std::string Crc64ToBase64(std::uint64_t crc);

}  // namespace blobgate
