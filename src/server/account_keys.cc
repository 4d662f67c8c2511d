#include "server/account_keys.h"

#include <sys/random.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <string_view>

#include "base/encoding.h"

namespace blobgate::server {

std::string NewAccountKey() {
  std::array<char, 64> raw{};
  // Up to 256 bytes getrandom never returns less than was asked for.
  while (getrandom(raw.data(), raw.size(), 0) != static_cast<ssize_t>(raw.size())) {
    if (errno != EINTR) std::abort();
  }
  return Base64Encode(std::string_view(raw.data(), raw.size()));
}

}  // namespace blobgate::server
