#include "operations/path/undelete_path.h"

#include <utility>

#include "base/encoding.h"
#include "blob/path_keys.h"
#include "blob/path_name.h"
#include "operations/history/history.h"
#include "operations/lineage_row.h"
#include "operations/path/path_place.h"
#include "operations/path/path_purge.h"
#include "operations/path/path_walk.h"

namespace blobgate::operations {
namespace {

constexpr std::string_view kSource = "x-ms-undelete-source";

/// `path?deletionid=N`, percent-encoded: the row of the deleted path. Without a path (as the
/// JavaScript SDK sends it) that of the URL.
azure::Outcome<std::string> ParseSource(const Call& call) {
  const std::string_view text = call.headers().Get(kSource);
  if (text.empty()) return azure::Fail(azure::MissingHeader(kSource));
  const std::size_t mark = text.rfind('?');
  const auto bad = [text] { return azure::Fail(azure::InvalidHeader(kSource, text)); };
  if (mark == std::string_view::npos) return bad();
  auto path = PercentDecode(text.substr(0, mark));
  if (mark == 0) path = call.resource.blob;
  const auto query = http::Query::Parse(text.substr(mark + 1));
  if (!path || !query || !azure::CheckBlobName(*path)) return bad();
  const auto deletion = ParseUnsigned(query->Get("deletionid"));
  if (!deletion) return bad();
  azure::Resource source = call.resource;
  source.blob = blob::TrimSlashes(*path);
  const bool own = source.blob == blob::TrimSlashes(call.resource.blob);
  if (!own && call.covers && !call.covers(source)) {
    return azure::Fail(azure::ErrorCode::kAuthorizationPermissionMismatch);
  }
  return blob::DeletedKey(blob::TrimSlashes(*path), *deletion);
}

}  // namespace

Task<azure::Outcome<std::optional<http::Response>>> TryUndeletePath(Call& call,
                                                                    const Target& target) {
  using azure::ErrorCode;
  BG_CO_TRY(const std::string key, ParseSource(call));
  BG_CO_TRY(const auto row, co_await call.services.catalog().Get(target.partition, key));
  if (!row) co_return azure::Fail(ErrorCode::kBlobNotFound);
  BG_CO_TRY(auto record, blob::BlobRecord::Decode(row->value));
  if (record.purge <= call.services.clock.Now()) co_return azure::Fail(ErrorCode::kBlobNotFound);
  const PathPlace& place = *target.place;
  if (place.is_root() || place.blocked) co_return azure::Fail(ErrorCode::kPathConflict);
  if (target.expired) {
    BG_CO_CHECK(co_await RemoveExpired(call.services, target));
    co_return std::nullopt;
  }
  if (target.row) co_return azure::Fail(ErrorCode::kBlobAlreadyExists);

  engine::Batch batch;
  Restore(key, record, batch);
  batch.preconditions.push_back(engine::Precondition::At(key, row->version));
  batch.deletes.push_back(key);
  batch.puts.push_back({target.key, record.Encode()});
  if (record.path.directory) {
    PutRow(batch, blob::InodeKey(record.path.id),
           blob::Inode{place.directory, place.leaf}.Encode());
  }
  BG_CO_TRY(const bool done, co_await CommitTarget(call.services, target, std::move(batch)));
  if (!done) co_return std::nullopt;
  http::Response response;
  response.status = 200;
  response.Set("x-ms-resource-type", record.path.directory ? "directory" : "file");
  response.Set("x-ms-creation-time", FormatHttpDate(record.created));
  co_return std::optional(std::move(response));
}

}  // namespace blobgate::operations
