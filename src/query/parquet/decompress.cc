#include "query/parquet/decompress.h"

#include <brotli/decode.h>
#include <lz4.h>
#include <snappy.h>
#include <zlib.h>
#include <zstd.h>

#include <bit>
#include <memory>

#include "query/parquet/bytes.h"

namespace blobgate::query::parquet {
namespace {

/// The window of Zstandard that the format's own default allows (128 MiB) is more than a page has.
constexpr int kZstdWindowLog = 27;

bool Snappy(std::string_view packed, std::string& out) {
  std::size_t size = 0;
  return snappy::GetUncompressedLength(packed.data(), packed.size(), &size) && size == out.size() &&
         snappy::RawUncompress(packed.data(), packed.size(), out.data());
}

/// One or several members of gzip, or zlib's own format.
bool Gzip(std::string_view packed, std::string& out) {
  constexpr int kGzipOrZlib = 15 + 32;
  z_stream stream{};
  if (inflateInit2(&stream, kGzipOrZlib) != Z_OK) return false;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  int state = inflate(&stream, Z_FINISH);
  while (state == Z_STREAM_END && stream.avail_in > 0 && stream.avail_out > 0) {
    if (inflateReset(&stream) != Z_OK) break;
    state = inflate(&stream, Z_FINISH);
  }
  const bool whole = state == Z_STREAM_END && stream.avail_out == 0;
  inflateEnd(&stream);
  return whole;
}

bool Brotli(std::string_view packed, std::string& out) {
  std::size_t size = out.size();
  const auto state =
      BrotliDecoderDecompress(packed.size(), reinterpret_cast<const std::uint8_t*>(packed.data()),
                              &size, reinterpret_cast<std::uint8_t*>(out.data()));
  return state == BROTLI_DECODER_RESULT_SUCCESS && size == out.size();
}

bool Zstd(std::string_view packed, std::string& out) {
  struct Free {
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
  };
  const std::unique_ptr<ZSTD_DCtx, Free> context(ZSTD_createDCtx());
  if (!context) return false;
  ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, kZstdWindowLog);
  const std::size_t size =
      ZSTD_decompressDCtx(context.get(), out.data(), out.size(), packed.data(), packed.size());
  return !ZSTD_isError(size) && size == out.size();
}

bool Lz4(std::string_view packed, char* out, std::size_t size) {
  const int made = LZ4_decompress_safe(packed.data(), out, static_cast<int>(packed.size()),
                                       static_cast<int>(size));
  return made >= 0 && static_cast<std::size_t>(made) == size;
}

/// Frames: bytes of the block unpacked, bytes packed (both big endian), the block.
bool Lz4Hadoop(std::string_view packed, std::string& out) {
  Cursor input(packed);
  std::size_t at = 0;
  while (!input.rest().empty()) {
    const auto size = input.Number<std::uint32_t>();
    const auto length = input.Number<std::uint32_t>();
    const auto block = length ? input.Take(std::byteswap(*length)) : std::nullopt;
    if (!block || std::byteswap(*size) > out.size() - at) return false;
    if (!Lz4(*block, out.data() + at, std::byteswap(*size))) return false;
    at += std::byteswap(*size);
  }
  return at == out.size();
}

bool Unpack(Codec codec, std::string_view packed, std::string& out) {
  switch (codec) {
    case Codec::kSnappy:
      return Snappy(packed, out);
    case Codec::kGzip:
      return Gzip(packed, out);
    case Codec::kBrotli:
      return Brotli(packed, out);
    case Codec::kZstd:
      return Zstd(packed, out);
    case Codec::kLz4:
      return Lz4(packed, out.data(), out.size());
    case Codec::kLz4Hadoop:  // Some writers put bare blocks there.
      return Lz4Hadoop(packed, out) || Lz4(packed, out.data(), out.size());
    case Codec::kNone:
    case Codec::kLzo:
      return false;
  }
  return false;
}

}  // namespace

Outcome<std::string> Decompress(Codec codec, std::string_view packed, std::size_t size) {
  if (codec == Codec::kLzo) return Unsupported("LZO compression is not supported.");
  if (codec == Codec::kNone) {
    if (packed.size() != size) return Malformed("A page is not as long as it says.");
    return std::string(packed);
  }
  std::string out(size, '\0');
  // Nothing may be packed as nothing.
  if (size == 0 && packed.empty()) return out;
  if (!Unpack(codec, packed, out)) return Malformed("A page does not decompress.");
  return out;
}

}  // namespace blobgate::query::parquet
