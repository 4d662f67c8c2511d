#include "server/analytics_line.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace blobgate::server {
namespace {

using azure::ErrorCode;
using gateway::AccessEntry;
using gateway::Caller;

AccessEntry Entry() {
  AccessEntry entry;
  entry.request_id = "61d2e3f6-bcb7-4cd1-a81e-4f8f497f0da2";
  entry.peer = "192.100.0.102";
  entry.operation = "Get Blob";
  entry.account = "storagesample";
  entry.status = 200;
  entry.seconds = 0.0171;
  entry.server_seconds = 0.016;
  entry.bytes_out = 23;
  entry.complete = true;
  entry.analytics = std::make_unique<gateway::AnalyticsDetails>();
  auto& details = *entry.analytics;
  details.started = *ParseIso8601("2014-06-19T22:59:23.1967767Z");
  details.caller = Caller::kAnonymous;
  details.owner = "storagesample";
  details.url = "https://storagesample.blob.core.windows.net/sample/1.txt?a=1&b=2";
  details.object_key = "/storagesample/sample/1.txt";
  details.peer_port = 4362;
  details.version = "2014-02-14";
  details.request_head_bytes = 283;
  details.response_head_bytes = 354;
  details.content_length = 0;
  details.etag = "\"0x8D15A2913C934DE\"";
  details.last_modified = "Thu, 19 Jun 2014 22:58:10 GMT";
  details.user_agent = "WA-Storage/4.0.1 (.NET CLR 4.0; Win32NT)";
  details.client_request_id = "44dfd78e-7288-4898-8f70-c3478983d3b6";
  return entry;
}

/// As a reader of such logs splits a line: semicolons within quotes are no separators.
std::vector<std::string> Split(const std::string& line) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (const char c : line) {
    if (c == '"') quoted = !quoted;
    if (c == ';' && !quoted) {
      fields.emplace_back();
    } else {
      fields.back() += c;
    }
  }
  return fields;
}

TEST(AnalyticsLine, IsAsDocumented) {
  EXPECT_EQ(AnalyticsLine(Entry()),
            "2.0;2014-06-19T22:59:23.1967767Z;GetBlob;AnonymousSuccess;200;17;16;anonymous;;"
            "storagesample;blob;"
            "\"https://storagesample.blob.core.windows.net/sample/1.txt?a=1&amp;b=2\";"
            "\"/storagesample/sample/1.txt\";61d2e3f6-bcb7-4cd1-a81e-4f8f497f0da2;0;"
            "192.100.0.102:4362;2014-02-14;283;0;354;23;0;;;\"&quot;0x8D15A2913C934DE&quot;\";"
            "Thursday, 19-Jun-14 22:58:10 GMT;;\"WA-Storage/4.0.1 (.NET CLR 4.0; Win32NT)\";;"
            "\"44dfd78e-7288-4898-8f70-c3478983d3b6\";;;;;;;;");
  EXPECT_EQ(Split(AnalyticsLine(Entry())).size(), 38u);
}

TEST(AnalyticsLine, SaysWhoseTokenItWas) {
  auto entry = Entry();
  entry.analytics->caller = Caller::kBearer;
  entry.analytics->oid = "e5981635-dcf0-4279-ab7b-ca1cbdf4a5c7";
  entry.analytics->tid = "72f988bf-86f1-41af-91ab-2d7cd011db47";
  const auto fields = Split(AnalyticsLine(entry));
  EXPECT_EQ(fields[3], "OAuthSuccess");
  EXPECT_EQ(fields[7], "bearer");
  EXPECT_EQ(fields[8], "storagesample");
  EXPECT_EQ(fields[30], "\"e5981635-dcf0-4279-ab7b-ca1cbdf4a5c7\"");
  EXPECT_EQ(fields[31], "\"72f988bf-86f1-41af-91ab-2d7cd011db47\"");
}

TEST(AnalyticsLine, HostileTextStaysInItsField) {
  auto entry = Entry();
  const std::string hostile = "a\";b;\"c\n2.0;<&>\r\x7f\xff";
  auto& details = *entry.analytics;
  for (auto* text : {&details.url, &details.object_key, &details.user_agent, &details.referrer,
                     &details.client_request_id, &details.etag, &details.conditions,
                     &details.request_md5, &details.server_md5, &details.last_modified}) {
    *text = hostile;
  }
  const std::string line = AnalyticsLine(entry);
  EXPECT_EQ(line.find_first_of("\r\n"), std::string::npos);
  const auto fields = Split(line);
  ASSERT_EQ(fields.size(), 38u);
  EXPECT_EQ(fields[27], "\"a&quot;;b;&quot;c&#10;2.0;&lt;&amp;&gt;&#13;&#127;\xff\"");
  EXPECT_EQ(fields[25], "") << "no date";
}

TEST(AnalyticsLine, NothingIsKnownOfWhatIsNoRequest) {
  AccessEntry entry;
  entry.operation = "-";
  entry.status = 400;
  entry.complete = true;
  entry.analytics = std::make_unique<gateway::AnalyticsDetails>();
  const auto fields = Split(AnalyticsLine(entry));
  EXPECT_EQ(fields.size(), 38u);
  EXPECT_EQ(fields[2], "Unknown");
}

TEST(AnalyticsLine, IPv6) {
  auto entry = Entry();
  entry.peer = "2001:db8::1";
  EXPECT_EQ(Split(AnalyticsLine(entry))[15], "[2001:db8::1]:4362");
}

std::string StatusOf(Caller caller, unsigned status, ErrorCode code,
                     std::string version = "2021-08-06") {
  auto entry = Entry();
  entry.status = status;
  entry.analytics->caller = caller;
  entry.analytics->error = code;
  entry.analytics->version = std::move(version);
  entry.error_code = azure::InfoOf(code).code;
  return AnalyticsStatus(entry);
}

TEST(AnalyticsStatus, TellsFailuresApart) {
  EXPECT_EQ(StatusOf(Caller::kSharedKey, 404, ErrorCode::kBlobNotFound), "BlobNotFound");
  EXPECT_EQ(StatusOf(Caller::kServiceSas, 404, ErrorCode::kBlobNotFound, "2016-05-31"),
            "SASClientOtherError");
  EXPECT_EQ(StatusOf(Caller::kAccountSas, 403, ErrorCode::kAuthorizationPermissionMismatch),
            "SASAuthorizationError");
  EXPECT_EQ(StatusOf(Caller::kUnknown, 403, ErrorCode::kAuthenticationFailed),
            "AuthorizationError");
  EXPECT_EQ(StatusOf(Caller::kSharedKey, 503, ErrorCode::kServerBusy), "ThrottlingError");
  EXPECT_EQ(StatusOf(Caller::kBearer, 500, ErrorCode::kOperationTimedOut),
            "OAuthServerTimeoutError");
  EXPECT_EQ(StatusOf(Caller::kAnonymous, 500, ErrorCode::kInternalError),
            "AnonymousServerOtherError");
  auto cut = Entry();
  cut.complete = false;
  EXPECT_EQ(AnalyticsStatus(cut), "AnonymousNetworkError");
}

}  // namespace
}  // namespace blobgate::server
