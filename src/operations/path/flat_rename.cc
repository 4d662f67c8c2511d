#include "operations/path/flat_rename.h"

#include <utility>
#include <vector>

#include "base/encoding.h"
#include "blob/lease.h"
#include "operations/blob/blob_access.h"
#include "operations/copy/copy_content.h"
#include "operations/encryption.h"
#include "operations/list_query.h"
#include "operations/path/flat_paths.h"

namespace blobgate::operations {
namespace {

/// Names that one request moves.
constexpr std::size_t kMoves = 200;

/// Copies the blob `from` to `to`, where it keeps its key; the condition and lease are those of the
/// destination.
Task<azure::Outcome<blob::BlobRecord>> CopyOne(Call& call, const RenameRequest& rename,
                                               const Target& loaded, const azure::Resource& from,
                                               const std::string& to, NewBlobInputs inputs) {
  azure::Resource resource = call.resource;
  resource.blob = to;
  Call part{.head = call.head,
            .body = call.body,
            .spec = azure::SpecOf(azure::Operation::kCopyBlob),
            .resource = resource,
            .account = call.account,
            .permissions = azure::Permissions::All(),
            .version = call.version,
            .request_id = call.request_id,
            .endpoint = call.endpoint,
            .now = call.now,
            .overrides = call.overrides,
            .services = call.services};
  CopyRequest request;
  request.copy_tags = true;
  LocalSource source;
  source.resource = from;
  source.may_read_tags = true;
  const blob::Encryption& stored = loaded.blob->encryption;
  if (stored.kind == blob::Encryption::Kind::kCustomerKey) request.source_key = rename.keys.key;
  BG_CO_TRY(inputs.keys.key,
            KeyOfBlob(call.services, call.account.name, stored, request.source_key));
  inputs.keys.moves = true;
  BG_CO_TRY(auto copied, co_await CopyLocal(part, request, source, inputs, {}, false));
  co_return std::move(copied.record);
}

/// Takes away what was copied, and nothing that was written since: then 503 ServerBusy, and the
/// client's next try copies that.
Task<azure::Outcome<void>> DropCopied(Call& call, const azure::Resource& from, const Target& copied,
                                      const std::optional<std::string>& lease_id) {
  const DeleteTerms terms{blob::EtagText(copied.blob->etag), lease_id};
  auto done = co_await DeleteOne(call, from.container, from.blob, terms);
  if (!done && done.error().code == azure::ErrorCode::kConditionNotMet) {
    co_return azure::Fail(Busy());
  }
  co_return done;
}

/// The blob of the source's own name: a file, or a directory's marker.
Task<azure::Outcome<Boxed<blob::BlobRecord>>> MoveNamed(Call& call, const RenameRequest& request) {
  BG_CO_TRY(const auto source, co_await LoadTarget(call.services, request.source));
  if (!source.exists()) co_return std::nullopt;
  BG_CO_CHECK(blob::CheckWrite(source.blob->lease, request.source_lease_id,
                               blob::LeaseSubject::kBlob, call.services.clock.Now()));
  BG_CO_CHECK(blob::CheckSource(request.source_conditions, SubjectOf(source),
                                azure::ErrorCode::kSourceConditionNotMet));
  NewBlobInputs inputs;
  inputs.conditions = request.conditions;
  inputs.lease_id = request.lease_id;
  if (request.metadata) inputs.metadata = *request.metadata;
  inputs.any_metadata_header = request.metadata.has_value();
  BG_CO_TRY(auto record,
            co_await CopyOne(call, request, source, request.source, call.resource.blob, inputs));
  BG_CO_CHECK(co_await DropCopied(call, request.source, source, request.source_lease_id));
  co_return Boxed(std::move(record));
}

}  // namespace

Task<azure::Outcome<http::Response>> RenameFlat(Call& call, const RenameRequest& request) {
  const std::string& from = request.source.blob;
  const std::string& to = call.resource.blob;
  const bool inside = to == from || to.starts_with(from + "/");
  if (inside && request.source.container == call.resource.container) {
    co_return azure::Fail(azure::ErrorCode::kInvalidRenameSourcePath);
  }
  BG_CO_TRY(const auto container,
            OfSource(co_await LoadContainer(call.services, call.resource.account,
                                            request.source.container)));
  if (container->record.hierarchical) co_return azure::Fail(azure::ErrorCode::kInvalidSourceUri);
  BG_CO_TRY(auto names,
            co_await NamesBelow(call.services, container->record, from + "/", kMoves + 1));
  http::Response response;
  response.status = 201;
  const bool more = names.size() > kMoves;
  if (more) names.pop_back();
  for (const std::string& name : names) {
    azure::Resource source = request.source;
    source.blob = name;
    BG_CO_TRY(const auto loaded, co_await LoadTarget(call.services, source));
    if (!loaded.exists()) continue;
    const NewBlobInputs plain;
    BG_CO_CHECK(
        co_await CopyOne(call, request, loaded, source, to + name.substr(from.size()), plain));
    BG_CO_CHECK(co_await DropCopied(call, source, loaded, std::nullopt));
  }
  if (more) {
    response.Set("x-ms-continuation", EncodeMarker("m" + names.back()));
    co_return response;
  }
  // The name itself last: while it is there the rename can be taken up again.
  BG_CO_TRY(const auto moved, co_await MoveNamed(call, request));
  if (moved) {
    SetEtag(response, moved->etag, moved->modified);
  } else if (names.empty() && request.continuation.empty()) {
    co_return azure::Fail(azure::ErrorCode::kSourcePathNotFound);
  }
  co_return response;
}

}  // namespace blobgate::operations
