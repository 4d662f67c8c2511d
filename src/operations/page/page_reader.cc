#include "operations/page/page_reader.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace blobgate::operations {
namespace {

alignas(64) constexpr std::array<std::byte, engine::ExtentStore::kMaxRead> kZeros{};

/// What is sent beyond this may take as long as the client likes, bytes.
constexpr std::uint64_t kShort = 1024 * 1024;

SharedBytes Zeros(std::uint64_t length) {
  return {nullptr, Bytes(kZeros).first(std::min<std::uint64_t>(length, kZeros.size()))};
}

/// The first run of `chunk` that ends behind `page`; null: none.
const blob::PageRun* RunFrom(const blob::PageChunk& chunk, std::uint32_t page) {
  const auto it = std::ranges::upper_bound(chunk.runs(), page, {}, &blob::PageRun::end);
  return it == chunk.runs().end() ? nullptr : &*it;
}

}  // namespace

PageReader::PageReader(Services& services, const Target& target, std::uint64_t offset,
                       std::uint64_t length)
    : services_(services),
      partition_(target.partition),
      key_(target.key),
      content_version_(target.blob->content_version),
      guard_(target.guard),
      at_(offset),
      end_(offset + length) {
  request_.lineage = target.blob->lineage;
  request_.layer = target.blob->layer;
  request_.end = ChunksOf(end_);
}

Task<azure::Outcome<std::optional<std::unique_ptr<PageReader>>>> PageReader::Open(
    Services& services, const Target& target, std::uint64_t offset, std::uint64_t length,
    const blob::ContentKeyPtr& key) {
  std::unique_ptr<PageReader> reader(new PageReader(services, target, offset, length));
  if (key) reader->cipher_ = blob::PageCipher(*key, target.blob->encryption.salt);
  if (target.blob->lineage == 0) {
    reader->window_.end = reader->request_.end;  // a copy that has not begun: all zeros
  } else {
    reader->request_.first = static_cast<std::uint32_t>(offset / blob::kPageChunk);
    auto window = co_await LoadPageWindow(services, target.partition, blob::NameOfKey(target.key),
                                          reader->request_);
    if (!window && window.error().code != Errc::kConflict) {
      co_return azure::Fail(azure::Error(std::move(window).error()));
    }
    BG_CO_TRY(const bool same, co_await IsUnchanged(services, target));
    if (!window || !same) co_return std::nullopt;
    reader->window_ = std::move(*window);
    reader->NarrowGuard();
  }
  BG_CO_TRY(reader->first_, co_await reader->ReadNext());
  co_return std::optional(std::move(reader));
}

Task<Result<SharedBytes>> PageReader::Next() {
  if (!first_.empty()) co_return std::exchange(first_, SharedBytes());
  co_return co_await ReadNext();
}

Task<Result<SharedBytes>> PageReader::ReadNext() {
  if (at_ == end_) {
    guard_.reset();
    co_return SharedBytes();
  }
  if (at_ / blob::kPageChunk >= window_.end) BG_CO_CHECK(co_await LoadWindow());
  BG_CO_TRY(auto piece, co_await ReadHere());
  at_ += piece.size();
  co_return piece;
}

Task<Status> PageReader::LoadWindow() {
  request_.first = static_cast<std::uint32_t>(at_ / blob::kPageChunk);
  for (CommitLoop loop; loop.Again();) {
    bool moved = false;
    guard_ = services_.extents().BeginRead();
    BG_CO_CHECK(co_await CheckRecord(moved));
    BG_CO_TRY(window_,
              co_await LoadPageWindow(services_, partition_, blob::NameOfKey(key_), request_));
    BG_CO_CHECK(co_await CheckRecord(moved));
    if (moved) continue;
    NarrowGuard();
    co_return Status();
  }
  co_return Fail(Errc::kUnavailable, "the layers of a page blob keep moving");
}

void PageReader::NarrowGuard() {
  if (end_ - at_ <= kShort) return;
  std::vector<engine::ExtentRef> extents;
  for (const auto& [number, chunk] : window_.chunks) {
    const auto more = chunk.Extents();
    extents.insert(extents.end(), more.begin(), more.end());
  }
  guard_ = services_.extents().Narrow(std::move(guard_), extents);
}

Task<Status> PageReader::CheckRecord(bool& moved) {
  BG_CO_TRY(const auto row, co_await services_.catalog().Get(partition_, key_));
  if (row) {
    BG_CO_TRY(const auto record, blob::BlobRecord::Decode(row->value));
    if (record.lineage == request_.lineage && record.content_version == content_version_) {
      moved = record.layer != request_.layer;  // a snapshot was taken
      request_.layer = record.layer;
      co_return Status();
    }
  }
  co_return Fail(Errc::kConflict, "the page blob changed while it was sent");
}

Task<Result<SharedBytes>> PageReader::ReadHere() {
  const auto number = static_cast<std::uint32_t>(at_ / blob::kPageChunk);
  const std::uint64_t base = number * blob::kPageChunk;
  const auto chunk = window_.chunks.lower_bound(number);
  if (chunk == window_.chunks.end() || chunk->first != number) {
    // Nothing up to the next chunk of the window that has pages.
    const std::uint32_t next = chunk == window_.chunks.end() ? window_.end : chunk->first;
    co_return Zeros(std::min(end_, next * blob::kPageChunk) - at_);
  }
  const std::uint64_t in_chunk = at_ - base;
  const auto* run = RunFrom(chunk->second, static_cast<std::uint32_t>(in_chunk / blob::kPageSize));
  const std::uint64_t limit = std::min(end_, base + blob::kPageChunk);
  if (run == nullptr) co_return Zeros(limit - at_);
  const std::uint64_t begins = base + run->first * blob::kPageSize;
  if (begins > at_) co_return Zeros(std::min(limit, begins) - at_);
  const std::uint64_t until = std::min(limit, base + run->end() * blob::kPageSize);
  co_return co_await ReadRun(*run, begins, until);
}

Task<Result<SharedBytes>> PageReader::ReadRun(blob::PageRun run, std::uint64_t begins,
                                              std::uint64_t until) {
  const std::uint64_t want = std::min({until - at_, most_, engine::ExtentStore::kMaxRead});
  const std::uint64_t offset = run.offset + (at_ - begins);
  if (!cipher_) co_return co_await services_.extents().Read(run.extent, offset, want);
  // Pages decrypt as wholes.
  const std::uint64_t skip = (at_ - begins) % blob::kPageSize;
  const std::uint64_t need =
      std::min((skip + want + blob::kPageSize - 1) / blob::kPageSize * blob::kPageSize,
               engine::ExtentStore::kMaxRead);
  auto pages = std::make_shared<std::vector<std::byte>>();
  while (pages->size() < need) {
    BG_CO_TRY(const auto piece,
              co_await services_.extents().Read(run.extent, offset - skip + pages->size(),
                                                need - pages->size()));
    pages->insert(pages->end(), piece.view().begin(), piece.view().end());
  }
  cipher_->Decrypt((at_ - skip) / blob::kPageSize, blob::kPageSize, *pages);
  const Bytes view = Bytes(*pages).subspan(skip, std::min(want, need - skip));
  co_return SharedBytes(std::move(pages), view);
}

}  // namespace blobgate::operations
