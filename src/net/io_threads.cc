#include "net/io_threads.h"

#include <signal.h>

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <thread>

#include "base/log.h"

namespace blobgate::net {

struct IoThreads::Thread {
  Thread() : context(1), work(context.get_executor()), thread([this] { Run(); }) {}

  // An exception that reaches the loop is a bug of one task; the other connections go on. A peer
  // that is gone is an error of whoever sends, not a signal (splice(2) has no MSG_NOSIGNAL).
  void Run() {
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
    while (!context.stopped()) {
      try {
        context.run();
      } catch (const std::exception& e) {
        spdlog::error("exception in an io thread: {}", e.what());
      }
    }
  }

  boost::asio::io_context context;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work;
  std::thread thread;
};

IoThreads::IoThreads(unsigned count) {
  for (unsigned i = 0; i < std::max(count, 1u); ++i) {
    threads_.push_back(std::make_unique<Thread>());
  }
}

IoThreads::~IoThreads() {
  Stop();
  Join();
}

boost::asio::any_io_executor IoThreads::executor(std::size_t index) const {
  return threads_[index]->context.get_executor();
}

boost::asio::any_io_executor IoThreads::Next() {
  return executor(next_.fetch_add(1, std::memory_order_relaxed) % threads_.size());
}

void IoThreads::Stop() {
  for (const auto& thread : threads_) thread->context.stop();
}

void IoThreads::Join() {
  for (const auto& thread : threads_) {
    if (thread->thread.joinable()) thread->thread.join();
  }
}

}  // namespace blobgate::net
