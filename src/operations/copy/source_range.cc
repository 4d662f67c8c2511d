#include "operations/copy/source_range.h"

#include <algorithm>
#include <array>
#include <utility>

#include "operations/append/append_rows.h"
#include "operations/blob_content.h"
#include "operations/content_reader.h"
#include "operations/copy/source_error.h"
#include "operations/copy/source_slices.h"
#include "operations/page/page_window.h"
#include "operations/replace_blob.h"

namespace blobgate::operations {
namespace {

/// Zeros for pages that were never written: one extent, shared by all gaps.
constexpr std::uint64_t kZeroExtent = 1024 * 1024;

Task<Result<engine::ExtentRef>> WriteZeros(Services& services, std::uint64_t length) {
  static constexpr std::array<std::byte, 64 * 1024> kZeros{};
  BG_CO_TRY(const auto writer, co_await services.extents().Create(length));
  for (std::uint64_t done = 0; done < length;) {
    const auto piece = Bytes(kZeros).first(std::min<std::uint64_t>(length - done, kZeros.size()));
    BG_CO_CHECK(co_await writer->Append(piece));
    done += piece.size();
  }
  co_return co_await writer->Finish();
}

/// Lines up the pages of a range, and zeros between them.
class PageSlices {
 public:
  PageSlices(std::uint64_t offset, std::uint64_t length) : at_(offset), end_(offset + length) {}

  std::uint64_t at() const { return at_; }
  std::uint64_t end() const { return end_; }

  void Add(const PageWindow& window) {
    for (const auto& [number, chunk] : window.chunks) {
      const std::uint64_t base = number * blob::kPageChunk;
      for (const blob::PageRun& run : chunk.runs()) AddRun(base, run);
    }
    FillTo(std::min(window.end * blob::kPageChunk, end_));
  }

  std::uint64_t longest_gap() const { return longest_gap_; }

  /// With `zeros` in the gaps.
  std::vector<blob::Slice> Take(const std::optional<engine::ExtentRef>& zeros) const {
    std::vector<blob::Slice> out;
    for (const Part& part : parts_) {
      if (part.slice) {
        out.push_back(*part.slice);
        continue;
      }
      for (std::uint64_t left = part.zeros; left > 0;) {
        const std::uint64_t take = std::min(left, zeros->length);
        out.push_back({*zeros, 0, take});
        left -= take;
      }
    }
    return out;
  }

 private:
  struct Part {
    std::optional<blob::Slice> slice;
    std::uint64_t zeros = 0;
  };

  void AddRun(std::uint64_t base, const blob::PageRun& run) {
    const std::uint64_t first = base + run.first * blob::kPageSize;
    const std::uint64_t begin = std::max(first, at_);
    const std::uint64_t end = std::min(base + run.end() * blob::kPageSize, end_);
    if (begin >= end) return;
    FillTo(begin);
    parts_.push_back({blob::Slice{run.extent, run.offset + (begin - first), end - begin}, 0});
    at_ = end;
  }

  void FillTo(std::uint64_t offset) {
    if (offset <= at_) return;
    longest_gap_ = std::max(longest_gap_, offset - at_);
    parts_.push_back({std::nullopt, offset - at_});
    at_ = offset;
  }

