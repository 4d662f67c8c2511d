#include "operations/content_reader.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace blobgate::operations {
namespace {

/// What is streamed beyond this may take as long as the client likes, bytes.
constexpr std::uint64_t kShort = 1024 * 1024;

}  // namespace

ContentReader::ContentReader(engine::ExtentStore& store, engine::ReadGuard guard,
                             std::vector<blob::Slice> slices, blob::ContentKeyPtr key)
    : store_(store),
      reader_(store, std::move(key)),
      guard_(std::move(guard)),
      slices_(std::move(slices)) {}

Task<azure::Outcome<std::unique_ptr<ContentReader>>> ContentReader::Open(
    Services& services, engine::ReadGuard guard, std::vector<blob::Slice> slices,
    blob::ContentKeyPtr key) {
  std::unique_ptr<ContentReader> reader(
      new ContentReader(services.extents(), std::move(guard), std::move(slices), std::move(key)));
  reader->first_ = reader->TakeReady();
  if (reader->first_.empty()) {
    BG_CO_TRY(reader->first_, co_await reader->ReadNext());
  }
  reader->most_ = engine::ExtentStore::kMaxRead;
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
  if (length <= kShort) return;
  guard_ = store_.Narrow(std::move(guard_), extents);
  first_kept_ = index_;
}

bool ContentReader::PutBack(std::size_t bytes) {
  if (!first_.empty() || !guard_) return false;
  std::size_t index = index_;
  std::uint64_t position = position_;
  for (std::uint64_t left = bytes; left > position;) {
    if (index == first_kept_) return false;
    left -= position;
    position = slices_[--index].length;
    bytes = left;
  }
  index_ = index;
  position_ = position - bytes;
  return true;
}

Task<Result<SharedBytes>> ContentReader::Next() {
  if (!first_.empty()) co_return std::exchange(first_, SharedBytes());
  co_return co_await ReadNext();
}

SharedBytes ContentReader::TakeReady() {
  if (!first_.empty()) return std::exchange(first_, SharedBytes());
  if (index_ == slices_.size()) return {};
  auto piece = reader_.ReadCached(slices_[index_], position_, Wanted());
  if (!piece) return {};
  Advance(piece->size());
  return std::move(*piece);
}

Task<Result<SharedBytes>> ContentReader::ReadNext() {
  if (index_ == slices_.size()) {
    guard_.reset();
    co_return SharedBytes();
  }
  BG_CO_TRY(auto piece, co_await reader_.Read(slices_[index_], position_, Wanted()));
  Advance(piece.size());
  co_return piece;
}

// A client that takes all it may get will want the rest soon.
std::uint64_t ContentReader::Wanted() const {
  const bool fast = most_ >= engine::ExtentStore::kMaxRead;
  const std::uint64_t rest = slices_[index_].length - position_;
  return fast ? rest : std::min(rest, most_);
}

void ContentReader::Advance(std::uint64_t bytes) {
  position_ += bytes;
  if (position_ < slices_[index_].length) return;
  ++index_;
  position_ = 0;
}

Task<Result<std::size_t>> BodyOfSource::Read(MutableBytes into) {
  if (piece_.empty()) {
    BG_CO_TRY(piece_, co_await source_->Next());
  }
  const std::size_t take = std::min(into.size(), piece_.size());
  if (take > 0) std::memcpy(into.data(), piece_.view().data(), take);
  piece_ = piece_.Sub(take, piece_.size() - take);
  co_return take;
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
