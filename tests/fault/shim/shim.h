// The parts of the file-system shim: a library for LD_PRELOAD that stands between the daemon (with
// RocksDB inside it) and libc, for everything below one directory. It can write a journal of every
// change, and can make chosen calls fail, stop short, or end the process.
//
// Environment, read once when the library is loaded:
//   BLOBGATE_SHIM_ROOT     absolute path of the data directory
//   BLOBGATE_SHIM_CONTROL  file of at least sizeof(Control), shared with the test by mmap
//   BLOBGATE_SHIM_JOURNAL  file the journal is appended to; not set: none is written
//
// Changes are made and recorded under one lock, so that the order of the journal is the order of
// the calls. Syncs run outside the lock, as a start and an end. Every sync is a pretended one: the
// tests decide what a power cut leaves, the disk below is not asked.
#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

namespace shim {

/// Classes of calls, as bits of Control::mask.
enum Class : std::uint64_t {
  kOpen = 1 << 0,
  kCreate = 1 << 1,  ///< an open that may create or truncates; has kOpen as well
  kWrite = 1 << 2,
  kTruncate = 1 << 3,
  kAllocate = 1 << 4,
  kPunch = 1 << 5,
  kRename = 1 << 6,  ///< and link
  kRemove = 1 << 7,  ///< unlink, rmdir
  kMakeDirectory = 1 << 8,
  kSyncFile = 1 << 9,
  kSyncDirectory = 1 << 10,
  kSyncRange = 1 << 11,
  kRead = 1 << 12,
};

/// What happens to a chosen call.
enum Action : std::uint64_t {
  kNothing = 0,
  kFail = 1,             ///< returns Control::error, changes nothing
  kShorten = 2,          ///< a write writes about half; other calls are left alone
  kShortenThenFail = 3,  ///< a full disk: the first write writes half, the rest fails; sets `full`
  kKillBefore = 4,       ///< SIGKILL of the process before the call
  kKillAfter = 5,        ///< and after it
};

/// Shared with the test, 8-byte fields in the order and number tests/fault/shim.py has them. The
/// test sets the fault; the shim counts. Calls number `first` to `last` (from 0, of those `mask`
/// matches, counted since the test last set `matched` to 0) are the chosen ones.
struct Control {
  std::uint64_t records;  ///< in the journal so far
  std::uint64_t mask;
  std::uint64_t matched;
  std::uint64_t first;
  std::uint64_t last;
  std::uint64_t action;
  std::uint64_t error;              ///< errno
  std::uint64_t fired;              ///< chosen calls so far
  std::uint64_t full;               ///< not 0: statvfs says that there is no free space
  std::uint64_t sync_microseconds;  ///< how long a sync takes
  char what[192];                   ///< the first chosen call, text
};

/// Kinds of journal records. All sizes and offsets are bytes.
enum class Op : std::uint8_t {
  kStart = 0,           ///< a process begins: no descriptor is open
  kOpen = 1,            ///< fd, a: 1 created, 2 truncated (bits); path
  kClose = 2,           ///< fd
  kWrite = 3,           ///< fd, a: offset; data
  kTruncate = 4,        ///< fd, a: size
  kZero = 5,            ///< fd, a: offset, b: length (a hole)
  kAllocate = 6,        ///< fd, a: end; the file is at least so long
  kRename = 7,          ///< path, second path
  kLink = 8,            ///< path, second path
  kRemove = 9,          ///< path (unlink and rmdir)
  kMakeDirectory = 10,  ///< path
  kSyncStart = 11,      ///< fd
  kSyncEnd = 12,        ///< fd, a: number of the record of the start, b: errno or 0
};

/// Head of a record in the journal; behind it path, second path, data.
struct RecordHead {
  std::uint32_t magic;
  std::uint8_t op;
  std::uint8_t reserved;
  std::uint16_t path_size;
  std::uint16_t second_size;
  std::uint16_t reserved2;
  std::int32_t fd;
  std::int64_t a;
  std::int64_t b;
  std::uint64_t data_size;
};
static_assert(sizeof(RecordHead) == 40);
constexpr std::uint32_t kRecordMagic = 0x4a534742;  // "BGSJ"

struct Record {
  Op op;
  int fd = -1;
  std::int64_t a = 0;
  std::int64_t b = 0;
  std::string_view path = {};
  std::string_view second = {};
  const iovec* parts = nullptr;  ///< the first data_size bytes of them are the data
  std::size_t data_size = 0;
};

/// The lock everything below is used under.
std::mutex& Lock();

/// Appends to the journal, if there is one; returns the number of the record.
std::uint64_t Write(const Record& record);

/// What the test wants done with a call.
struct Verdict {
  Action action = kNothing;
  int error = 0;
};

/// Counts the call and decides. Does not return for kKillBefore.
Verdict Judge(std::uint64_t classes, std::string_view call, std::string_view path);
/// To be called when the call is done; does not return for kKillAfter.
void Finish(const Verdict& verdict);
/// Without the lock: whether the fault may choose calls of these classes at all.
bool IsWatched(std::uint64_t classes);
bool DiskIsFull();
void PretendSync();

/// The path below the root ("" for the root itself), or false. No lock needed.
bool RelativePath(const char* path, std::string& relative);

/// Descriptors of files below the root.
void Track(int fd, const std::string& path, bool directory, bool direct);
void Untrack(int fd);
/// Without the lock: whether the descriptor is tracked.
bool IsTracked(int fd);
struct File {
  std::string path;
  bool directory = false;
  bool direct = false;  ///< opened with O_DIRECT
};
const File& FileOf(int fd);

/// The function that would have been called without the shim.
void* NextFunction(const char* name);
template <class Function>
Function* Next(const char* name, Function*) {
  return reinterpret_cast<Function*>(NextFunction(name));
}

}  // namespace shim
