// How the C library copies memory.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace blobgate {

/// What GLIBC_TUNABLES should be, where it should be something else than `tunables`. Before 2.40
/// glibc copies from some KiB on with REP MOVSB, which AMD's processors do many times slower when
/// the source is aligned and the destination is not: as OpenSSL's copies of records are
/// (https://sourceware.org/bugzilla/show_bug.cgi?id=30994). Then it is told to use vectors, as
/// later versions do by themselves. What somebody set of it is left alone.
std::optional<std::string> TunablesForCopies(bool amd, std::string_view libc_version,
                                             std::string_view tunables);

/// Executes the program once more, as the same process, with these tunables where that helps: the C
/// library reads them as it starts, only. Goes on without if that fails. Called first in main:
/// everything that is open stays open.
void ExecForFastCopies(char** argv);

}  // namespace blobgate
