#include "bench/worker.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <span>
#include <utility>

#include "base/time.h"

namespace blobgate::bench {

namespace {

constexpr std::size_t kBuffer = 256 * 1024;
constexpr std::size_t kTail = 4096;  // of a listing, holds the next marker
constexpr std::chrono::seconds kGrace{15};
constexpr std::chrono::milliseconds kRetry{20};

unsigned LanesOf(const Plan& plan, unsigned index) {
  return plan.connections / plan.threads + (index < plan.connections % plan.threads ? 1 : 0);
}

std::string FreshPrefix(const Plan& plan, std::uint64_t run_id) {
  char text[32];
  std::snprintf(text, sizeof text, "new-%08llx-", static_cast<unsigned long long>(run_id));
  return plan.prefix + text;
}

bool SendsContent(Operation operation) {
  return operation == Operation::kPut || operation == Operation::kBlock;
}

// Small bodies under TLS go with the head, in one record and one system call.
bool IsBodyInHead(const Plan& plan, const Request& request) {
  constexpr std::uint64_t kMost = 16 * 1024;
  return plan.target.secure && SendsContent(request.operation) && request.length <= kMost;
}

bool IsExpected(const Plan& plan, Operation operation, int status) {
  switch (operation) {
    case Operation::kGet:
    case Operation::kHead:
    case Operation::kList:
      return status == 200;
    case Operation::kRange:
      return status == 206;
    case Operation::kPut:
      return status == 201 || (!plan.target.azure && status == 204);
    case Operation::kBlock:
    case Operation::kBlockList:
      return status == 201;
    case Operation::kDelete:
      return status == (plan.target.azure ? 202 : 204);
  }
  return false;
}

// The text of an element without attributes; empty when it is not there.
std::string ElementText(std::string_view xml, std::string_view name) {
  const std::string open = "<" + std::string(name) + ">";
  const std::size_t begin = xml.rfind(open);
  if (begin == xml.npos) return {};
  const std::size_t end = xml.find('<', begin + open.size());
  if (end == xml.npos) return {};
  return std::string(xml.substr(begin + open.size(), end - begin - open.size()));
}

std::size_t CountOf(std::string_view text, std::string_view what) {
  std::size_t count = 0;
  for (std::size_t at = text.find(what); at != text.npos; at = text.find(what, at + what.size())) {
    ++count;
  }
  return count;
}

}  // namespace

Worker::Worker(const Plan& plan, const Content& content, const Endpoint& endpoint, unsigned index,
               std::uint64_t run_id)
    : plan_(plan),
      content_(content),
      endpoint_(endpoint),
      index_(index),
      prefixes_{plan.prefix, FreshPrefix(plan, run_id)},
      random_(Mix(plan.seed) + Mix(index)),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      buffer_(std::make_unique_for_overwrite<std::byte[]>(kBuffer)) {
  for (std::size_t fresh = 0; fresh < prefixes_.size(); ++fresh) {
    for (std::size_t i = 0; i < kOperations; ++i) {
      templates_[fresh][i] = HeadTemplate::Make(plan, Operation(i), prefixes_[fresh]);
    }
  }
  if (!plan.target.key.empty()) signer_.emplace(plan.target.key);
  for (unsigned i = 0; i < LanesOf(plan, index); ++i) {
    lanes_.push_back(std::make_unique<Lane>());
    lanes_.back()->history.marker = plan.list_marker;
  }
}

Worker::~Worker() {
  lanes_.clear();
  close(epoll_);
}

void Worker::Run(Source& source, const Window& window) {
  source_ = &source;
  window_ = window;
  schedule_.reset();
  idle_.clear();
  closed_.clear();
  failed_ = 0;
  if (window.rate > 0) {
    const double warmup = plan_.warmup_seconds * 1e9;
    const Instant start =
        window.begin - std::chrono::nanoseconds(static_cast<std::int64_t>(warmup));
    schedule_.emplace(window.rate, index_, plan_.threads, start);
  }
  for (auto& lane : lanes_) {
    if (lane->state == LaneState::kClosed) {
      Open(*lane);
    } else if (lane->state == LaneState::kIdle) {
      StartIfDue(*lane);
      Drive(*lane);
    }
  }
  for (Instant now = SteadyClock::now(); !Finished(now); now = SteadyClock::now()) {
    if (schedule_) DispatchDue(now);
    Wait(now);
  }
  for (auto& lane : lanes_) {
    if (lane->has_request) Fail(*lane, "no answer in time");
  }
  if (schedule_) totals_.unsent += schedule_->LeftBefore(window.end);
}

bool Worker::CreateContainer() {
  Lane& lane = *lanes_.front();
  lane.creating = lane.has_request = true;
  ++busy_;
  HeadValues values;
  values.date = Date(SteadyClock::now());
  HeadTemplate::MakeCreate(plan_).Render(values, signer_ ? &*signer_ : nullptr, lane.head);
  window_ = {};
  Open(lane);
  const Instant end = SteadyClock::now() + kGrace;
  for (Instant now = SteadyClock::now(); lane.creating && now < end; now = SteadyClock::now()) {
    Wait(now);
  }
  return !lane.creating && totals_.failures.empty();
}

bool Worker::Finished(Instant now) const {
  constexpr std::uint64_t kEnough = 100;  // failures after which filling is hopeless
  if (window_.until_empty && failed_ >= kEnough) return true;
  if (window_.until_empty) return busy_ == 0 && closed_.empty() && idle_.size() == lanes_.size();
  if (now < window_.end) return false;
  if (now >= window_.end + kGrace) return true;
  return busy_ == 0 && (!schedule_ || schedule_->next() >= window_.end);
}

// Waits for events, for the next request that is due, or for the end.
void Worker::Wait(Instant now) {
  Instant until = now + std::chrono::milliseconds(100);
  if (!window_.until_empty && now < window_.end) until = std::min(until, window_.end);
  if (schedule_ && !idle_.empty()) until = std::min(until, schedule_->next());
  if (!closed_.empty()) until = std::min(until, now + kRetry);
  const auto left = std::max(until - now, SteadyClock::duration::zero());
  const timespec timeout{
      std::chrono::duration_cast<std::chrono::seconds>(left).count(),
      std::chrono::duration_cast<std::chrono::nanoseconds>(left % std::chrono::seconds(1)).count()};
  std::array<epoll_event, 128> events;
  const int count = epoll_pwait2(epoll_, events.data(), events.size(), &timeout, nullptr);
  for (int i = 0; i < count; ++i) Drive(*static_cast<Lane*>(events[i].data.ptr));
  if (closed_.empty() || count > 0) return;
  for (Lane* lane : std::exchange(closed_, {})) Open(*lane);
}

void Worker::DispatchDue(Instant now) {
  while (!idle_.empty() && schedule_->next() <= now && schedule_->next() < window_.end) {
    Lane& lane = *idle_.front();
    idle_.pop_front();
    const Instant due = schedule_->next();
    schedule_->Advance();
    if (!TakeRequest(lane, due)) continue;
    Begin(lane);
    Drive(lane);
  }
}

void Worker::Open(Lane& lane) {
  lane.used = false;
  lane.state = LaneState::kConnecting;
  if (!lane.transport.Connect(endpoint_, epoll_, &lane)) {
    Fail(lane, std::string("connecting: ") + std::strerror(errno));
  }
}

void Worker::Drive(Lane& lane) {
  while (Step(lane)) {
  }
}

// False when there is nothing to do before the next event.
bool Worker::Step(Lane& lane) {
  switch (lane.state) {
    case LaneState::kClosed:
      return false;
    case LaneState::kConnecting: {
      const Io io = lane.transport.Establish();
      if (io.kind == Io::Kind::kAgain) return false;
      if (io.kind != Io::Kind::kDone) {
        Fail(lane, "connecting");
        return false;
      }
      lane.state = LaneState::kIdle;
      if (lane.has_request) {
        Begin(lane);
      } else {
        StartIfDue(lane);
      }
      return lane.state != LaneState::kIdle;
    }
    case LaneState::kIdle: {
      const Io io = lane.transport.Read({buffer_.get(), kBuffer});
      if (io.kind == Io::Kind::kAgain) return false;
      ++totals_.reconnects;
      std::erase(idle_, &lane);
      Open(lane);
      return lane.state != LaneState::kClosed;
    }
    case LaneState::kSending:
      return Send(lane);
    case LaneState::kReceiving:
      return Receive(lane);
  }
  return false;
}

// Gives an idle lane its next request in a closed loop; in an open one it lines up.
void Worker::StartIfDue(Lane& lane) {
  const Instant now = SteadyClock::now();
  const bool over = !window_.until_empty && now >= window_.end;
  if (schedule_ || over || !TakeRequest(lane, now)) {
    idle_.push_back(&lane);
    return;
  }
  Begin(lane);
}

bool Worker::TakeRequest(Lane& lane, Instant due) {
  if (source_ == nullptr || !source_->Next(random_, lane.history, lane.request)) return false;
  lane.has_request = true;
  lane.repeated = false;
  lane.due = due;
  ++busy_;
  Render(lane);
  return true;
}

void Worker::Render(Lane& lane) {
  const Request& request = lane.request;
  HeadValues values;
  values.number = request.number;
  values.length = SendsContent(request.operation) ? request.length : 0;
  values.first = request.offset;
  values.last = request.offset + request.length - 1;
  values.block = request.block;
  values.marker = lane.history.marker;
  if (signer_) values.date = Date(lane.due);
  std::string list;
  if (request.operation == Operation::kBlockList) {
    list = BlockListBody(request.block);
    values.length = list.size();
  }
  lane.head.clear();
  templates_[request.fresh ? 1 : 0][IndexOf(request.operation)].Render(
      values, signer_ ? &*signer_ : nullptr, lane.head);
  lane.head += list;
  if (!IsBodyInHead(plan_, request)) return;
  std::vector<iovec> pieces;
  content_.AppendTo(pieces, request.number, request.offset, request.length);
  for (const iovec& piece : pieces) {
    lane.head.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
  }
}

// Sends what was rendered, from its beginning.
void Worker::Begin(Lane& lane) {
  lane.pieces.clear();
  lane.sent_pieces = 0;
  lane.received = 0;
  lane.bytes_differ = false;
  lane.kept.clear();
  lane.pieces.push_back({lane.head.data(), lane.head.size()});
  const Request& request = lane.request;
  if (!lane.creating && SendsContent(request.operation) && !IsBodyInHead(plan_, request)) {
    content_.AppendTo(lane.pieces, request.number, request.offset, request.length);
  }
  lane.reader.Begin(!lane.creating && request.operation == Operation::kHead);
  lane.state = LaneState::kSending;
}

bool Worker::Send(Lane& lane) {
  const auto rest = std::span<const iovec>(lane.pieces).subspan(lane.sent_pieces);
  const Io io = lane.transport.Write(rest);
  if (io.kind == Io::Kind::kAgain) return false;
  if (io.kind != Io::Kind::kDone) {
    lane.state = LaneState::kReceiving;  // there may be an answer that says why
    return true;
  }
  std::size_t left = io.bytes;
  while (left > 0) {
    iovec& piece = lane.pieces[lane.sent_pieces];
    const std::size_t taken = std::min(left, piece.iov_len);
    piece.iov_base = static_cast<char*>(piece.iov_base) + taken;
    piece.iov_len -= taken;
    left -= taken;
    if (piece.iov_len == 0) ++lane.sent_pieces;
  }
  if (lane.sent_pieces == lane.pieces.size()) lane.state = LaneState::kReceiving;
  return true;
}

bool Worker::Receive(Lane& lane) {
  const bool drop = plan_.discard && lane.transport.can_drop() && lane.reader.Droppable() > 0;
  const Io io = drop ? lane.transport.Drop(lane.reader.Droppable())
                     : lane.transport.Read({buffer_.get(), kBuffer});
  if (io.kind == Io::Kind::kAgain) return false;
  if (io.kind != Io::Kind::kDone) {
    Broken(lane);
    return lane.state != LaneState::kClosed;
  }
  ResponseReader::State state;
  if (drop) {
    lane.received += io.bytes;
    state = lane.reader.Drop(io.bytes);
  } else {
    state = lane.reader.Feed({buffer_.get(), io.bytes}, [&](Bytes piece) { OnBody(lane, piece); });
  }
  if (state == ResponseReader::State::kBad) {
    Fail(lane, "not understood as HTTP");
    return false;
  }
  if (state == ResponseReader::State::kDone) Complete(lane);
  return true;
}

void Worker::OnBody(Lane& lane, Bytes piece) {
  const Operation operation = lane.request.operation;
  const bool good = !lane.creating && IsExpected(plan_, operation, lane.reader.status());
  if (!good) {
    if (lane.kept.size() < kTail) lane.kept += AsChars(piece);
  } else if (operation == Operation::kList) {
    lane.kept += AsChars(piece);
    if (!plan_.verify && lane.kept.size() > 64 * kTail)
      lane.kept.erase(0, lane.kept.size() - kTail);
  } else if (plan_.verify) {
    const std::uint64_t at = lane.request.offset + lane.received;
    lane.bytes_differ |= !content_.Matches(lane.request.number, at, piece);
  }
  lane.received += piece.size();
}

// Empty when the answer is what it should be.
std::string Worker::Judge(const Lane& lane) const {
  const int status = lane.reader.status();
  if (lane.creating) {
    return status == 201 || status == 409 ? "" : "creating: status " + std::to_string(status);
  }
  const Operation operation = lane.request.operation;
  const std::string name(kOperationNames[IndexOf(operation)]);
  if (!IsExpected(plan_, operation, status)) return name + ": status " + std::to_string(status);
  const bool reads = operation == Operation::kGet || operation == Operation::kRange;
  if (reads && lane.received != lane.request.length) return name + ": length";
  if (operation == Operation::kHead && lane.reader.content_length() != lane.request.length) {
    return name + ": length";
  }
  if (lane.bytes_differ) return name + ": bytes differ";
  if (operation == Operation::kList && plan_.verify) {
    const bool last = ElementText(lane.kept, "NextMarker").empty();
    if (!last && CountOf(lane.kept, "<Name>") != plan_.list_page) return name + ": page not full";
  }
  return {};
}

void Worker::Complete(Lane& lane) {
  const Instant now = SteadyClock::now();
  --busy_;
  lane.has_request = false;
  lane.used = true;
  lane.state = LaneState::kIdle;
  if (const std::string wrong = Judge(lane); !wrong.empty()) {
    ++failed_;
    ++totals_.failures[wrong];
    if (totals_.first_failure.empty()) totals_.first_failure = lane.kept.substr(0, 500);
  } else if (!lane.creating) {
    Count(lane, now);
    Remember(lane);
  }
  if (std::exchange(lane.creating, false)) return;
  if (!lane.reader.keep_alive()) {
    Open(lane);
    return;
  }
  StartIfDue(lane);
}

// A closed loop counts what ended in the window; an open one what was due in it, whenever it ended.
void Worker::Count(Lane& lane, Instant now) {
  const Instant counted = schedule_ ? lane.due : now;
  const bool inside = counted >= window_.begin && counted < window_.end;
  if (!window_.until_empty && !inside) return;
  OperationTotals& totals = totals_.operations[IndexOf(lane.request.operation)];
  totals.latency.Record(static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(now - lane.due).count()));
  totals.bytes_received += lane.received;
  if (SendsContent(lane.request.operation)) totals.bytes_sent += lane.request.length;
}

