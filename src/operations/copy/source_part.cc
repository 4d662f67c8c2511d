#include "operations/copy/source_part.h"

#include <utility>

#include "operations/append/append_rows.h"
#include "operations/replace_blob.h"

namespace blobgate::operations {
namespace {

/// A row of pages takes few extents; more are better written anew.
constexpr std::size_t kMaxSlicesInPages = 16;

Task<azure::Outcome<void>> Hash(Call& call, const CopyRequest& request, const Destination& to,
                                SourcePart& part) {
  const bool md5 = AnswersMd5(call, request);
  if (part.range.hashes) {
    part.hashes = *part.range.hashes;
    if (!md5) part.hashes.md5.reset();
  } else {
    BG_CO_TRY(part.hashes, co_await HashSlices(call.services, part.range.slices, md5, to.key));
  }
  co_return CheckSourceHashes(request.checksums, part.hashes.crc64, part.hashes.md5);
}

}  // namespace

Task<azure::Outcome<std::optional<SourcePart>>> LoadSourcePart(Call& call,
                                                               const CopyRequest& request,
                                                               const SourceBlob& from,
                                                               const Destination& to) {
  BG_CO_TRY(const SourceSpan span, ResolveRange(request.range, from.record().length));
  BG_CO_CHECK(CheckSourceLength(call, request.kind, span.length));
  const bool pages = request.kind == CopyKind::kPutPageFromUrl;
  BG_CO_TRY(auto range,
            co_await LoadSourceRange(call.services, from, span.offset, span.length,
                                     pages ? kMaxSlicesInPages : kMaxSlicesInBlock, pages, to));
  if (!range) co_return std::nullopt;
  SourcePart part;
  part.length = span.length;
  part.range = std::move(*range);
  auto hashed = co_await Hash(call, request, to, part);
  if (!hashed) {
    DiscardAll(call.services, part.range.fresh);
    co_return azure::Fail(std::move(hashed).error());
  }
  co_return std::optional(std::move(part));
}

}  // namespace blobgate::operations
