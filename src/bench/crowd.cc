#include "bench/crowd.h"

#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>

#include "base/time.h"
#include "bench/head_template.h"
#include "bench/response_reader.h"
#include "bench/signer.h"

namespace blobgate::bench {
namespace {

constexpr std::chrono::milliseconds kStep{250};  // between two visits of a slow reader
constexpr int kSlowWindow = 4096;                // its receive buffer, bytes

}  // namespace

struct Crowd::Member {
  Transport transport;
  ResponseReader reader;
  bool slow = false;
  bool asked = false;
  bool gone = false;
  std::uint64_t number = 0;  ///< of the blob it reads
};

Crowd::Crowd(const Plan& plan, const Endpoint& endpoint)
    : plan_(plan), endpoint_(endpoint), epoll_(epoll_create1(EPOLL_CLOEXEC)) {}

Crowd::~Crowd() {
  thread_ = {};  // stops and joins
  members_.clear();
  close(epoll_);
}

Result<std::unique_ptr<Crowd>> Crowd::Start(const Plan& plan, const Endpoint& endpoint) {
  std::unique_ptr<Crowd> crowd(new Crowd(plan, endpoint));
  BG_CHECK(crowd->Open());
  crowd->thread_ = std::jthread([raw = crowd.get()](std::stop_token stop) { raw->Work(stop); });
  return crowd;
}

// One after the other: a listener's queue is short.
Status Crowd::Open() {
  for (unsigned i = 0; i < plan_.idle_connections + plan_.slow_readers; ++i) {
    auto member = std::make_unique<Member>();
    member->slow = i >= plan_.idle_connections;
    member->number = i;
    if (!member->transport.Connect(endpoint_, epoll_, member.get())) {
      return Fail(Errc::kUnavailable, "connection " + std::to_string(i) + " beside the measured");
    }
    if (member->slow) {
      setsockopt(member->transport.fd(), SOL_SOCKET, SO_RCVBUF, &kSlowWindow, sizeof kSlowWindow);
    }
    Io io = member->transport.Establish();
    for (int tries = 0; io.kind == Io::Kind::kAgain && tries < 10'000; ++tries) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      io = member->transport.Establish();
    }
    if (io.kind != Io::Kind::kDone) {
      return Fail(Errc::kUnavailable, "connection " + std::to_string(i) + " beside the measured");
    }
    members_.push_back(std::move(member));
  }
  left_ = members_.size();
  return {};
}

void Crowd::Work(const std::stop_token& stop) {
  const auto buffer = std::make_unique<std::byte[]>(64 * 1024);
  const std::uint64_t share = plan_.slow_bytes_per_second * kStep.count() / 1000;
  const std::size_t size = std::clamp<std::uint64_t>(share, 1, 64 * 1024);
  while (!stop.stop_requested()) {
    for (const auto& member : members_) {
      if (!member->gone) Visit(*member, {buffer.get(), size});
    }
    std::this_thread::sleep_for(kStep);
  }
}

void Crowd::Visit(Member& member, MutableBytes buffer) {
  if (member.slow && !member.asked) Ask(member);
  const Io io = member.transport.Read(buffer);
  if (io.kind == Io::Kind::kAgain) return;
  if (io.kind != Io::Kind::kDone) {
    member.gone = true;
    member.transport.Close();
    --left_;
    return;
  }
  const auto state = member.reader.Feed(buffer.first(io.bytes), [](Bytes) {});
  if (state == ResponseReader::State::kDone) member.asked = false;
}

void Crowd::Ask(Member& member) {
  HeadValues values;
  values.number = member.number % plan_.blobs;
  const std::string date = FormatHttpDate(SystemClock().Now());
  values.date = date;
  std::string head;
  Signer signer(plan_.target.key);
  HeadTemplate::Make(plan_, Operation::kGet, plan_.prefix).Render(values, &signer, head);
  const iovec piece{head.data(), head.size()};
  member.transport.Write({&piece, 1});  // small; what fails is noticed when nothing comes
  member.reader.Begin(false);
  member.asked = true;
}

void RaiseFileLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace blobgate::bench
