// CRC-32C by the processor, for the catalog's log.
#pragma once

#include <cstddef>
#include <cstdint>

namespace blobgate::engine {

/// RocksDB's library as Debian builds it for x86-64 knows the table-driven CRC-32C only, a tenth as
/// fast as the instruction (SSE 4.2), and each byte of the log goes through it. So this program
/// defines `rocksdb::crc32c::Extend` itself: the dynamic linker takes that of the program for the
/// library's own calls. On processors without the instruction it calls the library's.
///
/// As that function: the CRC-32C (RFC 3720, appendix B.4) of what has `crc`, and then `data`.
using Crc32cFunction = std::uint32_t (*)(std::uint32_t crc, const char* data, std::size_t size);

/// The library's own.
Crc32cFunction LibraryCrc32c();
/// Null: this processor has none.
Crc32cFunction HardwareCrc32c();

}  // namespace blobgate::engine
