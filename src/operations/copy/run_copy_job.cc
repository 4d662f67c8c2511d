// The life of one copy from outside: fetch, then finish its destination (copy_job.h).
#include <spdlog/spdlog.h>

#include <expected>
#include <optional>
#include <utility>

#include "operations/append/append_rows.h"
#include "operations/blob_content.h"
#include "operations/blob_store.h"
#include "operations/copy/copy_content.h"
#include "operations/copy/copy_job.h"
#include "operations/copy/lineage_writer.h"
#include "operations/copy/receive_pages.h"
#include "operations/copy/source_slices.h"
#include "operations/encryption.h"
#include "operations/feed/record_change.h"
#include "operations/replace_blob.h"

namespace blobgate::operations {
namespace {

constexpr int kAttempts = 3;
/// So many bytes, and the copy looks whether it was aborted.
constexpr std::uint64_t kBytesBetweenLooks = 64ull * 1024 * 1024;

// x-ms-copy-status-description (operations.md 1.13).
constexpr std::string_view kSourceFailed = "\"Copy failed when reading the source.\"";
constexpr std::string_view kCancelled =
    "500 OperationCancelled \"The copy failed when reading the source.\"";
constexpr std::string_view kTooLate =
    "500 OperationCancelled \"The copy exceeded the maximum allowed time.\"";

/// Why a fetch gave no bytes.
struct FetchFailure {
  enum class Kind {
    kNotOurs,  ///< the destination does not wait for this copy any more
    kStopped,  ///< the server stops, or our own store does not work: try at the next start
    kPassing,  ///< may work when tried again
    kFinal,
  };
  Kind kind = Kind::kFinal;
  std::string description;  ///< of the last two
};

bool IsPendingFor(const Target& target, const CopyJob& job) {
  return target.container->record.incarnation == job.incarnation && target.exists() &&
         target.blob->copy.status == blob::CopyState::Status::kPending &&
         target.blob->copy.id == job.copy_id;
}

azure::Resource BlobOf(const CopyJob& job) {
  azure::Resource resource;
  resource.account = job.account;
  resource.container = job.container;
  resource.blob = job.blob;
  return resource;
}

/// The destination while it waits for this copy; nullopt when it does not.
Task<azure::Outcome<std::optional<Target>>> LoadPending(Services& services, const CopyJob& job) {
  const azure::Resource resource = BlobOf(job);
  auto target = co_await LoadTarget(services, resource);
  if (!target) {
    if (target.error().code == azure::ErrorCode::kContainerNotFound) co_return std::nullopt;
    co_return azure::Fail(std::move(target).error());
  }
  if (!IsPendingFor(*target, job)) co_return std::nullopt;
  co_return std::optional<Target>(std::move(*target));
}

/// The source's body; breaks off when the copy is aborted or its time is over.
class WatchedBody final : public http::BodyReader {
 public:
  WatchedBody(Services& services, const CopyJob& job, std::unique_ptr<http::BodyReader> inner)
      : services_(services), job_(job), source_(std::move(inner)) {}

  Task<Result<std::size_t>> Read(MutableBytes into) override {
    if (since_look_ >= kBytesBetweenLooks) {
      since_look_ = 0;
      const auto pending = co_await LoadPending(services_, job_);
      if (pending && !*pending) {
        not_ours_ = true;
        co_return Fail(Errc::kCancelled, "the copy was aborted");
      }
      if (services_.clock.Now() - job_.started > kMaxCopyTime) {
        too_late_ = true;
        co_return Fail(Errc::kTimeout, "the copy took too long");
      }
    }
    auto got = co_await source_.Read(into);
    if (got) since_look_ += *got;
    co_return got;
  }

  /// Why Receive failed.
  FetchFailure Why() const {
    using Kind = FetchFailure::Kind;
    if (not_ours_) return {Kind::kNotOurs, {}};
    if (too_late_) return {Kind::kFinal, std::string(kTooLate)};
    if (!source_.failure()) return {Kind::kFinal, std::string(kCancelled)};
    if (*source_.failure() == Errc::kCancelled) return {Kind::kStopped, {}};
    return {Kind::kPassing, std::string(kCancelled)};
  }

