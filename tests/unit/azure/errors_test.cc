#include "azure/errors.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "azure/error_body.h"

namespace blobgate::azure {
namespace {

struct Listed {
  ErrorCode code;
  std::string_view name;
};
constexpr Listed kAll[] = {
#define BG_AZURE_ERROR(code, status, message) {ErrorCode::k##code, #code},
#include "azure/errors.def"
#undef BG_AZURE_ERROR
};

const Time kNow = *ParseIso8601("2021-12-16T22:04:26.0712208Z");

TEST(Errors, EveryCodeHasItsOwnRow) {
  std::set<std::string_view> seen;
  for (const Listed& listed : kAll) {
    const ErrorInfo& info = InfoOf(listed.code);
    EXPECT_EQ(info.code, listed.name);
    EXPECT_TRUE(seen.insert(info.code).second) << info.code;
    EXPECT_TRUE(info.status >= 400 && info.status <= 507) << info.code;
    EXPECT_FALSE(info.message.empty()) << info.code;
  }
}

TEST(Errors, TheListHasNoGapToTheEnum) {
  for (std::size_t i = 0; i < std::size(kAll); ++i) {
    EXPECT_EQ(static_cast<std::size_t>(kAll[i].code), i) << kAll[i].name;
  }
}

TEST(Errors, MeasuredStatusAndText) {
  EXPECT_EQ(InfoOf(ErrorCode::kBlobNotFound).status, 404u);
  EXPECT_EQ(InfoOf(ErrorCode::kBlobNotFound).message, "The specified blob does not exist.");
  EXPECT_EQ(InfoOf(ErrorCode::kInvalidResourceName).message,
            "The specifed resource name contains invalid characters.");
  EXPECT_EQ(InfoOf(ErrorCode::kLeaseIdMissing).status, 412u);
  EXPECT_EQ(InfoOf(ErrorCode::kCorsPreflightFailure).status, 403u);
}

TEST(Errors, ACopyIsItsOwn) {
  const Error first =
      Error(ErrorCode::kInvalidInput).WithDetail("Reason", "none").WithMessage("Bad.").Because("c");
  Error second = first;
  second = std::move(second).WithDetail("Other", "one").WithStatus(418);
  EXPECT_EQ(first.details().size(), 1u);
  EXPECT_EQ(second.details().size(), 2u);
  EXPECT_EQ(first.http_status(), 400u);
  EXPECT_EQ(second.http_status(), 418u);
  EXPECT_EQ(second.message(), "Bad.");
  EXPECT_EQ(second.cause(), "c");
  second = Error(ErrorCode::kBlobNotFound);
  EXPECT_TRUE(second.details().empty());
  EXPECT_TRUE(second.headers().empty());
  EXPECT_EQ(second.message(), "The specified blob does not exist.");
  EXPECT_EQ(second.http_status(), 404u);
}

// Frames of coroutines have room for many.
static_assert(sizeof(Error) <= 16);

TEST(Errors, InternalErrorsMapInOnePlace) {
  const std::vector<std::pair<Errc, unsigned>> statuses = {
      {Errc::kInvalidArgument, 400}, {Errc::kNotFound, 500},    {Errc::kConflict, 500},
      {Errc::kPartitionMoved, 500},  {Errc::kExtentGone, 500},  {Errc::kCorruption, 500},
      {Errc::kNoSpace, 507},         {Errc::kReadOnly, 503},    {Errc::kIoError, 500},
      {Errc::kCancelled, 500},       {Errc::kTimeout, 500},     {Errc::kDisconnected, 500},
      {Errc::kTooLarge, 413},        {Errc::kUnavailable, 503}, {Errc::kInternal, 500}};
  for (const auto& [code, status] : statuses) {
    EXPECT_EQ(Error(blobgate::Error{code, "x"}).http_status(), status) << ErrcName(code);
  }
  EXPECT_EQ(Error(blobgate::Error{Errc::kTimeout, ""}).code, ErrorCode::kOperationTimedOut);
  // Never taken for a missing blob.
  EXPECT_EQ(Error(blobgate::Error{Errc::kCorruption, ""}).code, ErrorCode::kInternalError);
}

TEST(Errors, TheCauseIsForTheLogOnly) {
  const Error error(blobgate::Error{Errc::kIoError, "read of /data/7 failed"});
  EXPECT_EQ(error.cause(), "IoError: read of /data/7 failed");
  EXPECT_EQ(ErrorXml(error, "id", kNow).find("/data"), std::string::npos);
}

TEST(Errors, AFullDiskSaysSoAndAsksForNoRetry) {
  const Error full(blobgate::Error{Errc::kNoSpace, ""});
  const Error stopped(blobgate::Error{Errc::kReadOnly, ""});
  EXPECT_EQ(full.code, ErrorCode::kInsufficientStorage);
  EXPECT_NE(InfoOf(full.code).message.find("no space left"), std::string_view::npos);
  EXPECT_NE(stopped.message(), InfoOf(stopped.code).message);
  EXPECT_TRUE(full.headers().empty());
  EXPECT_TRUE(stopped.headers().empty());
}

TEST(Errors, ConvertOnTheWayThroughTry) {
  auto inner = []() -> Status { return blobgate::Fail(Errc::kUnavailable, "down"); };
  auto outer = [&]() -> Outcome<int> {
    BG_CHECK(inner());
    return 1;
  };
  const Outcome<int> result = outer();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kServerBusy);
}

TEST(ErrorXml, HasAzuresForm) {
  EXPECT_EQ(ErrorXml(ErrorCode::kBlobNotFound, "9d10a517-101e-0010-6cc8-f2af96000000", kNow),
            "\xEF\xBB\xBF<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>BlobNotFound</Code>"
            "<Message>The specified blob does not exist.\n"
            "RequestId:9d10a517-101e-0010-6cc8-f2af96000000\n"
            "Time:2021-12-16T22:04:26.0712208Z</Message></Error>");
}

TEST(ErrorXml, DetailsFollowTheMessageInOrder) {
  const std::string xml = ErrorXml(InvalidQueryParameter("snapshot", "x", "bad"), "id", kNow);
  EXPECT_NE(xml.find("</Message><QueryParameterName>snapshot</QueryParameterName>"
                     "<QueryParameterValue>x</QueryParameterValue><Reason>bad</Reason></Error>"),
            std::string::npos)
      << xml;
}

TEST(ErrorXml, EscapesWhatTheClientSent) {
  const std::string xml =
      ErrorXml(InvalidHeader("x-ms-version", "<a b=\"c\">&'\x01\xFF"), "id", kNow);
  EXPECT_NE(xml.find("<HeaderValue>&lt;a b=&quot;c&quot;&gt;&amp;&apos;\xEF\xBF\xBD\xEF\xBF\xBD"
                     "</HeaderValue>"),
            std::string::npos)
      << xml;
}

TEST(ErrorXml, TheApostropheOfAMessageIsEscaped) {
  EXPECT_NE(ErrorXml(MissingHeader("x-ms-blob-type"), "id", kNow).find("header that&apos;s"),
            std::string::npos);
}

TEST(ErrorXml, AnOverridingMessageReplacesTheText) {
  const std::string xml = ErrorXml(Error(ErrorCode::kServerBusy).WithMessage("Full."), "id", kNow);
  EXPECT_NE(xml.find("<Message>Full.\nRequestId:id"), std::string::npos) << xml;
}

TEST(DfsErrors, AreOfPathsAndResources) {
  const Error missing = ForDfsFace(ErrorCode::kBlobNotFound);
  EXPECT_EQ(missing.code, ErrorCode::kPathNotFound);
  EXPECT_EQ(missing.message(), InfoOf(ErrorCode::kPathNotFound).message);
  EXPECT_EQ(ForDfsFace(ErrorCode::kLeaseLost).message(),
            "A lease ID was specified, but the lease for the resource has expired.");
  EXPECT_EQ(ForDfsFace(Error(ErrorCode::kLeaseIdMissing)
                           .WithMessage("There is currently a lease on the container."))
                .message(),
            "There is currently a lease on the resource.");
}

}  // namespace
}  // namespace blobgate::azure
