// The io threads: one io_context each, so that a connection and its state stay on one thread.
#pragma once

#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <cstddef>
#include <memory>
#include <vector>

namespace blobgate::net {

/// Threads run from construction until Stop. Everything that runs on them must have ended, or never
/// run again, before what it refers to is destroyed.
class IoThreads {
 public:
  /// `count`: at least one thread is started.
  explicit IoThreads(unsigned count);
  /// Stop and Join. Suspended Tasks that never ended are destroyed here.
  ~IoThreads();
  IoThreads(const IoThreads&) = delete;
  IoThreads& operator=(const IoThreads&) = delete;

  std::size_t size() const { return threads_.size(); }
  boost::asio::any_io_executor executor(std::size_t index) const;
  /// Executors in turn. Any thread.
  boost::asio::any_io_executor Next();

  /// Ends the threads after what they run at this moment, whatever still waits. Any thread.
  void Stop();
  /// Waits for the threads. Not from one of them.
  void Join();

 private:
  struct Thread;

  std::vector<std::unique_ptr<Thread>> threads_;
  std::atomic<std::size_t> next_{0};
};

}  // namespace blobgate::net
