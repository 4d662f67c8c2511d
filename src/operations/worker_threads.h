// Threads for computations that would hold up an io thread.
#pragma once

#include <algorithm>
#include <boost/asio/thread_pool.hpp>
#include <mutex>
#include <optional>
#include <thread>

namespace blobgate::operations {

/// As many threads as the machine has cores, started when they are first asked for. Work for
/// RunBlocking (base/task.h): it should end within a fraction of a second, so that those who wait
/// behind it have their turn. Destroy it when no Task waits for it any more.
class WorkerThreads {
 public:
  boost::asio::thread_pool& pool() {
    std::call_once(started_,
                   [this] { pool_.emplace(std::max(1u, std::thread::hardware_concurrency())); });
    return *pool_;
  }

 private:
  std::once_flag started_;
  std::optional<boost::asio::thread_pool> pool_;
};

}  // namespace blobgate::operations