  std::uint64_t at_;
  const std::uint64_t end_;
  std::uint64_t longest_gap_ = 0;
  std::vector<Part> parts_;
};

Task<azure::Outcome<std::optional<SourceRange>>> LoadPages(Services& services,
                                                           const SourceBlob& from,
                                                           std::uint64_t offset,
                                                           std::uint64_t length) {
  PageSlices pages(offset, length);
  WindowRequest request;
  request.lineage = from.record().lineage;
  request.layer = from.record().layer;
  request.end = ChunksOf(pages.end());
  while (pages.at() < pages.end()) {
    request.first = static_cast<std::uint32_t>(pages.at() / blob::kPageChunk);
    auto window = co_await LoadPageWindow(services, from.target.partition,
                                          blob::NameOfKey(from.target.key), request);
    if (!window && window.error().code == Errc::kConflict) co_return std::nullopt;
    BG_CO_TRY(const PageWindow loaded, std::move(window));
    pages.Add(loaded);
  }
  BG_CO_TRY(const bool same, co_await IsUnchanged(services, from.target));
  if (!same) co_return std::nullopt;
  SourceRange out;
  std::optional<engine::ExtentRef> zeros;
  if (pages.longest_gap() > 0) {
    BG_CO_TRY(zeros, co_await WriteZeros(services, std::min(pages.longest_gap(), kZeroExtent)));
    out.fresh.push_back(*zeros);
  }
  out.slices = pages.Take(zeros);
  co_return std::optional(std::move(out));
}

Task<azure::Outcome<std::optional<SourceRange>>> LoadAppended(Services& services,
                                                              const SourceBlob& from,
                                                              std::uint64_t offset,
                                                              std::uint64_t length) {
  BG_CO_TRY(auto blocks, co_await LoadBlocks(services, from.target, offset, length));
  if (!blocks) co_return std::nullopt;
  SourceRange out;
  if (blocks->empty()) co_return std::optional(std::move(out));
  blob::Content content;
  const std::uint64_t first = blocks->front().offset;
  for (auto& block : *blocks) content.blocks.push_back(std::move(block.block));
  BG_CO_TRY(out.slices, SubSlices(content, offset - first, length));
  co_return std::optional(std::move(out));
}

Task<azure::Outcome<std::optional<SourceRange>>> LoadAny(Services& services, const SourceBlob& from,
                                                         std::uint64_t offset,
                                                         std::uint64_t length) {
  switch (from.record().type) {
    case blob::BlobType::kAppend:
      co_return co_await LoadAppended(services, from, offset, length);
    case blob::BlobType::kPage:
      co_return co_await LoadPages(services, from, offset, length);
    case blob::BlobType::kBlock:
      break;
  }
  SourceRange out;
  BG_CO_TRY(out.slices, SubSlices(from.content, offset, length));
  co_return std::optional(std::move(out));
}

/// Reads the range as it is and writes it as `to` wants it.
Task<azure::Outcome<std::optional<SourceRange>>> EncryptAnew(Services& services,
                                                             const SourceBlob& from,
                                                             std::uint64_t offset,
                                                             std::uint64_t length,
                                                             const Destination& to) {
  Target target = from.target;
  BG_CO_TRY(auto opened, co_await OpenContent(services, target, offset, length, from.key));
  if (!opened) co_return std::nullopt;
  BodyOfSource body(std::move(*opened));
  ChecksumPlan plan;
  plan.compute_md5 = true;
  const auto cipher = ContentCipher::Make(to.key, to.pages);
  BG_CO_TRY(const auto uploaded, co_await Receive(services, body, length, plan, cipher.get()));
  SourceRange out;
  out.slices = uploaded.slices;
  out.fresh = ExtentsOf(out.slices);
  out.hashes = SliceHashes{uploaded.crc64, uploaded.md5};
  co_return std::optional(std::move(out));
}

bool Fits(const std::vector<blob::Slice>& slices, std::size_t max_slices, bool whole_pages) {
  if (slices.size() > max_slices) return false;
  return !whole_pages || std::ranges::all_of(slices, [](const blob::Slice& slice) {
    return slice.length % blob::kPageSize == 0;
  });
}

}  // namespace

Task<azure::Outcome<std::optional<SourceRange>>> LoadSourceRange(
    Services& services, const SourceBlob& from, std::uint64_t offset, std::uint64_t length,
    std::size_t max_slices, bool whole_pages, const Destination& to) {
  SourceRange nothing;
  if (length == 0) co_return std::optional(std::move(nothing));
  if (!CanShare(from, to)) co_return co_await EncryptAnew(services, from, offset, length, to);
  BG_CO_TRY(auto range, co_await LoadAny(services, from, offset, length));
  if (!range || Fits(range->slices, max_slices, whole_pages)) co_return range;
  auto rewritten = co_await RewriteRange(services, from, length, to, *range);
  if (!rewritten) {
    DiscardAll(services, range->fresh);
    co_return azure::Fail(std::move(rewritten).error());
  }
  co_return range;
}

Task<azure::Outcome<void>> RewriteRange(Services& services, const SourceBlob& from,
                                        std::uint64_t length, const Destination& to,
                                        SourceRange& range) {
  std::vector<blob::Slice> slices = std::exchange(range.slices, {});
  auto opened =
      co_await ContentReader::Open(services, from.target.guard, std::move(slices), from.key);
  if (!opened) co_return azure::Fail(std::move(opened).error());
  BodyOfSource body(std::move(*opened));
  const ChecksumPlan plan;
  const auto cipher = ContentCipher::Make(to.key, to.pages);
  auto uploaded = co_await Receive(services, body, length, plan, cipher.get());
  if (!uploaded) co_return azure::Fail(std::move(uploaded).error());
  DiscardAll(services, range.fresh);
  range.slices = uploaded->slices;
  range.fresh = ExtentsOf(range.slices);
  co_return azure::Outcome<void>();
}

bool CanShare(const SourceBlob& from, const Destination& to) {
  if (!from.key || !to.key) return !from.key && !to.key;
  return from.record().type != blob::BlobType::kPage && !to.pages &&
         from.record().encryption.SameKey(to.key->identity);
}

azure::Outcome<SourceSpan> ResolveRange(const std::optional<http::ByteRange>& range,
                                        std::uint64_t length) {
  if (!range) return SourceSpan{0, length};
  if (range->first >= length) {
    return azure::Fail(SourceFailure(azure::Error(azure::ErrorCode::kInvalidRange)));
  }
  const std::uint64_t last = std::min(range->last.value_or(length - 1), length - 1);
  return SourceSpan{range->first, last - range->first + 1};
}

}  // namespace blobgate::operations
