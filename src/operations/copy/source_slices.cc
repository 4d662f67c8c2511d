#include "operations/copy/source_slices.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include "base/crc64.h"
#include "base/md5_batch.h"

namespace blobgate::operations {
namespace {

/// Cached reads never suspend; a long run of them would keep the thread from its other Tasks.
constexpr std::uint64_t kBytesBetweenYields = 2 * 1024 * 1024;

Task<void> Yield() {
  auto executor = co_await boost::asio::this_coro::executor;
  co_await boost::asio::post(executor, boost::asio::use_awaitable);
}

bool IsWhole(const blob::Slice& slice) {
  return slice.offset == 0 && slice.length == slice.extent.length;
}

/// Adds the bytes of one slice to `crc` and, unless null, to `md5`.
Task<Status> HashSlice(SliceReader& reader, blob::Slice slice, std::uint64_t& crc, Md5* md5) {
  std::uint64_t since_yield = 0;
  for (std::uint64_t done = 0; done < slice.length;) {
    BG_CO_TRY(SharedBytes bytes, co_await reader.Read(slice, done, slice.length - done));
    if (bytes.empty()) co_return Fail(Errc::kInternal, "the extent store read nothing");
    crc = Crc64(bytes.view(), crc);
    if (md5 != nullptr) co_await UpdateTogether(*md5, bytes.view());
    done += bytes.size();
    since_yield += bytes.size();
    if (since_yield >= kBytesBetweenYields) {
      since_yield = 0;
      co_await Yield();
    }
  }
  co_return Status{};
}

}  // namespace

Result<std::vector<blob::Slice>> SubSlices(const blob::Content& content, std::uint64_t offset,
                                           std::uint64_t length) {
  std::vector<blob::Slice> out;
  for (const blob::Block& block : content.blocks) {
    for (const blob::Slice& slice : block.slices) {
      if (length == 0) return out;
      if (offset >= slice.length) {
        offset -= slice.length;
        continue;
      }
      const std::uint64_t take = std::min(slice.length - offset, length);
      out.push_back({slice.extent, slice.offset + offset, take, slice.plain});
      length -= take;
      offset = 0;
    }
  }
  if (length != 0) return Fail(Errc::kCorruption, "the content is shorter than its blob says");
  return out;
}

std::vector<engine::ExtentRef> ExtentsOf(const blob::Content& content) {
  std::vector<engine::ExtentRef> out;
  for (const blob::Block& block : content.blocks) {
    for (const blob::Slice& slice : block.slices) out.push_back(slice.extent);
  }
  return out;
}

std::vector<engine::ExtentRef> ExtentsOf(const std::vector<blob::Slice>& slices) {
  std::vector<engine::ExtentRef> out;
  out.reserve(slices.size());
  for (const blob::Slice& slice : slices) out.push_back(slice.extent);
  return out;
}

Task<Result<SliceHashes>> HashSlices(Services& services, const std::vector<blob::Slice>& slices,
                                     bool md5, blob::ContentKeyPtr key) {
  const bool encrypted = key != nullptr;
  SliceReader reader(services.extents(), std::move(key));
  SliceHashes hashes;
  Md5 running;
  for (const blob::Slice& slice : slices) {
    if (IsWhole(slice) && !md5 && !encrypted) {
      hashes.crc64 = Crc64Combine(hashes.crc64, slice.extent.check, slice.length);
    } else {
      BG_CO_CHECK(co_await HashSlice(reader, slice, hashes.crc64, md5 ? &running : nullptr));
    }
  }
  if (md5) hashes.md5 = running.Final();
  co_return hashes;
}

}  // namespace blobgate::operations