void Worker::Remember(Lane& lane) {
  constexpr std::size_t kMostRemembered = 4096;
  const Request& request = lane.request;
  History& history = lane.history;
  if (request.operation == Operation::kList && plan_.list_marker.empty()) {
    history.marker = ElementText(lane.kept, "NextMarker");
  }
  if (request.operation == Operation::kPut && request.fresh &&
      history.written.size() < kMostRemembered) {
    history.written.push_back(request.number);
  }
}

void Worker::Broken(Lane& lane) {
  if (!lane.used || lane.repeated || lane.reader.began() || lane.creating) {
    Fail(lane, "connection broken");
    return;
  }
  ++totals_.reconnects;
  lane.repeated = true;
  Open(lane);
}

// The request is given up; the lane connects anew after a while.
void Worker::Fail(Lane& lane, std::string what) {
  ++failed_;
  ++totals_.failures[what];
  if (lane.has_request) --busy_;
  lane.has_request = lane.creating = false;
  lane.transport.Close();
  lane.state = LaneState::kClosed;
  closed_.push_back(&lane);
}

std::string_view Worker::Date(Instant now) {
  if (date_.empty() || now >= date_until_) {
    date_ = FormatHttpDate(SystemClock().Now());
    date_until_ = now + std::chrono::seconds(1);
  }
  return date_;
}

}  // namespace blobgate::bench
