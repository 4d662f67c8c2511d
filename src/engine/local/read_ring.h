// Reads that no thread waits for (io_uring).
#pragma once

#include <liburing.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "base/buffer.h"
#include "base/task.h"
#include "engine/local/segment_file.h"

namespace blobgate::engine {

/// Memory for a read: aligned for direct I/O, and kept alive by whoever shares it.
using ReadMemory = std::shared_ptr<const AlignedBuffer>;

/// One of each io_context, which owns it: a read is begun by the thread that wants it and its Task
/// resumes there, without a trip to another thread. Thread-safe.
class ReadRing : public boost::asio::execution_context::service {
 public:
  static inline boost::asio::execution_context::id id;
  /// Reads at a time, at most.
  static constexpr unsigned kMost = 512;

  explicit ReadRing(boost::asio::execution_context& context);
  ~ReadRing() override;

  /// The ring of the io_context that `executor` belongs to.
  static ReadRing& Of(const boost::asio::any_io_executor& executor);

  /// What is to be read: into the first `size` bytes of `memory`, from `offset` on.
  struct Request {
    SegmentFilePtr file;
    ReadMemory memory;
    std::size_t size = 0;
    std::uint64_t offset = 0;
  };

  /// The count of bytes, which may be less than `size`, or -errno; nullopt when there is no ring
  /// (the kernel has none, or forbids it) or no room in it: read otherwise. What the read needs
  /// stays until the kernel is done with it, even when the Task is destroyed meanwhile.
  Task<std::optional<int>> Read(Request request);

  /// The same, and nobody waits: `done` hears what Read would answer, on a thread of the
  /// io_context, which is that of `executor`. False: there is no ring or no room, and `done` is as
  /// it was.
  bool Begin(Request request, const boost::asio::any_io_executor& executor,
             Completer<std::optional<int>>& done);

 private:
  struct Pending;
  using Finished = std::pair<std::unique_ptr<Pending>, int>;  ///< with its result
  using Event = boost::asio::posix::basic_stream_descriptor<boost::asio::any_io_executor>;

  void shutdown() override;
  bool Listen(const boost::asio::any_io_executor& executor);
  void AwaitEvent();
  std::vector<Finished> TakeFinished();
  void Collect();

  std::mutex mutex_;
  bool open_ = false;
  io_uring ring_{};
  int event_fd_ = -1;           ///< -1: event_ has it, or there is no ring
  std::optional<Event> event_;  ///< made by the first read
  std::uint64_t event_count_ = 0;
  unsigned in_flight_ = 0;
  bool waiting_ = false;  ///< for event_
};

}  // namespace blobgate::engine
