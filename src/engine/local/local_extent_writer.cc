#include "engine/local/local_extent_writer.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/crc64.h"

namespace blobgate::engine {
namespace {

/// Pieces of this size are written as they come, bytes.
constexpr std::size_t kLeastDirect = 4 * 1024;

/// Of a long extent the rest is made room for as it comes: slow uploads may take hours.
constexpr std::uint64_t kFirstChecks = 16;

bool IsAligned(Bytes data) {
  return reinterpret_cast<std::uintptr_t>(data.data()) % kBlock == 0 && data.size() % kBlock == 0;
}

}  // namespace

LocalExtentWriter::LocalExtentWriter(WriterContext& context, Reservation reservation,
                                     std::uint64_t length)
    : context_(context),
      reservation_(std::move(reservation)),
      length_(length),
      logged_(length <= LoggedExtents::kLongest && context.logged.HasRoom()) {
  context_.state.Claim(reservation_.stored);
  checks_.reserve(std::min(ChunkCount(length), kFirstChecks));
}

LocalExtentWriter::~LocalExtentWriter() {
  context_.state.Unclaim(reservation_.stored - written_);
  if (!finished_) {
    context_.garbage.Push({{reservation_.place, reservation_.stored, false}});
  }
}

void LocalExtentWriter::Hash(Bytes data) {
  while (!data.empty()) {
    const std::uint64_t take = std::min<std::uint64_t>(data.size(), kChunk - in_chunk_);
    chunk_crc_ = Crc64(data.first(take), chunk_crc_);
    in_chunk_ += take;
    if (in_chunk_ == kChunk) EndChunk();
    data = data.subspan(take);
  }
}

void LocalExtentWriter::EndChunk() {
  checks_.push_back(chunk_crc_);
  check_ = checks_.size() == 1 ? chunk_crc_ : Crc64Combine(check_, chunk_crc_, in_chunk_);
  chunk_crc_ = 0;
  in_chunk_ = 0;
}

Task<Status> LocalExtentWriter::WriteOut(Bytes data) {
  auto write = [this, data] {
    return reservation_.appender->Write(reservation_.place.position + written_, data);
  };
  context_.state.NoteRequest(data.size());
  Status status = co_await RunBlocking(context_.pool, std::move(write));
  if (status) {
    written_ += data.size();
    context_.state.Unclaim(data.size());
  }
  failed_ = failed_ || !status;
  co_return status;
}

Task<Status> LocalExtentWriter::Flush() {
  const std::size_t size = std::exchange(filled_, 0);
  co_return co_await WriteOut(buffer_->span().first(size));
}

/// Moves as much of `data` into the buffer as there is room for.
void LocalExtentWriter::Fill(Bytes& data) {
  if (!buffer_) {
    buffer_ = reservation_.stored < BufferPool::kSize
                  ? std::make_shared<AlignedBuffer>(reservation_.stored)
                  : context_.buffers.Take();
  }
  const std::size_t take = std::min(data.size(), buffer_->size() - filled_);
  std::memcpy(buffer_->data() + filled_, data.data(), take);
  filled_ += take;
  data = data.subspan(take);
}

Task<Status> LocalExtentWriter::Append(Bytes data) {
  if (failed_) co_return Fail(Errc::kIoError, "an earlier write of this extent failed");
  if (data.size() > length_ - received_) {
    co_return Fail(Errc::kInvalidArgument, "more content than the extent was made for");
  }
  BG_CO_CHECK(context_.state.CheckWritable());
  Hash(data);
  received_ += data.size();
  // The last piece waits for Finish, unless it is large: one write does for it and the trailer.
  const bool large = data.size() >= (received_ < length_ ? kLeastDirect : BufferPool::kSize);
  if (filled_ == 0 && large && IsAligned(data) && !logged_) {
    co_return co_await WriteOut(data);
  }
  while (!data.empty()) {
    Fill(data);
    // The last of the buffer waits for Finish, which adds the padding.
    if (filled_ == BufferPool::kSize && received_ < length_) BG_CO_CHECK(co_await Flush());
    if (filled_ == buffer_->size() && !data.empty()) BG_CO_CHECK(co_await Flush());
  }
  co_return Status();
}

void LocalExtentWriter::Pad(std::uint64_t count) {
  std::memset(buffer_->data() + filled_, 0, count);
  filled_ += count;
}

// What is in the buffer, and the trailer.
Task<Status> LocalExtentWriter::WriteRest(const ExtentRef& ref) {
  Bytes tail = buffer_ ? Bytes(buffer_->span().first(filled_)) : Bytes();
  AlignedBuffer trailer;
  if (const std::uint64_t size = TrailerLength(length_); size > 0) {
    if (!tail.empty()) BG_CO_CHECK(co_await Flush());
    trailer = AlignedBuffer(size);
    EncodeTrailer(ref, checks_, trailer.span());
    tail = trailer.span();
  }
  const std::uint64_t at = reservation_.place.position + written_;
  context_.state.NoteRequest(tail.size());
  co_return co_await reservation_.appender->WriteAndSync(at, tail);
}

Task<Result<ExtentRef>> LocalExtentWriter::Finish() {
  if (failed_ || finished_) co_return Fail(Errc::kIoError, "this extent cannot be finished");
  if (received_ != length_) co_return Fail(Errc::kInvalidArgument, "content is missing");
  if (in_chunk_ > 0) EndChunk();
  if (filled_ % kBlock != 0) Pad(kBlock - filled_ % kBlock);

  const ExtentRef ref{reservation_.place.segment, reservation_.place.position, length_, check_};
  if (logged_ && context_.logged.HasRoom()) {
    context_.state.NoteRequest(reservation_.stored);
    context_.logged.Hold(reservation_.place, std::move(buffer_), length_, reservation_.appender);
    written_ = reservation_.stored;
  } else if (const Status stored = co_await WriteRest(ref); !stored) {
    failed_ = true;
    co_return std::unexpected(stored.error());
  }
  finished_ = true;
  buffer_.reset();
  context_.segments.AddFresh(ref);
  co_return ref;
}

}  // namespace blobgate::engine
