#include "operations/content_reader.h"

#include <algorithm>
#include <utility>

namespace blobgate::operations {
namespace {

/// What is streamed beyond this may take as long as the client likes, bytes.
constexpr std::uint64_t kShort = 1024 * 1024;

}  // namespace

ContentReader::ContentReader(engine::ExtentStore& store, engine::ReadGuard guard,
                             std::vector<blob::Slice> slices)
    : store_(store), guard_(std::move(guard)), slices_(std::move(slices)) {}

Task<azure::Outcome<std::unique_ptr<ContentReader>>> ContentReader::Open(
    Services& services, engine::ReadGuard guard, std::vector<blob::Slice> slices) {
  std::unique_ptr<ContentReader> reader(
      new ContentReader(services.extents(), std::move(guard), std::move(slices)));
  BG_CO_TRY(reader->first_, co_await reader->ReadNext());
  reader->NarrowGuard();
  co_return reader;
}

void ContentReader::NarrowGuard() {
  std::uint64_t length = 0;
  std::vector<engine::ExtentRef> extents;
  for (std::size_t i = index_; i < slices_.size(); ++i) {
    length += slices_[i].length;
    if (i == index_ || extents.back() != slices_[i].extent) extents.push_back(slices_[i].extent);
  }
  if (length > kShort) guard_ = store_.Narrow(std::move(guard_), extents);
}

Task<Result<SharedBytes>> ContentReader::Next() {
  if (!first_.empty()) co_return std::exchange(first_, SharedBytes());
  co_return co_await ReadNext();
}

Task<Result<SharedBytes>> ContentReader::ReadNext() {
  if (index_ == slices_.size()) {
    guard_.reset();
    co_return SharedBytes();
  }
  const blob::Slice& slice = slices_[index_];
  const std::uint64_t want = std::min(slice.length - position_, engine::ExtentStore::kMaxRead);
  BG_CO_TRY(auto piece, co_await store_.Read(slice.extent, slice.offset + position_, want));
  position_ += piece.size();
  if (position_ == slice.length) {
    ++index_;
    position_ = 0;
  }
  co_return piece;
}

Task<azure::Outcome<std::string>> ReadAll(http::BodySource& body, std::uint64_t length) {
  std::string bytes;
  bytes.reserve(length);
  for (;;) {
    BG_CO_TRY(const auto piece, co_await body.Next());
    if (piece.empty()) break;
    bytes.append(AsChars(piece.view()));
  }
  co_return bytes;
}

}  // namespace blobgate::operations
