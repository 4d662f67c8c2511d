#include "operations/copy/copy_job.h"

#include <spdlog/spdlog.h>

#include <array>
#include <utility>

#include "base/codec.h"
#include "blob/keys.h"

namespace blobgate::operations {
namespace {

/// Resumed copies that run at once; more wait for their turn.
constexpr std::size_t kLanes = 8;

enum Tag : std::uint32_t {
  kCopyId = 1,
  kAccount = 2,
  kContainer = 3,
  kIncarnation = 4,
  kBlob = 5,
  kUrl = 6,
  kSourceEtag = 7,
  kVersion = 8,
  kSecure = 9,
  kStarted = 10,
};

void ReadField(FieldReader& in, CopyJob& job) {
  switch (in.tag()) {
    case kCopyId:
      job.copy_id = in.bytes();
      break;
    case kAccount:
      job.account = in.bytes();
      break;
    case kContainer:
      job.container = in.bytes();
      break;
    case kIncarnation:
      job.incarnation = in.bytes();
      break;
    case kBlob:
      job.blob = in.bytes();
      break;
    case kUrl:
      job.url = in.bytes();
      break;
    case kSourceEtag:
      job.source_etag = in.bytes();
      break;
    case kVersion:
      job.version = in.bytes();
      break;
    case kSecure:
      job.secure = in.number() != 0;
      break;
    case kStarted:
      job.started = FromDotNetTicks(in.number());
      break;
    default:
      break;
  }
}

/// All jobs in one partition of an account.
Task<Result<std::vector<CopyJob>>> JobsIn(Services& services, engine::PartitionRef partition) {
  std::vector<CopyJob> jobs;
  auto visit = [&jobs](std::string_view, std::string_view value, engine::RowVersion) {
    auto job = CopyJob::Decode(value);
    if (job) {
      jobs.push_back(std::move(*job));
    } else {
      spdlog::error("a copy job's row is corrupt and is left alone: {}", job.error().detail);
    }
    return engine::ScanStep::Next();
  };
  engine::ScanVisitor visitor = visit;
  const std::string from = blob::CopyJobKey({});
  BG_CO_CHECK(
      co_await services.catalog().Scan(partition, from, blob::PrefixEnd(from), std::move(visitor)));
  co_return jobs;
}

Task<Result<std::vector<CopyJob>>> JobsOf(Services& services, std::string account) {
  std::vector<CopyJob> jobs;
  const std::string space = blob::AccountSpace(account);
  BG_CO_TRY(const auto partitions, co_await services.catalog().PartitionsOf(space));
  for (const engine::PartitionRef& partition : partitions) {
    BG_CO_TRY(auto found, co_await JobsIn(services, partition));
    for (CopyJob& job : found) jobs.push_back(std::move(job));
  }
  co_return jobs;
}

/// How much it needs is known once its destination is loaded.
CapacityClaim NewClaim(Services& services, const CopyJob& job) {
  const auto account = services.accounts ? services.accounts->FindAccount(job.account) : nullptr;
  return account ? CapacityClaim(account->capacity, account->capacity_bytes) : CapacityClaim();
}

Task<void> RunInTurn(Services& services, std::vector<CopyJob> jobs) {
  for (CopyJob& job : jobs) {
    CapacityClaim claim = NewClaim(services, job);
    co_await RunCopyJob(services, std::move(job), std::move(claim));
  }
}

}  // namespace

std::string CopyJob::Encode() const {
  std::string out;
  FieldWriter writer(out);
  writer.Bytes(kCopyId, copy_id);
  writer.Bytes(kAccount, account);
  writer.Bytes(kContainer, container);
  writer.Bytes(kIncarnation, incarnation);
  writer.Bytes(kBlob, blob);
  writer.Bytes(kUrl, url);
  writer.BytesIfSet(kSourceEtag, source_etag);
  writer.Bytes(kVersion, version);
  writer.NumberIfSet(kSecure, secure ? 1 : 0);
  writer.Number(kStarted, ToDotNetTicks(started));
  return out;
}

Result<CopyJob> CopyJob::Decode(std::string_view row) {
  CopyJob job;
  FieldReader in(row);
  while (in.Next()) ReadField(in, job);
  if (!in.ok()) return Fail(Errc::kCorruption, "copy job: malformed field");
  if (job.copy_id.empty() || job.account.empty() || job.container.empty() || job.blob.empty() ||
      job.url.empty()) {
    return Fail(Errc::kCorruption, "copy job: a field is missing");
  }
  return job;
}

Task<azure::Outcome<void>> SaveCopyJob(Services& services, const CopyJob& job) {
  const std::string key = blob::CopyJobKey(job.copy_id);
  const std::string space = blob::AccountSpace(job.account);
  BG_CO_TRY(const auto partition, co_await services.catalog().Locate(space, key));
  engine::Batch batch;
  batch.preconditions.push_back(engine::Precondition::Absent(key));
  batch.puts.push_back({key, job.Encode()});
  BG_CO_CHECK(co_await services.catalog().Commit(partition, std::move(batch)));
  co_return azure::Outcome<void>();
}

Task<void> ForgetCopyJob(Services& services, std::string account, std::string copy_id) {
  const std::string key = blob::CopyJobKey(copy_id);
  const std::string space = blob::AccountSpace(account);
  const auto partition = co_await services.catalog().Locate(space, key);
  if (!partition) co_return;
  engine::Batch batch;
  batch.deletes.push_back(key);
  const Status done = co_await services.catalog().Commit(*partition, std::move(batch));
  if (!done) {
    spdlog::warn("the job of copy {} stays until the next start: {}", copy_id, done.error().detail);
  }
}

void StartCopyJob(Services& services, CopyJob job, CapacityClaim claim) {
  auto task = [&services, job = std::move(job), claim = std::move(claim)]() mutable {
    return RunCopyJob(services, std::move(job), std::move(claim));
  };
  services.background.Spawn("copy from outside", std::move(task));
}

Task<void> ResumeCopies(Services& services, const std::vector<std::string>& accounts) {
  std::array<std::vector<CopyJob>, kLanes> lanes;
  std::size_t next = 0;
  for (const std::string& account : accounts) {
    auto jobs = co_await JobsOf(services, account);
    if (!jobs) {
      spdlog::error("the copies of account {} are not resumed: {}", account, jobs.error().detail);
      continue;
    }
    for (CopyJob& job : *jobs) lanes[next++ % kLanes].push_back(std::move(job));
  }
  for (auto& lane : lanes) {
    if (lane.empty()) continue;
    auto task = [&services, jobs = std::move(lane)]() mutable {
      return RunInTurn(services, std::move(jobs));
    };
    services.background.Spawn("resumed copies", std::move(task));
  }
}

}  // namespace blobgate::operations
