#include "engine/local/read_ring.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/this_coro.hpp>
#include <iterator>
#include <system_error>
#include <utility>

namespace blobgate::engine {

/// What a read needs, from its beginning until the kernel is done with it.
struct ReadRing::Pending {
  Request request;
  Completer<std::optional<int>> done;
};

// Processes of the container or the machine may be forbidden to use rings: EPERM, ENOSYS.
ReadRing::ReadRing(boost::asio::execution_context& context) : service(context) {
  event_fd_ = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (event_fd_ < 0) return;
  int failed = ::io_uring_queue_init(kMost, &ring_, 0);
  if (failed == 0) {
    open_ = true;
    failed = ::io_uring_register_eventfd(&ring_, event_fd_);
  }
  if (failed == 0) return;
  spdlog::info("no io_uring ({}): reads wait in threads", std::generic_category().message(-failed));
  if (std::exchange(open_, false)) ::io_uring_queue_exit(&ring_);
}

ReadRing::~ReadRing() {
  if (open_) ::io_uring_queue_exit(&ring_);
  if (event_fd_ >= 0) ::close(event_fd_);
}

ReadRing& ReadRing::Of(const boost::asio::any_io_executor& executor) {
  return boost::asio::use_service<ReadRing>(
      boost::asio::query(executor, boost::asio::execution::context));
}

Task<std::optional<int>> ReadRing::Read(Request request) {
  const auto executor = co_await boost::asio::this_coro::executor;
  auto start = [this, &request, &executor](Completer<std::optional<int>> done) {
    if (!Begin(std::move(request), executor, done)) done(std::nullopt);
  };
  co_return co_await AwaitCompletion<std::optional<int>>(std::move(start));
}

// False: what is finished would not be heard of.
bool ReadRing::Listen(const boost::asio::any_io_executor& executor) {
  if (event_) return true;
  boost::system::error_code failed;
  Event event(executor);
  event.assign(event_fd_, failed);
  if (failed) {
    open_ = false;
    ::io_uring_queue_exit(&ring_);
    return false;
  }
  event_fd_ = -1;
  event_.emplace(std::move(event));
  return true;
}

bool ReadRing::Begin(Request request, const boost::asio::any_io_executor& executor,
                     Completer<std::optional<int>>& done) {
  const std::lock_guard lock(mutex_);
  if (!open_ || in_flight_ == kMost || !Listen(executor)) return false;
  io_uring_sqe* entry = ::io_uring_get_sqe(&ring_);
  if (entry == nullptr) return false;
  ::io_uring_prep_read(entry, request.file->fd(), request.memory->data(),
                       static_cast<unsigned>(request.size), request.offset);
  auto pending = std::make_unique<Pending>(std::move(request));
  ::io_uring_sqe_set_data(entry, pending.get());
  (void)::io_uring_submit(&ring_);
  if (::io_uring_sq_ready(&ring_) > 0) {
    // The kernel has no memory: it stays in the queue and goes with the next, as nothing to do.
    ::io_uring_prep_nop(entry);
    ::io_uring_sqe_set_data(entry, nullptr);
    return false;
  }
  pending->done = std::move(done);
  (void)pending.release();  // to Collect
  ++in_flight_;
  if (!std::exchange(waiting_, true)) AwaitEvent();
  return true;
}

// Not async_wait, which calls epoll_ctl each time.
void ReadRing::AwaitEvent() {
  event_->async_read_some(boost::asio::buffer(&event_count_, sizeof event_count_),
                          [this](const boost::system::error_code& failed, std::size_t) {
                            if (!failed) Collect();
                          });
}

/// Takes what the kernel is done with off the ring.
std::vector<ReadRing::Finished> ReadRing::TakeFinished() {
  std::vector<Finished> finished;
  io_uring_cqe* entry = nullptr;
  while (::io_uring_peek_cqe(&ring_, &entry) == 0) {
    if (auto* pending = static_cast<Pending*>(::io_uring_cqe_get_data(entry))) {
      finished.emplace_back(std::unique_ptr<Pending>(pending), entry->res);
      --in_flight_;
    }
    ::io_uring_cqe_seen(&ring_, entry);
  }
  return finished;
}

void ReadRing::Collect() {
  std::vector<Finished> finished;
  {
    const std::lock_guard lock(mutex_);
    finished = TakeFinished();
    waiting_ = in_flight_ > 0;
    if (waiting_) AwaitEvent();
  }
  for (auto& [pending, result] : finished) pending->done(result);
}

// The kernel writes into their memory: it stays until it has. The Tasks go with what waits for
// them.
void ReadRing::shutdown() {
  std::vector<Finished> finished;
  while (in_flight_ > 0) {
    io_uring_cqe* entry = nullptr;
    (void)::io_uring_wait_cqe(&ring_, &entry);
    std::ranges::move(TakeFinished(), std::back_inserter(finished));
  }
  event_.reset();
}

}  // namespace blobgate::engine
