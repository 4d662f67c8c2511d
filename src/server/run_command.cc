#include "server/run_command.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

namespace blobgate::server {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMostInput = 4096;  // what every pipe takes at once
constexpr std::size_t kMostErrors = 1024;

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() { Close(); }
  void Close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  int get() const { return fd_; }

 private:
  int fd_ = -1;
};

struct Pipe {
  Descriptor read;
  Descriptor write;
};

std::unexpected<Error> Failed(const CommandRun& run, int error) {
  return Fail(Errc::kIoError, run.argv.front() + ": " + std::strerror(error));
}

Result<Pipe> NewPipe(const CommandRun& run) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return Failed(run, errno);
  return Pipe{Descriptor(ends[0]), Descriptor(ends[1])};
}

/// Ours, less what only we are to tell the service manager, and what the run adds.
std::vector<std::string> EnvironmentOf(const CommandRun& run) {
  constexpr std::array<std::string_view, 3> kOurs{"NOTIFY_SOCKET=", "WATCHDOG_", "LISTEN_"};
  std::vector<std::string> out;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const bool ours = std::ranges::any_of(
        kOurs, [text](std::string_view prefix) { return text.starts_with(prefix); });
    if (!ours) out.emplace_back(text);
  }
  out.insert(out.end(), run.environment.begin(), run.environment.end());
  return out;
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

/// What posix_spawn is told: signals as a program expects them, a group of its own, and descriptors
/// 0 to 2 only.
class SpawnSettings {
 public:
  SpawnSettings(int in, int out, int errors) {
    posix_spawnattr_init(&attributes_);
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    posix_spawn_file_actions_init(&files_);
    posix_spawn_file_actions_adddup2(&files_, in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&files_, out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&files_, errors, STDERR_FILENO);
    posix_spawn_file_actions_addclosefrom_np(&files_, STDERR_FILENO + 1);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;
  ~SpawnSettings() {
    posix_spawnattr_destroy(&attributes_);
    posix_spawn_file_actions_destroy(&files_);
  }

  /// 0, or an errno.
  int Spawn(pid_t& pid, const CommandRun& run) const {
    std::vector<std::string> arguments = run.argv;
    std::vector<std::string> environment = EnvironmentOf(run);
    return posix_spawn(&pid, run.argv.front().c_str(), &files_, &attributes_,
                       Pointers(arguments).data(), Pointers(environment).data());
  }

 private:
  posix_spawnattr_t attributes_;
  posix_spawn_file_actions_t files_;
};

/// A process of a group of its own. Killed, with its group, and waited for when it goes.
class Child {
 public:
  Child(pid_t pid, Descriptor out, Descriptor errors)
      : pid_(pid),
        handle_(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))),
        out_(std::move(out)),
        errors_(std::move(errors)) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() { Wait(); }

  /// Reads what it writes until it has ended. kTimeout, kTooLarge, kCancelled, kIoError: it has
  /// not.
  Status Read(const CommandRun& run, int stopped) {
    const auto deadline = Clock::now() + run.time;
    if (handle_.get() < 0) return Failed(run, errno);
    std::array<pollfd, 4> polled{pollfd{handle_.get(), POLLIN, 0}, pollfd{stopped, POLLIN, 0},
                                 pollfd{out_.get(), POLLIN, 0}, pollfd{errors_.get(), POLLIN, 0}};
    while (true) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
      if (left.count() <= 0) return Fail(Errc::kTimeout, run.argv.front() + ": takes too long");
      const int ready = ::poll(polled.data(), polled.size(), static_cast<int>(left.count()));
      if (ready < 0 && errno != EINTR) return Failed(run, errno);
      if (ready <= 0) continue;
      // It may have written before it ended: the pipes once more.
      if (polled[2].fd >= 0 && !Drain(out_, output_)) polled[2].fd = -1;
      if (polled[3].fd >= 0 && !Drain(errors_, complaint_)) polled[3].fd = -1;
      if (complaint_.size() > kMostErrors) complaint_.resize(kMostErrors);
      if (output_.size() > run.most_output) {
        return Fail(Errc::kTooLarge, run.argv.front() + ": writes too much");
      }
      if (polled[1].revents != 0) return Fail(Errc::kCancelled, "stopping");
      if (polled[0].revents != 0) return {};
    }
  }

  /// How it ended, as waitpid says; what is left of its group is killed.
  int Wait() {
    if (pid_ < 0) return status_;
    ::kill(-pid_, SIGKILL);
    while (::waitpid(pid_, &status_, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return status_;
  }

  std::string& output() { return output_; }
  /// The first line of its standard error, printable.
  std::string Complaint() const {
    std::string line = complaint_.substr(0, complaint_.find('\n'));
    for (char& c : line) {
      if (c < ' ' || c > '~') c = '?';
    }
    return line;
  }

 private:
  /// All that is there now: a pipe holds no more. False: nothing will come any more.
  static bool Drain(const Descriptor& from, std::string& into) {
    std::array<char, 64 * 1024> piece;
    const ssize_t got = ::read(from.get(), piece.data(), piece.size());
    if (got < 0) return errno == EAGAIN || errno == EINTR;
    into.append(piece.data(), static_cast<std::size_t>(got));
    return got > 0;
  }

  pid_t pid_;
  int status_ = 0;
  const Descriptor handle_;
  const Descriptor out_;
  const Descriptor errors_;
  std::string output_;
  std::string complaint_;
};

Status CheckEnd(const CommandRun& run, int status) {
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  const std::string how = WIFSIGNALED(status)
                              ? "was ended by signal " + std::to_string(WTERMSIG(status))
                              : "ended with code " + std::to_string(WEXITSTATUS(status));
  return Fail(Errc::kIoError, run.argv.front() + ": " + how);
}

}  // namespace

// The input waits in its pipe before the program starts, so that nobody waits for the other.
Result<std::string> RunCommand(const CommandRun& run, std::string_view input,
                               const std::stop_token& stop) {
  if (input.size() > kMostInput) return Fail(Errc::kTooLarge, "input of a command");
  BG_TRY(Pipe in, NewPipe(run));
  BG_TRY(Pipe out, NewPipe(run));
  BG_TRY(Pipe errors, NewPipe(run));
  const Descriptor stopped(::eventfd(0, EFD_CLOEXEC));
  if (stopped.get() < 0) return Failed(run, errno);
  for (const int fd : {out.read.get(), errors.read.get()}) ::fcntl(fd, F_SETFL, O_NONBLOCK);
  if (::write(in.write.get(), input.data(), input.size()) != std::ssize(input)) {
    return Failed(run, errno);
  }
  in.write.Close();

  pid_t pid = -1;
  const SpawnSettings settings(in.read.get(), out.write.get(), errors.write.get());
  if (const int error = settings.Spawn(pid, run); error != 0) return Failed(run, error);
  Child child(pid, std::move(out.read), std::move(errors.read));
  for (Descriptor* const end : {&in.read, &out.write, &errors.write}) end->Close();

  const std::stop_callback wake(stop, [&stopped] { ::eventfd_write(stopped.get(), 1); });
  Status done = child.Read(run, stopped.get());
  const int status = child.Wait();
  if (done) done = CheckEnd(run, status);
  if (!done) {
    const std::string complaint = child.Complaint();
    return Fail(done.error().code,
                done.error().detail + (complaint.empty() ? "" : " (" + complaint + ")"));
  }
  return std::move(child.output());
}

}  // namespace blobgate::server
