#include <bit>
#include <cstring>

#include "blobgate/engine/extent_store.h"

namespace blobgate::engine {

static_assert(std::endian::native == std::endian::little, "stored numbers are little endian");
static_assert(ExtentRef::kEncodedSize == 4 * sizeof(std::uint64_t));

void ExtentRef::EncodeTo(std::string& out) const {
  const std::uint64_t fields[] = {space, position, length, check};
  out.append(reinterpret_cast<const char*>(fields), sizeof(fields));
}

ExtentRef ExtentRef::Decode(Bytes in) {
  std::uint64_t fields[4];
  std::memcpy(fields, in.data(), sizeof(fields));
  return {fields[0], fields[1], fields[2], fields[3]};
}

}  // namespace blobgate::engine
