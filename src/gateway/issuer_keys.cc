#include "gateway/issuer_keys.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/log.h"

namespace blobgate::gateway {
namespace {

constexpr std::chrono::milliseconds kPoll{20};
constexpr std::chrono::seconds kLongestWait{10};

/// What tells one content of a file from another without reading it.
using FileMark = std::array<std::int64_t, 5>;

struct FileContent {
  FileMark mark{};
  std::optional<std::string> text;  ///< nullopt: the file is as `known` says
};

class Descriptor {
 public:
  explicit Descriptor(const std::string& file) : fd_(open(file.c_str(), O_RDONLY | O_CLOEXEC)) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

std::unexpected<Error> Unreadable(const std::string& file) {
  return Fail(Errc::kIoError, file + ": " + std::strerror(errno));
}

// Blocks.
Result<FileContent> ReadWhenChanged(const std::string& file, const std::optional<FileMark>& known) {
  const Descriptor in(file);
  struct stat status{};
  if (in.get() < 0 || fstat(in.get(), &status) != 0) return Unreadable(file);
  FileContent out;
  out.mark = {static_cast<std::int64_t>(status.st_dev), static_cast<std::int64_t>(status.st_ino),
              status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
  if (known == out.mark) return out;
  std::string text(auth::KeySet::kMaxBytes + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t n = read(in.get(), text.data() + size, text.size() - size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Unreadable(file);
    if (n == 0) break;
    size += static_cast<std::size_t>(n);
  }
  text.resize(size);
  out.text = std::move(text);
  return out;
}

Task<Result<std::string>> ReadBody(http::BodyReader& body) {
  std::string text(auth::KeySet::kMaxBytes + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const MutableBytes rest(reinterpret_cast<std::byte*>(text.data()) + size, text.size() - size);
    BG_CO_TRY(const std::size_t n, co_await body.Read(rest));
    if (n == 0) break;
    size += n;
  }
  text.resize(size);
  co_return text;
}

}  // namespace

struct IssuerKeys::Entry {
  KeyOrigin origin;
  std::optional<FileMark> mark;  ///< of the file that `keys` came from; used only while busy

  mutable std::mutex mutex;  ///< of what follows
  std::shared_ptr<const auth::KeySet> keys = std::make_shared<auth::KeySet>();
  std::optional<Time> tried;
  bool busy = false;

  bool IsBusy() const {
    const std::lock_guard lock(mutex);
    return busy;
  }
  bool HasKeys() const {
    const std::lock_guard lock(mutex);
    return !keys->empty();
  }
  void Finish(std::shared_ptr<const auth::KeySet> fresh) {
    const std::lock_guard lock(mutex);
    if (fresh) keys = std::move(fresh);
    busy = false;
  }
};

IssuerKeys::IssuerKeys(std::vector<KeyOrigin> origins, OutsideClient& outside, const Clock& clock,
                       operations::Background& background, KeyTimes times)
    : outside_(outside), clock_(clock), background_(background), times_(times) {
  for (KeyOrigin& origin : origins) {
    auto entry = std::make_unique<Entry>();
    if (!origin.file.empty() && !pool_) pool_ = std::make_unique<boost::asio::thread_pool>(1);
    if (origin.fixed) entry->keys = origin.fixed;
    entry->origin = std::move(origin);
    entries_.push_back(std::move(entry));
  }
}

IssuerKeys::~IssuerKeys() = default;

std::shared_ptr<const auth::KeySet> IssuerKeys::KeysOf(std::size_t issuer) const {
  const Entry& entry = *entries_.at(issuer);
  const std::lock_guard lock(entry.mutex);
  return entry.keys;
}

// True: the caller must Load. The clock may have been set back; then it is time as well.
bool IssuerKeys::Begin(Entry& entry, std::chrono::seconds gap) {
  if (entry.origin.fixed) return false;
  const Time now = clock_.Now();
  const std::lock_guard lock(entry.mutex);
  if (entry.busy) return false;
  if (entry.tried && now >= *entry.tried && now - *entry.tried < gap) return false;
  entry.tried = now;
  entry.busy = true;
  return true;
}

Task<void> IssuerKeys::Prepare(std::string_view token, const auth::OAuth& oauth) {
  for (const auto& entry : entries_) {
    const auto gap = entry->origin.url ? times_.url_age : times_.file_check;
    if (!Begin(*entry, gap)) continue;
    if (entry->origin.url && entry->HasKeys()) {
      background_.Spawn("issuer keys", [this, e = entry.get()] { return Load(*e); });
    } else {
      co_await Load(*entry);
    }
  }
  const auto missing = oauth.MissingKeyOf(token);
  if (!missing) co_return;
  Entry& entry = *entries_.at(*missing);
  if (Begin(entry, times_.unknown_kid)) {
    co_await Load(entry);
  } else {
    co_await WaitFor(entry);
  }
}

Task<void> IssuerKeys::LoadAll() {
  for (const auto& entry : entries_) {
    if (Begin(*entry, std::chrono::seconds(0))) co_await Load(*entry);
  }
}

Task<void> IssuerKeys::WaitFor(const Entry& entry) {
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
  const auto deadline = std::chrono::steady_clock::now() + kLongestWait;
  while (entry.IsBusy() && std::chrono::steady_clock::now() < deadline) {
    timer.expires_after(kPoll);
    co_await timer.async_wait(boost::asio::use_awaitable);
  }
}

Task<void> IssuerKeys::Load(Entry& entry) {
  // A request that is cut here must not leave the entry busy for ever.
  struct Release {
    Entry& entry;
    std::shared_ptr<const auth::KeySet> fresh;
    ~Release() { entry.Finish(std::move(fresh)); }
  } release{entry, nullptr};
  const auto text = co_await Read(entry);
  if (text && text->empty()) co_return;  // the file did not change
  Result<auth::KeySet> keys =
      text ? auth::KeySet::Parse(*text) : Result<auth::KeySet>(std::unexpected(text.error()));
  if (!keys) {
    spdlog::warn("keys of issuer {} not read: {}", entry.origin.issuer, keys.error().detail);
    co_return;
  }
  spdlog::info("issuer {} has {} keys", entry.origin.issuer, keys->size());
  release.fresh = std::make_shared<auth::KeySet>(std::move(*keys));
}

Task<Result<std::string>> IssuerKeys::Read(Entry& entry) {
  if (entry.origin.url) co_return co_await Fetch(entry);
  co_return co_await ReadFile(entry);
}

Task<Result<std::string>> IssuerKeys::ReadFile(Entry& entry) {
  auto read = [file = entry.origin.file, known = entry.mark] {
    return ReadWhenChanged(file, known);
  };
  BG_CO_TRY(FileContent content, co_await RunBlocking(*pool_, std::move(read)));
  entry.mark = content.mark;
  if (!content.text) co_return std::string();
  if (content.text->empty()) co_return Fail(Errc::kInvalidArgument, "the file is empty");
  co_return std::move(*content.text);
}

// The operator named the host, so that it may be anywhere; redirects are not followed.
Task<Result<std::string>> IssuerKeys::Fetch(const Entry& entry) {
  const SourceUrl& url = *entry.origin.url;
  net::ClientRequest request;
  request.secure = url.tls;
  request.host = url.host;
  request.port = url.port;
  request.target = url.target;
  request.headers = {{"accept", "application/json"}, {"accept-encoding", "identity"}};
  BG_CO_TRY(auto response,
            co_await outside_.Get(std::move(request),
                                  [](const boost::asio::ip::address&) { return true; }));
  if (response.status != 200) {
    co_return Fail(Errc::kUnavailable, "status " + std::to_string(response.status));
  }
  BG_CO_TRY(std::string text, co_await ReadBody(*response.body));
  if (text.empty()) co_return Fail(Errc::kInvalidArgument, "the answer is empty");
  co_return text;
}

}  // namespace blobgate::gateway
