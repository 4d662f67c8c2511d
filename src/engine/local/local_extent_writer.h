// One extent on its way into its segment.
#pragma once

#include <boost/asio/thread_pool.hpp>
#include <cstdint>
#include <memory>

#include "blobgate/engine/extent_store.h"
#include "engine/local/buffer_pool.h"
#include "engine/local/extent_format.h"
#include "engine/local/garbage_queue.h"
#include "engine/local/logged_extents.h"
#include "engine/local/segments.h"
#include "engine/local/store_state.h"

namespace blobgate::engine {

/// What all writers share. The references outlive every writer.
struct WriterContext {
  Segments& segments;
  GarbageQueue& garbage;
  LoggedExtents& logged;
  StoreState& state;
  boost::asio::thread_pool& pool;
  BufferPool buffers;
};

/// Holds at most one buffer of 256 KiB; none while aligned pieces of 4 KiB or more come in, which
/// go to the disk from the caller's memory.
class LocalExtentWriter final : public ExtentWriter {
 public:
  LocalExtentWriter(WriterContext& context, Reservation reservation, std::uint64_t length);
  ~LocalExtentWriter() override;

  Task<Status> Append(Bytes data) override;
  Task<Result<ExtentRef>> Finish() override;

 private:
  void Hash(Bytes data);
  void EndChunk();
  Task<Status> Flush();
  Task<Status> WriteOut(Bytes data);
  void Fill(Bytes& data);
  void Pad(std::uint64_t count);
  Task<Status> WriteRest(const ExtentRef& ref);

  WriterContext& context_;
  const Reservation reservation_;
  const std::uint64_t length_;
  /// Its content goes into the log, so all of it is kept in the buffer.
  const bool logged_;
  std::uint64_t received_ = 0;  ///< content bytes
  std::uint64_t written_ = 0;   ///< stored bytes handed to the file, or to LoggedExtents
  bool failed_ = false;
  bool finished_ = false;

  std::shared_ptr<AlignedBuffer> buffer_;
  std::size_t filled_ = 0;

  std::uint64_t chunk_crc_ = 0;
  std::uint64_t in_chunk_ = 0;
  std::uint64_t check_ = 0;  ///< of all complete chunks
  ChunkChecks checks_;
};

}  // namespace blobgate::engine
