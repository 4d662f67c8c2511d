#include "operations/page/chunk_references.h"

#include "operations/reference_set.h"

namespace blobgate::operations {
namespace {

Task<Status> CopyRun(Services& services, const blob::PageRun& run, engine::ExtentWriter& writer) {
  const std::uint64_t length = std::uint64_t{run.count} * blob::kPageSize;
  for (std::uint64_t done = 0; done < length;) {
    BG_CO_TRY(const auto piece,
              co_await services.extents().Read(run.extent, run.offset + done, length - done));
    BG_CO_CHECK(co_await writer.Append(piece.view()));
    done += piece.size();
  }
  co_return Status();
}

}  // namespace

void ChangeReferences(std::vector<engine::ExtentRef> before,
                      const std::vector<engine::ExtentRef>& after, engine::Batch& batch) {
  ReferenceSet held(before);
  for (const engine::ExtentRef& ref : after) {
    if (!held.Take(ref)) batch.acquires.push_back(ref);
  }
  for (const engine::ExtentRef& ref : before) {
    if (held.Take(ref)) batch.releases.push_back(ref);
  }
}

Task<Result<std::optional<engine::ExtentRef>>> GatherChunk(Services& services,
                                                           blob::PageChunk& chunk) {
  const std::vector<blob::PageRun> runs = blob::PlanGather(chunk);
  if (runs.empty()) co_return std::optional<engine::ExtentRef>();
  std::uint64_t length = 0;
  for (const blob::PageRun& run : runs) length += std::uint64_t{run.count} * blob::kPageSize;
  BG_CO_TRY(const auto writer, co_await services.extents().Create(length));
  for (const blob::PageRun& run : runs) BG_CO_CHECK(co_await CopyRun(services, run, *writer));
  BG_CO_TRY(const auto extent, co_await writer->Finish());
  blob::Gather(chunk, runs, extent);
  co_return std::optional(extent);
}

}  // namespace blobgate::operations
