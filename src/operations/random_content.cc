#include "operations/random_content.h"

#include <algorithm>
#include <utility>

#include "operations/copy/source_slices.h"

namespace blobgate::operations {

RandomContent::RandomContent(engine::ExtentStore& store, engine::ReadGuard guard,
                             std::vector<blob::Slice> slices, blob::ContentKeyPtr key)
    : reader_(store, std::move(key)),
      guard_(store.Narrow(std::move(guard), ExtentsOf(slices))),
      slices_(std::move(slices)) {
  std::uint64_t end = 0;
  for (const blob::Slice& slice : slices_) ends_.push_back(end += slice.length);
}

Task<azure::Outcome<std::unique_ptr<RandomContent>>> RandomContent::Open(Services& services,
                                                                         Target& target,
                                                                         blob::ContentKeyPtr key) {
  BG_CO_TRY(const auto content, co_await LoadContent(services, *target.blob));
  BG_CO_TRY(auto slices, SubSlices(content, 0, target.blob->length));
  co_return std::unique_ptr<RandomContent>(new RandomContent(
      services.extents(), std::move(target.guard), std::move(slices), std::move(key)));
}

Task<Result<std::string>> RandomContent::Read(std::uint64_t offset, std::uint64_t length) {
  std::string bytes;
  bytes.reserve(length);
  auto index = static_cast<std::size_t>(std::ranges::upper_bound(ends_, offset) - ends_.begin());
  while (bytes.size() < length) {
    if (index == slices_.size()) co_return Fail(Errc::kCorruption, "a range beyond the blob");
    const blob::Slice& slice = slices_[index];
    const std::uint64_t position = offset + bytes.size() - (ends_[index] - slice.length);
    const std::uint64_t want = std::min(slice.length - position, length - bytes.size());
    BG_CO_TRY(const SharedBytes piece, co_await reader_.Read(slice, position, want));
    bytes += AsChars(piece.view());
    if (position + piece.size() == slice.length) ++index;
  }
  co_return bytes;
}

}  // namespace blobgate::operations
