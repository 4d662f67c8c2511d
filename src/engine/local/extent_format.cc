#include "engine/local/extent_format.h"

#include <cstddef>
#include <cstring>

#include "base/crc64.h"

namespace blobgate::engine {

void EncodeTrailer(const ExtentRef& ref, std::span<const std::uint64_t> checks, MutableBytes out) {
  TrailerFooter footer;
  footer.length = ref.length;
  footer.check = ref.check;
  footer.segment = ref.space;
  footer.position = ref.position;
  std::memset(out.data(), 0, out.size());
  std::memcpy(out.data(), checks.data(), checks.size_bytes());
  std::byte* at = out.data() + out.size() - sizeof(footer);
  std::memcpy(at, &footer, sizeof(footer));
  footer.trailer_crc = Crc64(out.first(out.size() - sizeof(footer.trailer_crc)));
  std::memcpy(at, &footer, sizeof(footer));
}

bool DecodeTrailer(const ExtentRef& ref, Bytes trailer, ChunkChecks& checks) {
  TrailerFooter footer;
  std::memcpy(&footer, trailer.data() + trailer.size() - sizeof(footer), sizeof(footer));
  const Bytes covered = trailer.first(trailer.size() - sizeof(footer.trailer_crc));
  if (footer.magic != TrailerFooter::kMagic || footer.trailer_crc != Crc64(covered) ||
      footer.length != ref.length || footer.check != ref.check || footer.segment != ref.space ||
      footer.position != ref.position) {
    return false;
  }
  checks.resize(ChunkCount(ref.length));
  std::memcpy(checks.data(), trailer.data(), 8 * checks.size());
  return true;
}

}  // namespace blobgate::engine
