#include "base/copy_tuning.h"

#include <gnu/libc-version.h>
#include <sys/auxv.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdlib>
#include <utility>

namespace blobgate {
namespace {

constexpr std::string_view kThreshold = "glibc.cpu.x86_rep_movsb_threshold";

/// Major and minor; zeros for what is none.
std::pair<int, int> VersionOf(std::string_view text) {
  std::pair<int, int> version{0, 0};
  const char* const end = text.data() + text.size();
  const auto major = std::from_chars(text.data(), end, version.first);
  if (major.ptr != end && *major.ptr == '.') {
    std::from_chars(major.ptr + 1, end, version.second);
  }
  return version;
}

bool IsAmd() {
#ifdef __x86_64__
  __builtin_cpu_init();
  return __builtin_cpu_is("amd") != 0;
#else
  return false;
#endif
}

}  // namespace

std::optional<std::string> TunablesForCopies(bool amd, std::string_view libc_version,
                                             std::string_view tunables) {
  if (!amd || VersionOf(libc_version) >= std::pair(2, 40)) return std::nullopt;
  if (tunables.contains(kThreshold)) return std::nullopt;
  std::string wanted(tunables);
  if (!wanted.empty()) wanted += ':';
  // More than is ever copied at once.
  return wanted.append(kThreshold).append("=0x40000000");
}

void ExecForFastCopies(char** argv) {
  // Who has more rights than its caller is not given the tunables.
  if (getauxval(AT_SECURE) != 0) return;
  constexpr const char* kVariable = "GLIBC_TUNABLES";
  const char* const set = std::getenv(kVariable);
  const auto wanted = TunablesForCopies(IsAmd(), gnu_get_libc_version(), set != nullptr ? set : "");
  if (!wanted) return;
  // Its own path, not /proc/self/exe: the name that ps shows is made of it.
  std::array<char, 4096> path{};
  if (readlink("/proc/self/exe", path.data(), path.size() - 1) <= 0) return;
  if (setenv(kVariable, wanted->c_str(), 1) == 0) execv(path.data(), argv);
}

}  // namespace blobgate