 private:
  Services& services_;
  const CopyJob& job_;
  SourceBody source_;
  std::uint64_t since_look_ = 0;
  bool not_ours_ = false;
  bool too_late_ = false;
};

/// `404 BlobNotFound "Copy failed when reading the source."`
FetchFailure WhyNotOpened(const azure::Error& error) {
  using Kind = FetchFailure::Kind;
  if (error.code == azure::ErrorCode::kInternalError) return {Kind::kStopped, {}};
  std::string_view keyword = azure::InfoOf(error.code).code;
  for (const auto& [name, value] : error.headers()) {
    if (name == "x-ms-copy-source-error-code") keyword = value;
  }
  const unsigned status = error.http_status();
  const bool passing = status >= 500 || status == 408 || status == 429;
  std::string description = std::to_string(status) + ' ';
  description.append(keyword).append(1, ' ').append(kSourceFailed);
  return {passing ? Kind::kPassing : Kind::kFinal, std::move(description)};
}

SourceRequest RequestOf(const CopyJob& job) {
  SourceRequest request;
  request.url = job.url;
  request.version = job.version;
  request.secure = job.secure;
  if (!job.source_etag.empty()) request.conditions.emplace_back("if-match", job.source_etag);
  return request;
}

/// What a fetch brought: bytes that nothing references yet, or pages in rows.
struct Fetched {
  Uploaded uploaded;
  std::unique_ptr<LineageWriter> pages;  ///< of a page blob
  Replacement rows;                      ///< what `pages` did not commit
};

/// The destination `target` outlives what is answered.
Task<std::expected<Fetched, FetchFailure>> ReceiveAs(Services& services, const Target& target,
                                                     WatchedBody& body, std::uint64_t length,
                                                     const blob::ContentKeyPtr& key) {
  Fetched out;
  if (target.blob->type != blob::BlobType::kPage) {
    const auto cipher = ContentCipher::Make(key);
    auto uploaded = co_await Receive(services, body, length, ChecksumPlan(), cipher.get());
    if (!uploaded) co_return std::unexpected(body.Why());
    out.uploaded = std::move(*uploaded);
    co_return out;
  }
  if (length != target.blob->copy.bytes_total) {
    co_return std::unexpected(FetchFailure{FetchFailure::Kind::kFinal, std::string(kCancelled)});
  }
  const std::uint64_t lineage = services.etags.Next(target.blob->lineage);
  out.pages = std::make_unique<LineageWriter>(services, target, blob::BlobType::kPage, lineage);
  const auto cipher = PageCipherOf(key, target.blob->encryption);
  auto received = co_await ReceivePages(services, body, length, *out.pages, out.rows, cipher.get());
  if (received && *received) {
    out.uploaded.length = length;
    co_return out;
  }
  out.pages->Abandon(received ? nullptr : &received.error());
  if (!received) co_return std::unexpected(body.Why());
  // The next attempt finds out what became of the destination.
  co_return std::unexpected(FetchFailure{FetchFailure::Kind::kPassing, std::string(kCancelled)});
}

Task<std::expected<Fetched, FetchFailure>> Fetch(Services& services, const CopyJob& job,
                                                 const Target& target) {
  SourceRequest request = RequestOf(job);
  auto opened = co_await services.sources.Open(std::move(request));
  if (!opened) co_return std::unexpected(WhyNotOpened(opened.error()));
  auto* source = std::get_if<RemoteSource>(&*opened);
  if (source == nullptr) {
    // The name has become ours since the copy began: its content is not what was asked for.
    co_return std::unexpected(FetchFailure{FetchFailure::Kind::kFinal, std::string(kCancelled)});
  }
  const blob::ContentKeyPtr none;
  auto key = KeyOfBlob(services, job.account, target.blob->encryption, none);
  if (!key) {
    co_return std::unexpected(FetchFailure{FetchFailure::Kind::kFinal, std::string(kCancelled)});
  }
  WatchedBody body(services, job, std::move(source->body));
  co_return co_await ReceiveAs(services, target, body, source->content_length, *key);
}

Task<azure::Outcome<bool>> CommitPending(Services& services, const Target& target,
                                         const blob::BlobRecord& record, engine::Batch batch) {
  batch.puts.push_back({target.key, record.Encode()});
  co_return co_await CommitTarget(services, target, std::move(batch));
}

blob::BlobRecord Ended(Services& services, const Target& target, blob::CopyState::Status status) {
  blob::BlobRecord record = *target.blob;
  record.etag = services.etags.Next(record.etag);
  record.modified = services.clock.Now();
  record.copy.status = status;
  record.copy.completed = record.modified;
  return record;
}

/// Adds the content to `record` and what it takes to `batch`. The old content is empty, and goes
/// where new content does not go into its place.
Task<azure::Outcome<void>> PutContent(Services& services, const Target& target,
                                      const Fetched& fetched, blob::BlobRecord& record,
                                      engine::Batch& batch) {
  const Uploaded& uploaded = fetched.uploaded;
  ReferenceSet none;
  for (const blob::Slice& slice : uploaded.slices) batch.acquires.push_back(slice.extent);
  switch (record.type) {
    case blob::BlobType::kBlock:
      record.length = uploaded.length;
      BG_CO_CHECK(co_await ReleaseContent(services, target, *target.blob, batch, none));
      co_return co_await StoreContent(services, ContentOf(uploaded), record, batch);
    case blob::BlobType::kAppend:
      for (const blob::Slice& slice : uploaded.slices) {
        const blob::Block block{std::string(), slice.length, {slice}};
        AddBlockRow(target.name, block, record, batch.puts);
      }
      co_return azure::Outcome<void>();
    case blob::BlobType::kPage:
      BG_CO_CHECK(co_await ReleaseContent(services, target, *target.blob, batch, none));
      record.lineage = fetched.rows.lineage;
      record.layer = fetched.rows.layer;
      record.content_version = record.etag;
      AddRows(fetched.rows, batch);
      batch.acquires.insert(batch.acquires.end(), fetched.rows.fresh.begin(),
                            fetched.rows.fresh.end());
      co_return azure::Outcome<void>();
  }
  co_return azure::Outcome<void>();
}

/// The destination gets its content. False: it does not wait for this copy any more.
Task<azure::Outcome<bool>> Complete(Services& services, const CopyJob& job,
                                    const Fetched& fetched) {
  for (CommitLoop loop; loop.Again();) {
    BG_CO_TRY(const auto target, co_await LoadPending(services, job));
    if (!target) co_return false;
    blob::BlobRecord record = Ended(services, *target, blob::CopyState::Status::kSuccess);
    record.copy.bytes_done = fetched.uploaded.length;
    record.copy.bytes_total = fetched.uploaded.length;
    engine::Batch batch;
    BG_CO_CHECK(co_await PutContent(services, *target, fetched, record, batch));
    RecordCopied(services, BlobOf(job), {nullptr, record}, batch);
    const auto done = co_await CommitPending(services, *target, record, std::move(batch));
    if (done && *done) co_return true;
    std::vector<engine::ExtentRef> manifest;
    if (record.manifest) manifest.push_back(*record.manifest);
    if (!done) {
      DiscardAfter(services, done.error(), manifest);
      co_return azure::Fail(done.error());
    }
    DiscardAll(services, manifest);
  }
  co_return azure::Fail(Busy());
}

/// The destination stays empty and says why. False as for Complete.
Task<azure::Outcome<bool>> MarkFailed(Services& services, const CopyJob& job,
                                      std::string description) {
  for (CommitLoop loop; loop.Again();) {
    BG_CO_TRY(const auto target, co_await LoadPending(services, job));
    if (!target) co_return false;
    blob::BlobRecord record = Ended(services, *target, blob::CopyState::Status::kFailed);
    record.length = 0;
    record.copy.description = description;
    engine::Batch nothing_more;
    BG_CO_TRY(const bool done,
              co_await CommitPending(services, *target, record, std::move(nothing_more)));
    if (done) co_return true;
  }
  co_return azure::Fail(Busy());
}

Task<azure::Outcome<bool>> Finish(Services& services, const CopyJob& job, const Fetched& fetched) {
  auto done = co_await Complete(services, job, fetched);
  const auto fresh = ExtentsOf(fetched.uploaded.slices);
  if (!done) {
    DiscardAfter(services, done.error(), fresh);
    if (fetched.pages) fetched.pages->Abandon(&done.error());
  } else if (!*done) {
    DiscardAll(services, fresh);
    if (fetched.pages) fetched.pages->Abandon();
  }
  co_return done;
}

/// Fetches and finishes. An error: the job must stay for the next start.
Task<azure::Outcome<void>> Settle(Services& services, const CopyJob& job, CapacityClaim& claim) {
  using Kind = FetchFailure::Kind;
  FetchFailure why;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    BG_CO_TRY(auto target, co_await LoadPending(services, job));
    if (!target) co_return azure::Outcome<void>();
    claim.ClaimAnyway(target->blob->copy.bytes_total);
    target->guard.reset();  // the source may take its time
    if (services.clock.Now() - job.started > kMaxCopyTime) {
      why = {Kind::kFinal, std::string(kTooLate)};
      break;
    }
    const auto fetched = co_await Fetch(services, job, *target);
    if (fetched) {
      BG_CO_TRY(const bool done, co_await Finish(services, job, *fetched));
      if (done) claim.Keep();
      co_return azure::Outcome<void>();
    }
    why = fetched.error();
    if (why.kind != Kind::kPassing) break;
  }
  if (why.kind == Kind::kNotOurs) co_return azure::Outcome<void>();
  if (why.kind == Kind::kStopped) {
    co_return azure::Fail(azure::Error(Error{Errc::kCancelled, "stopped while fetching"}));
  }
  BG_CO_CHECK(co_await MarkFailed(services, job, why.description));
  co_return azure::Outcome<void>();
}

}  // namespace

Task<void> RunCopyJob(Services& services, CopyJob job, CapacityClaim claim) {
  const auto settled = co_await Settle(services, job, claim);
  if (!settled) {
    spdlog::warn("copy {} waits for the next start: {}", job.copy_id, settled.error().cause());
    co_return;
  }
  co_await ForgetCopyJob(services, job.account, job.copy_id);
}

}  // namespace blobgate::operations
