// What the shim knows: root, control page, journal, descriptors.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <unordered_map>
#include <vector>

#include "shim.h"

namespace shim {
namespace {

constexpr int kMaxTracked = 65536;

[[noreturn]] void Give(const char* what) {
  std::perror(what);
  std::_Exit(99);
}

const char* Setting(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr) Give(name);
  return value;
}

struct State {
  State();
  std::mutex lock;
  std::string root;
  Control* control = nullptr;
  int journal = -1;
  std::unordered_map<int, File> files;
  std::array<std::atomic<bool>, kMaxTracked> tracked{};
};

State::State() : root(Setting("BLOBGATE_SHIM_ROOT")) {
  const auto open = Next("open", &::open);
  const int page = open(Setting("BLOBGATE_SHIM_CONTROL"), O_RDWR | O_CLOEXEC);
  if (page < 0) Give("shim control page");
  // Not through the shim's own mmap, which asks this object.
  const auto mmap = Next("mmap", &::mmap);
  void* memory = mmap(nullptr, sizeof(Control), PROT_READ | PROT_WRITE, MAP_SHARED, page, 0);
  if (memory == MAP_FAILED) Give("shim control page");
  control = static_cast<Control*>(memory);
  if (const char* file = std::getenv("BLOBGATE_SHIM_JOURNAL")) {
    journal = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (journal < 0) Give("shim journal");
  }
}

// Never destroyed: threads of the daemon may still write while the process ends.
State& The() {
  static State* state = new State;
  return *state;
}

[[noreturn]] void Die() {
  ::kill(::getpid(), SIGKILL);
  for (;;) ::pause();
}

void WriteAll(int fd, std::vector<iovec> parts) {
  const auto writev = Next("writev", &::writev);
  std::size_t first = 0;
  while (first < parts.size()) {
    const int count = static_cast<int>(std::min<std::size_t>(parts.size() - first, IOV_MAX));
    ssize_t done = writev(fd, parts.data() + first, count);
    if (done < 0) Give("shim journal");
    for (; first < parts.size() && done >= static_cast<ssize_t>(parts[first].iov_len); ++first) {
      done -= static_cast<ssize_t>(parts[first].iov_len);
    }
    if (first == parts.size()) break;
    parts[first].iov_base = static_cast<char*>(parts[first].iov_base) + done;
    parts[first].iov_len -= static_cast<std::size_t>(done);
  }
}

struct Begin {
  Begin() {
    const std::lock_guard lock(The().lock);
    Write({.op = Op::kStart});
  }
} const begin;

}  // namespace

std::mutex& Lock() {
  return The().lock;
}

std::uint64_t Write(const Record& record) {
  State& state = The();
  if (state.journal < 0) return 0;
  RecordHead head{};
  head.magic = kRecordMagic;
  head.op = static_cast<std::uint8_t>(record.op);
  head.path_size = static_cast<std::uint16_t>(record.path.size());
  head.second_size = static_cast<std::uint16_t>(record.second.size());
  head.fd = record.fd;
  head.a = record.a;
  head.b = record.b;
  head.data_size = record.data_size;
  std::vector<iovec> out{{&head, sizeof(head)},
                         {const_cast<char*>(record.path.data()), record.path.size()},
                         {const_cast<char*>(record.second.data()), record.second.size()}};
  std::size_t left = record.data_size;
  for (const iovec* part = record.parts; left > 0; ++part) {
    const std::size_t take = std::min(left, part->iov_len);
    out.push_back({part->iov_base, take});
    left -= take;
  }
  WriteAll(state.journal, std::move(out));
  return std::atomic_ref(state.control->records).fetch_add(1);
}

Verdict Judge(std::uint64_t classes, std::string_view call, std::string_view path) {
  Control& control = *The().control;
  if ((control.mask & classes) == 0) return {};
  const std::uint64_t number = control.matched++;
  if (control.action == kNothing || number < control.first || number > control.last) return {};
  Verdict verdict{static_cast<Action>(control.action), static_cast<int>(control.error)};
  if (verdict.action == kShortenThenFail) {
    verdict.action = control.fired == 0 && (classes & kWrite) != 0 ? kShorten : kFail;
    std::atomic_ref(control.full).store(1);
  }
  if (control.fired++ == 0) {
    std::snprintf(control.what, sizeof(control.what), "call %llu: %.*s %.*s",
                  static_cast<unsigned long long>(number), static_cast<int>(call.size()),
                  call.data(), static_cast<int>(path.size()), path.data());
  }
  if (verdict.action == kKillBefore) Die();
  return verdict;
}

void Finish(const Verdict& verdict) {
  if (verdict.action == kKillAfter) Die();
}

bool IsWatched(std::uint64_t classes) {
  return (std::atomic_ref(The().control->mask).load() & classes) != 0;
}

bool DiskIsFull() {
  return std::atomic_ref(The().control->full).load() != 0;
}

void PretendSync() {
  const std::uint64_t time = std::atomic_ref(The().control->sync_microseconds).load();
  if (time > 0) ::usleep(static_cast<useconds_t>(time));
}

bool RelativePath(const char* path, std::string& relative) {
  const std::string& root = The().root;
  if (path == nullptr || std::string_view(path).substr(0, root.size()) != root) return false;
  std::string_view rest = std::string_view(path).substr(root.size());
  if (!rest.empty() && rest.front() != '/') return false;
  relative.clear();
  for (const char c : rest) {
    if (c == '/' && (relative.empty() || relative.back() == '/')) continue;
    relative.push_back(c);
  }
  if (!relative.empty() && relative.back() == '/') relative.pop_back();
  return true;
}

void Track(int fd, const std::string& path, bool directory, bool direct) {
  if (fd < 0 || fd >= kMaxTracked) return;
  The().files[fd] = {path, directory, direct};
  The().tracked[static_cast<std::size_t>(fd)] = true;
}

void Untrack(int fd) {
  The().tracked[static_cast<std::size_t>(fd)] = false;
  The().files.erase(fd);
}

bool IsTracked(int fd) {
  return fd >= 0 && fd < kMaxTracked && The().tracked[static_cast<std::size_t>(fd)];
}

const File& FileOf(int fd) {
  return The().files[fd];
}

void* NextFunction(const char* name) {
  void* function = ::dlsym(RTLD_NEXT, name);
  if (function == nullptr) Give(name);
  return function;
}

}  // namespace shim
