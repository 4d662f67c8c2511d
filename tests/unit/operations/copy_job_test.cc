// Copy Blob from outside: the part that goes on in the background, abort, and what a restart finds.
#include "operations/copy/copy_job.h"

#include "copy_test_support.h"
#include "operations/copy/copy_request.h"

namespace blobgate::operations {
namespace {

constexpr char kUrl[] = "https://other.example/a?sv=1&sig=SECRET";
constexpr std::string_view kCopy =
    "PUT /c/d\nx-ms-copy-source: https://other.example/a?sv=1&sig=SECRET";
using Status = blob::CopyState::Status;

class CopyJobTest : public CopyTest {
 protected:
  CopyJobTest() { Outside(kUrl, "from far", {{"content-type", "a/b"}, {"etag", "\"e1\""}}); }

  /// Rows of jobs, as the catalog has them.
  std::vector<std::string> JobRows() {
    std::vector<std::string> rows;
    auto partitions = h.Await(h.services.catalog().PartitionsOf(blob::AccountSpace("acct")));
    const std::string from = blob::CopyJobKey({});
    for (const auto& partition : *partitions) {
      engine::ScanVisitor visit = [&rows](std::string_view, std::string_view value,
                                          engine::RowVersion) {
        rows.emplace_back(value);
        return engine::ScanStep::Next();
      };
      EXPECT_TRUE(h.Await(
          h.services.catalog().Scan(partition, from, blob::PrefixEnd(from), std::move(visit))));
    }
    return rows;
  }
  void Resume() { h.Await(ResumeCopies(h.services, {"acct"})); }
  /// What a crash does to running copies.
  void Crash() { h.background.entries.clear(); }
};

TEST_F(CopyJobTest, RunsInTheBackground) {
  const auto reply = h.Run(CopyBlob, kCopy);
  EXPECT_EQ(reply.status, 202u);
  EXPECT_EQ(reply.Header("x-ms-copy-status"), "pending");
  const auto pending = Record("d");
  EXPECT_EQ(pending.copy.status, Status::kPending);
  EXPECT_EQ(pending.copy.id, reply.Header("x-ms-copy-id"));
  EXPECT_EQ(pending.copy.source, "https://other.example/a?sv=1");
  EXPECT_EQ(pending.copy.bytes_total, 8u);
  EXPECT_EQ(pending.length, 0u);
  EXPECT_EQ(JobRows().size(), 1u);

  h.clock.Advance(std::chrono::seconds(5));
  h.RunBackground();
  const auto done = Record("d");
  EXPECT_EQ(done.copy.status, Status::kSuccess);
  EXPECT_EQ(done.copy.bytes_done, 8u);
  EXPECT_EQ(done.properties.content_type, "a/b");
  EXPECT_GT(done.etag, pending.etag);
  EXPECT_EQ(done.modified, h.clock.Now());
  EXPECT_EQ(Body("d"), "from far");
  EXPECT_TRUE(JobRows().empty());
  // The second look is on condition that the source is still the same.
  EXPECT_EQ(h.sources.seen.back().conditions[0].second, "\"e1\"");
}

TEST_F(CopyJobTest, APendingDestinationTakesNoWrites) {
  h.Run(CopyBlob, kCopy);
  EXPECT_EQ(h.Run(CopyBlob, kCopy).code, "PendingCopyOperation");
  EXPECT_EQ(h.Run(PutBlob, "PUT /c/d\nx-ms-blob-type: BlockBlob", "x").code,
            "PendingCopyOperation");
  EXPECT_EQ(JobRows().size(), 1u);
}

TEST_F(CopyJobTest, SourceThatIsNotThereStartsNothing) {
  const auto reply = h.Run(CopyBlob, "PUT /c/d\nx-ms-copy-source: https://other.example/none");
  EXPECT_EQ(reply.code, "CannotVerifyCopySource");
  EXPECT_TRUE(h.background.entries.empty());
  EXPECT_TRUE(JobRows().empty());
  EXPECT_EQ(h.Run(GetBlob, "GET /c/d").status, 404u);
}

TEST_F(CopyJobTest, SourceThatGoesAwayFailsTheCopy) {
  h.Run(CopyBlob, kCopy);
  h.sources.remote.clear();
  h.RunBackground();
  const auto record = Record("d");
  EXPECT_EQ(record.copy.status, Status::kFailed);
  EXPECT_EQ(record.copy.description,
            "404 CannotVerifyCopySource \"Copy failed when reading the source.\"");
  EXPECT_EQ(record.length, 0u);
  EXPECT_TRUE(JobRows().empty());
}

TEST_F(CopyJobTest, BodyThatBreaksOffIsTriedAgainAndThenFails) {
  h.Run(CopyBlob, kCopy);
  h.sources.remote[kUrl].fail_at = 3;
  h.RunBackground();
  EXPECT_EQ(h.sources.seen.size(), 4u);  // the request's own look, and three attempts
  EXPECT_EQ(Record("d").copy.status, Status::kFailed);
  EXPECT_EQ(Record("d").copy.description,
            "500 OperationCancelled \"The copy failed when reading the source.\"");
  EXPECT_EQ(StoredBytes(), 0u);
}

TEST_F(CopyJobTest, Abort) {
  const auto started = h.Run(CopyBlob, std::string(kCopy) + "\nx-ms-meta-a: 1");
  const std::string id = started.Header("x-ms-copy-id");
  const std::string url = "PUT /c/d?comp=copy&copyid=";
  const std::string action = "\nx-ms-copy-action: abort";
  EXPECT_EQ(h.Run(AbortCopyBlob, url + "other" + action).code, "CopyIdMismatch");
  EXPECT_EQ(h.Run(AbortCopyBlob, "PUT /c/d?comp=copy" + action).code,
            "MissingRequiredQueryParameter");
  EXPECT_EQ(h.Run(AbortCopyBlob, url + id + action).status, 204u);
  EXPECT_TRUE(JobRows().empty());
  h.RunBackground();
  const auto record = Record("d");
  EXPECT_EQ(record.copy.status, Status::kAborted);
  EXPECT_EQ(record.length, 0u);
  EXPECT_EQ(record.metadata.size(), 1u);
  EXPECT_EQ(StoredBytes(), 0u);
  EXPECT_EQ(h.Run(AbortCopyBlob, url + id + action).code, "NoPendingCopyOperation");
  EXPECT_EQ(h.Run(AbortCopyBlob, "PUT /c/none?comp=copy&copyid=x" + action).code, "BlobNotFound");
}

TEST_F(CopyJobTest, ANewBlobUnderTheNameIsLeftAlone) {
  h.Run(CopyBlob, kCopy);
  auto old_job = std::move(h.background.entries);
  h.background.entries.clear();
  const std::string id = Record("d").copy.id;
  h.Run(AbortCopyBlob, "PUT /c/d?comp=copy&copyid=" + id + "\nx-ms-copy-action: abort");
  h.Run(CopyBlob, kCopy);  // pending again, with another id
  const auto newer = Record("d");
  h.Await(old_job.front().task());
  EXPECT_EQ(Record("d").etag, newer.etag);
  EXPECT_EQ(Record("d").copy.status, Status::kPending);
}

TEST_F(CopyJobTest, ARestartGoesOn) {
  h.Run(CopyBlob, kCopy);
  Crash();
  Resume();
  h.RunBackground();
  EXPECT_EQ(Body("d"), "from far");
  EXPECT_TRUE(JobRows().empty());
}

TEST_F(CopyJobTest, CrashBeforeTheDestinationWasPending) {
  CopyJob job;
  job.copy_id = "id";
  job.account = "acct";
  job.container = "c";
  job.incarnation = "whatever";
  job.blob = "d";
  job.url = kUrl;
  ASSERT_TRUE(h.Await(SaveCopyJob(h.services, job)));
  Resume();
  h.RunBackground();
  EXPECT_TRUE(JobRows().empty());
  EXPECT_TRUE(h.sources.seen.empty());
  EXPECT_EQ(h.Run(GetBlob, "GET /c/d").status, 404u);
}

TEST_F(CopyJobTest, CrashBeforeTheJobWasForgotten) {
  h.Run(CopyBlob, kCopy);
  const std::string row = JobRows().at(0);
  h.RunBackground();
  const auto done = Record("d");
  auto job = CopyJob::Decode(row);
  ASSERT_TRUE(job);
  ASSERT_TRUE(h.Await(SaveCopyJob(h.services, *job)));
  Resume();
  h.RunBackground();
  EXPECT_EQ(Record("d").etag, done.etag);
  EXPECT_TRUE(JobRows().empty());
}

TEST_F(CopyJobTest, AFailedStartForgetsItsJob) {
  PutSource("d", "old");
  h.Run(LeaseBlob, "PUT /c/d?comp=lease\nx-ms-lease-action: acquire\nx-ms-lease-duration: -1");
  EXPECT_EQ(h.Run(CopyBlob, kCopy).code, "LeaseIdMissing");
  EXPECT_TRUE(JobRows().empty());
  h.faults->FailNextCommit(Errc::kNoSpace);  // the job's own row
  EXPECT_EQ(h.Run(CopyBlob, "PUT /c/e\nx-ms-copy-source: " + std::string(kUrl)).status, 507u);
  EXPECT_TRUE(h.background.entries.empty());
}

TEST_F(CopyJobTest, OurOwnFailingStoreLeavesTheCopyForTheNextStart) {
  h.Run(CopyBlob, kCopy);
  h.faults->FailNextCommit(Errc::kReadOnly);
  h.RunBackground();
  EXPECT_EQ(Record("d").copy.status, Status::kPending);
  EXPECT_EQ(JobRows().size(), 1u);
  Resume();
  h.RunBackground();
  EXPECT_EQ(Body("d"), "from far");
}

TEST_F(CopyJobTest, TimeLimit) {
  h.Run(CopyBlob, kCopy);
  Crash();
  h.clock.Advance(kMaxCopyTime + std::chrono::hours(1));
  Resume();
  h.RunBackground();
  EXPECT_EQ(Record("d").copy.description,
            "500 OperationCancelled \"The copy exceeded the maximum allowed time.\"");
}

TEST_F(CopyJobTest, DeletedContainer) {
  h.Run(CopyBlob, kCopy);
  h.Run(DeleteContainer, "DELETE /c?restype=container");
  h.RunBackground();
  EXPECT_TRUE(JobRows().empty());
  EXPECT_EQ(StoredBytes(), 0u);
}

TEST_F(CopyJobTest, CorruptRowsAreLeftAlone) {
  auto partition =
      h.Await(h.services.catalog().Locate(blob::AccountSpace("acct"), blob::CopyJobKey("bad")));
  engine::Batch batch;
  batch.puts.push_back({blob::CopyJobKey("bad"), "\x01\xff\xff"});
  ASSERT_TRUE(h.Await(h.services.catalog().Commit(*partition, std::move(batch))));
  h.Run(CopyBlob, kCopy);
  Crash();
  Resume();
  h.RunBackground();
  EXPECT_EQ(Body("d"), "from far");
  EXPECT_EQ(JobRows().size(), 1u);
}

TEST(CopyJobRowTest, Encoding) {
  CopyJob job;
  job.copy_id = "id";
  job.account = "acct";
  job.container = "c";
  job.incarnation = "inc";
  job.blob = "a/b";
  job.url = kUrl;
  job.source_etag = "\"e\"";
  job.version = "2025-07-05";
  job.secure = true;
  job.started = FromDotNetTicks(638'000'000'000'000'000);
  const std::string row = job.Encode();
  const auto read = CopyJob::Decode(row);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->Encode(), row);
  EXPECT_EQ(read->blob, "a/b");
  EXPECT_TRUE(read->secure);
  EXPECT_EQ(read->started, job.started);
  for (std::size_t cut = 0; cut < row.size(); ++cut) {
    const auto part = CopyJob::Decode(std::string_view(row).substr(0, cut));
    if (!part) EXPECT_EQ(part.error().code, Errc::kCorruption);
  }
  EXPECT_FALSE(CopyJob::Decode(""));
}

TEST(PublicUrlTest, DropsSignatures) {
  EXPECT_EQ(PublicUrl("http://h/a"), "http://h/a");
  EXPECT_EQ(PublicUrl("http://h/a?sig=x"), "http://h/a");
  EXPECT_EQ(PublicUrl("http://h/a?SIG=x&b=1"), "http://h/a?b=1");
  EXPECT_EQ(PublicUrl("http://h/a?b=1&s%69g=x&c"), "http://h/a?b=1&c");
  EXPECT_EQ(PublicUrl("http://h/a?b=1&%zz=x"), "http://h/a?b=1");
}

}  // namespace
}  // namespace blobgate::operations
