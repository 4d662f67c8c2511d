#include "bench/crowd.h"

#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>

#include "base/time.h"
#include "bench/content.h"
#include "bench/head_template.h"
#include "bench/response_reader.h"
#include "bench/signer.h"

namespace blobgate::bench {
namespace {

constexpr std::chrono::milliseconds kStep{250};   // between two visits of a member
constexpr int kSlowWindow = 4096;                 // a slow reader's receive buffer, bytes
constexpr std::uint64_t kSlowBody = 1024 * 1024;  // that is announced, bytes
constexpr std::uint64_t kSpread = 8 * 1024;  // of a body that comes at once: not all are in step
constexpr std::string_view kFiller = "x-ms-client-note: slow slow slow slow slow slow slow\r\n";

enum class Kind { kIdle, kReader, kHead, kBody };

}  // namespace

struct Crowd::Member {
  Kind kind = Kind::kIdle;
  std::uint64_t number = 0;  ///< of the blob it reads or puts
  Transport transport;
  ResponseReader reader;
  bool established = false;
  bool asked = false;
  bool gone = false;
  std::string to_send;        ///< of its request
  std::uint64_t at_once = 0;  ///< so much of that goes without delay
  std::uint64_t endless = 0;  ///< filler still due behind it

  bool sends_slowly() const { return kind == Kind::kHead || kind == Kind::kBody; }
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

Status Crowd::Open() {
  const std::pair<Kind, unsigned> kinds[] = {{Kind::kIdle, plan_.idle_connections},
                                             {Kind::kReader, plan_.slow_readers},
                                             {Kind::kHead, plan_.slow_heads},
                                             {Kind::kBody, plan_.slow_bodies}};
  for (const auto& [kind, count] : kinds) {
    for (unsigned i = 0; i < count; ++i) {
      auto member = std::make_unique<Member>();
      member->kind = kind;
      member->number = members_.size();
      BG_CHECK(OpenOne(std::move(member)));
    }
  }
  left_ = members_.size();
  return {};
}

// One after the other: a listener's queue is short.
Status Crowd::OpenOne(std::unique_ptr<Member> member) {
  Transport& transport = member->transport;
  const std::string what = "connection " + std::to_string(members_.size()) + " beside the measured";
  if (!transport.Connect(endpoint_, epoll_, member.get())) return Fail(Errc::kUnavailable, what);
  if (member->kind == Kind::kReader) {
    setsockopt(transport.fd(), SOL_SOCKET, SO_RCVBUF, &kSlowWindow, sizeof kSlowWindow);
  }
  Io io = transport.Establish();
  for (int tries = 0; io.kind == Io::Kind::kAgain && tries < 10'000; ++tries) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    io = transport.Establish();
  }
  if (io.kind != Io::Kind::kDone) return Fail(Errc::kUnavailable, what);
  member->established = true;
  // At once: a server ends who asks for nothing, and all of them take their time to connect.
  if (member->kind != Kind::kIdle) {
    Begin(*member);
    Send(*member);
  }
  members_.push_back(std::move(member));
  return {};
}

void Crowd::Work(const std::stop_token& stop) {
  const auto buffer = std::make_unique<std::byte[]>(64 * 1024);
  const std::uint64_t share = plan_.slow_bytes_per_second * kStep.count() / 1000;
  const std::size_t size = std::clamp<std::uint64_t>(share, 1, 64 * 1024);
  while (!stop.stop_requested()) {
    const auto next = std::chrono::steady_clock::now() + kStep;
    for (const auto& member : members_) {
      if (!member->gone) Visit(*member, {buffer.get(), size});
    }
    std::this_thread::sleep_until(next);
  }
}

void Crowd::Visit(Member& member, MutableBytes buffer) {
  if (!member.established) {
    const Io io = member.transport.Establish();
    if (io.kind == Io::Kind::kAgain) return;
    if (io.kind != Io::Kind::kDone) return Leave(member);
    member.established = true;
  }
  if (member.kind != Kind::kIdle && !member.asked) Begin(member);
  if (member.sends_slowly()) member.at_once += buffer.size();
  Send(member);
  Receive(member, buffer);
}

void Crowd::Receive(Member& member, MutableBytes buffer) {
  const Io io = member.transport.Read(buffer);
  if (io.kind == Io::Kind::kAgain) return;
  if (io.kind != Io::Kind::kDone) return Leave(member);
  const auto state = member.reader.Feed(buffer.first(io.bytes), [](Bytes) {});
  if (state == ResponseReader::State::kHead || state == ResponseReader::State::kBody) return;
  // A body that was refused is not sent to its end.
  if (member.sends_slowly()) return Leave(member);
  member.asked = false;
}

void Crowd::Begin(Member& member) {
  HeadValues values;
  const bool puts = member.kind == Kind::kBody;
  values.number = puts ? member.number : member.number % plan_.blobs;
  values.length = puts ? kSlowBody : 0;
  const std::string date = FormatHttpDate(SystemClock().Now());
  values.date = date;
  Signer signer(plan_.target.key);
  HeadTemplate::Make(plan_, puts ? Operation::kPut : Operation::kGet,
                     puts ? plan_.prefix + "-slow-" : plan_.prefix)
      .Render(values, &signer, member.to_send);
  member.at_once = member.kind == Kind::kHead ? 0 : member.to_send.size();
  if (puts) member.at_once += Mix(member.number) % kSpread;
  if (member.kind == Kind::kHead) member.to_send.resize(member.to_send.size() - 2);  // goes on
  member.endless = puts ? kSlowBody : member.kind == Kind::kHead ? ~std::uint64_t{0} : 0;
  member.reader.Begin(false);
  member.asked = true;
}

// What is due of the request. What fails is noticed when it is read.
void Crowd::Send(Member& member) {
  while (member.endless > 0 && member.to_send.size() < member.at_once) {
    const auto more =
        static_cast<std::size_t>(std::min<std::uint64_t>(member.endless, kFiller.size()));
    member.to_send += kFiller.substr(0, more);
    member.endless -= more;
  }
  const auto due =
      static_cast<std::size_t>(std::min<std::uint64_t>(member.at_once, member.to_send.size()));
  if (due == 0) return;
  const iovec piece{member.to_send.data(), due};
  const Io io = member.transport.Write({&piece, 1});
  if (io.kind != Io::Kind::kDone) return;
  member.to_send.erase(0, io.bytes);
  member.at_once -= io.bytes;
}

void Crowd::Leave(Member& member) {
  member.transport.Close();
  const bool again = member.sends_slowly() && member.transport.Connect(endpoint_, epoll_, &member);
  member.established = member.asked = false;
  member.to_send.clear();
  if (again) {
    ++returned_;
  } else {
    member.gone = true;
    --left_;
  }
}

void RaiseFileLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace blobgate::bench
