#include "gateway/source_opener.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/digest.h"
#include "base/encoding.h"
#include "operations/blob_store.h"
#include "operations/handlers.h"
#include "support/operation_harness.h"
#include "unit/auth/token_issuer.h"

namespace blobgate::gateway {
namespace {

using operations::CopySource;
using operations::LocalSource;
using operations::RemoteSource;
using operations::SourceRequest;

/// Plays the network: names resolve to `addresses`, every GET gets the same answer.
class FakeOutside final : public OutsideClient {
 public:
  std::vector<std::string> addresses{"20.60.1.1"};
  unsigned status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::optional<std::uint64_t> content_length = 5;
  std::optional<Errc> failure;
  std::vector<net::ClientRequest> seen;

  Task<Result<net::ClientResponse>> Get(net::ClientRequest request,
                                        net::AddressFilter allowed) override {
    seen.push_back(std::move(request));
    bool any = false;
    for (const std::string& text : addresses) {
      any = allowed(boost::asio::ip::make_address(text)) || any;
    }
    if (!any) co_return Fail(Errc::kInvalidArgument, "no address is allowed");
    if (failure) co_return Fail(*failure, "as the test says");
    net::ClientResponse response;
    response.status = status;
    response.headers = headers;
    response.content_length = content_length;
    response.body = std::make_unique<test::StringBody>("hello");
    co_return std::move(response);
  }
};

class SourceOpenerTest : public ::testing::Test {
 protected:
  SourceOpenerTest()
      : accounts_(std::make_shared<const AccountTable>(
            Entries(), azure::AddressRules{.suffixes = {"blob.example"}, .is_account = nullptr})),
        opener_({.accounts = accounts_,
                 .allowed_hosts = {"*.public.example", "inside.example"},
                 .outside = outside_,
                 .engine = h_.services.engine,
                 .clock = h_.clock,
                 .etags = h_.etags,
                 .background = h_.background}) {
    opener_.SetListeners({{"127.0.0.1", 10000}, {"0.0.0.0", 8080}, {"10.1.1.1", 9000}});
    EXPECT_EQ(h_.Run(operations::CreateContainer, "PUT /con?restype=container").status, 201u);
    EXPECT_EQ(h_.Run(operations::CreateContainer,
                     "PUT /open?restype=container\nx-ms-blob-public-access: blob")
                  .status,
              201u);
  }

  static std::vector<AccountEntry> Entries() {
    AccountEntry entry;
    entry.keys = {"acct", {std::string(kKey)}};
    entry.settings.name = "acct";
    return {entry};
  }

  static std::string Encode(std::string_view text) { return PercentEncode(text); }
  static std::string Signature(std::string_view text) {
    return Encode(Base64Encode(HmacSha256(AsBytes(kKey), AsBytes(text))));
  }
  /// An account SAS for blobs' content with these permissions.
  static std::string AccountSas(std::string_view letters, std::string_view protocol = "",
                                std::string_view peer = "") {
    const std::string expiry = "2027-01-01T00:00:00Z";
    std::string text = "acct\n";
    text.append(letters).append("\nb\no\n\n").append(expiry).append("\n");
    text.append(peer).append("\n").append(protocol).append("\n2022-11-02\n\n");
    std::string out = "sv=2022-11-02&ss=b&srt=o&sp=" + std::string(letters) +
                      "&se=" + Encode(expiry) + "&sig=" + Signature(text);
    if (!protocol.empty()) out += "&spr=" + std::string(protocol);
    if (!peer.empty()) out += "&sip=" + std::string(peer);
    return out;
  }
  /// A service SAS of container `con` that names a stored policy.
  static std::string PolicySas(std::string_view policy) {
    std::string text = "\n\n\n/blob/acct/con\n";
    text.append(policy).append("\n\n\n2022-11-02\nc\n\n\n\n\n\n\n");
    return "sv=2022-11-02&sr=c&si=" + std::string(policy) + "&sig=" + Signature(text);
  }

  azure::Outcome<CopySource> Open(std::string_view url) {
    request_.url = url;
    return h_.Await(opener_.Open(request_));
  }
  /// "account/container/blob" of a local source; else the failure.
  std::string Local(std::string_view url) {
    auto source = Open(url);
    if (!source) return Failure(source.error());
    const auto* local = std::get_if<LocalSource>(&*source);
    if (local == nullptr) return "outside";
    tags_ = local->may_read_tags;
    return local->resource.account + "/" + local->resource.container + "/" + local->resource.blob;
  }
  /// "status source-code"; another code than CannotVerifyCopySource comes first.
  static std::string Failure(const azure::Error& error) {
    std::string out = std::to_string(error.http_status());
    if (error.code != azure::ErrorCode::kCannotVerifyCopySource) {
      return std::string(azure::InfoOf(error.code).code) + " " + out;
    }
    for (const auto& [name, value] : error.headers()) {
      if (name == "x-ms-copy-source-error-code") out += " " + value;
    }
    return out;
  }

  static constexpr std::string_view kKey = "0123456789abcdef0123456789abcdef";
  test::OperationHarness h_;
  FakeOutside outside_;
  Accounts accounts_;
  GatewaySourceOpener opener_;
  SourceRequest request_{.url = {},
                         .authorization = {},
                         .range = {},
                         .own_account = {},
                         .conditions = {},
                         .key_headers = {},
                         .secure = false,
                         .host = "gateway.example:1234",
                         .peer = "192.0.2.7",
                         .version = "2025-07-05"};
  bool tags_ = false;
};

TEST_F(SourceOpenerTest, HostStyleUnderOurSuffix) {
  const std::string sas = AccountSas("r");
  EXPECT_EQ(Local("https://acct.blob.example/con/a%2Fb%20c?" + sas), "acct/con/a/b c");
  EXPECT_EQ(Local("https://ACCT.blob.EXAMPLE/con/x?" + sas), "acct/con/x");
  EXPECT_EQ(Local("https://acct-secondary.blob.example/con/x?" + sas), "acct/con/x");
  EXPECT_TRUE(outside_.seen.empty());
}

TEST_F(SourceOpenerTest, AnUnknownAccountUnderOurSuffixIsOutside) {
  EXPECT_EQ(Local("https://other.blob.example/con/x"), "403 AuthorizationFailure");
}

TEST_F(SourceOpenerTest, PathStyleAtOurAddresses) {
  const std::string rest = "/acct/con/x?" + AccountSas("r");
  for (const char* host : {"127.0.0.1:10000", "localhost:10000", "[::1]:8080", "127.0.0.2:8080",
                           "10.1.1.1:9000", "gateway.example:1234", "GATEWAY.example:1234"}) {
    EXPECT_EQ(Local("http://" + std::string(host) + rest), "acct/con/x") << host;
  }
  for (const char* host : {"127.0.0.1:10001", "127.0.0.1", "10.1.1.1:8080", "gateway.example",
                           "gateway.example:1235", "localhost.evil:10000"}) {
    EXPECT_EQ(Local("http://" + std::string(host) + rest), "403 AuthorizationFailure") << host;
  }
  EXPECT_TRUE(outside_.seen.empty());
}

TEST_F(SourceOpenerTest, HostWithoutPortMeansTheSchemesOwn) {
  request_.host = "gateway.example";
  request_.secure = true;
  const std::string rest = "/acct/con/x?" + AccountSas("r");
  EXPECT_EQ(Local("https://gateway.example" + rest), "acct/con/x");
  EXPECT_EQ(Local("https://gateway.example:443" + rest), "acct/con/x");
  EXPECT_EQ(Local("http://gateway.example" + rest), "403 AuthorizationFailure");
}

TEST_F(SourceOpenerTest, TheSasDecides) {
  const std::string url = "https://acct.blob.example/con/x?";
  EXPECT_EQ(Local(url + AccountSas("w")), "403 AuthorizationPermissionMismatch");
  EXPECT_EQ(Local(url + AccountSas("r") + "x"), "403 AuthenticationFailed");
  EXPECT_EQ(Local(url + AccountSas("r", "", "192.0.2.7")), "acct/con/x");
  EXPECT_EQ(Local(url + AccountSas("r", "", "192.0.2.8")), "403 AuthorizationSourceIPMismatch");
  EXPECT_EQ(Local(url + AccountSas("r", "https")), "acct/con/x");
  EXPECT_EQ(Local("http://acct.blob.example/con/x?" + AccountSas("r", "https")),
            "403 AuthorizationProtocolMismatch");
  h_.clock.Set(*ParseIso8601("2028-01-01"));
  EXPECT_EQ(Local(url + AccountSas("r")), "403 AuthenticationFailed");
}

TEST_F(SourceOpenerTest, TagsNeedTheirOwnLetter) {
  EXPECT_EQ(Local("https://acct.blob.example/con/x?" + AccountSas("r")), "acct/con/x");
  EXPECT_FALSE(tags_);
  EXPECT_EQ(Local("https://acct.blob.example/con/x?" + AccountSas("rt")), "acct/con/x");
  EXPECT_TRUE(tags_);
  EXPECT_EQ(Local("https://acct.blob.example/open/x"), "acct/open/x");
  EXPECT_FALSE(tags_);
}

TEST_F(SourceOpenerTest, StoredPolicies) {
  EXPECT_EQ(h_.Run(operations::SetContainerAcl, "PUT /con?restype=container&comp=acl",
                   "<SignedIdentifiers><SignedIdentifier><Id>p</Id><AccessPolicy>"
                   "<Expiry>2027-01-01</Expiry><Permission>r</Permission></AccessPolicy>"
                   "</SignedIdentifier></SignedIdentifiers>")
                .status,
            200u);
  EXPECT_EQ(Local("https://acct.blob.example/con/x?" + PolicySas("p")), "acct/con/x");
  EXPECT_EQ(Local("https://acct.blob.example/con/x?" + PolicySas("q")), "403 AuthenticationFailed");
}

TEST_F(SourceOpenerTest, AnonymousAccessOnlyWherePublic) {
  EXPECT_EQ(Local("https://acct.blob.example/open/x"), "acct/open/x");
  EXPECT_EQ(Local("https://acct.blob.example/con/x"), "401 NoAuthenticationInformation");
  EXPECT_EQ(Local("https://acct.blob.example/none/x"), "401 NoAuthenticationInformation");
}

TEST_F(SourceOpenerTest, OwnAccountNeedsNoSas) {
  request_.own_account = "acct";
  EXPECT_EQ(Local("https://acct.blob.example/con/x"), "acct/con/x");
  EXPECT_TRUE(tags_);
  request_.own_account = "other";
  EXPECT_EQ(Local("https://acct.blob.example/con/x"), "401 NoAuthenticationInformation");
}

TEST_F(SourceOpenerTest, AHostHeaderOpensNothing) {
  // The client says that some host is us: that makes a local read of it, with its own rights.
  request_.host = "169.254.169.254";
  EXPECT_EQ(Local("http://169.254.169.254/latest/meta/data"), "404 ResourceNotFound");
  EXPECT_TRUE(outside_.seen.empty());
}

TEST_F(SourceOpenerTest, OnlyBlobs) {
  request_.own_account = "acct";
  const std::string url = "https://acct.blob.example/con";
  EXPECT_EQ(Local(url + "/x?snapshot=2026-01-01T00:00:00.0000000Z"), "acct/con/x");
  EXPECT_EQ(Local(url + "/x?versionid=2026-01-01T00:00:00.0000000Z"), "acct/con/x");
  EXPECT_EQ(Local(url + "/x?snapshot=yesterday"), "400 InvalidQueryParameterValue");
  EXPECT_EQ(Local(url + "/x?comp=metadata"), "400 InvalidQueryParameterValue");
  EXPECT_EQ(Local("https://acct.blob.example/"), "404 ResourceNotFound");
  EXPECT_EQ(Local(url + "?restype=container&comp=list"), "404 ResourceNotFound");
  EXPECT_EQ(Local(url + "/%ff"), "400 InvalidUri");
}

TEST_F(SourceOpenerTest, MalformedUrlsAreTheClientsFault) {
  for (const char* url :
       {"", "con/x", "ftp://acct.blob.example/con/x", "http://u@acct.blob.example/"}) {
    EXPECT_EQ(Local(url), "InvalidHeaderValue 400") << url;
  }
  const auto failed = Open("ftp://h/?sig=SECRET");
  for (const auto& [name, value] : failed.error().details()) {
    EXPECT_EQ(value.find("SECRET"), std::string::npos);
  }
}

TEST_F(SourceOpenerTest, WithoutIssuersNoTokenIsBelieved) {
  for (const char* token : {"Bearer x", "SharedKey acct:x", "x"}) {
    request_.authorization = token;
    EXPECT_EQ(Local("https://acct.blob.example/open/x"), "401 InvalidAuthenticationInfo") << token;
  }
}

/// The same with an issuer whose bearer may read `con`.
class SourceTokenTest : public SourceOpenerTest {
 protected:
  SourceTokenTest() : server_({Reader()}) {
    std::vector<KeyOrigin> origins(1);
    origins[0].fixed = server_.keys.KeysOf(0);
    origins.push_back(origins[0]);
    keys_ = std::make_unique<IssuerKeys>(std::move(origins), outside_, h_.clock, h_.background);
    with_issuer_ = std::make_unique<GatewaySourceOpener>(
        SourceOpenerParts{.accounts = accounts_,
                          .allowed_hosts = {"*.public.example"},
                          .outside = outside_,
                          .engine = h_.services.engine,
                          .clock = h_.clock,
                          .etags = h_.etags,
                          .background = h_.background,
                          .authenticator = Authenticator(*server_.oauth, *keys_)});
    auto claims = auth::GoodClaims();
    claims["nbf"] = auth::Unix(h_.clock.Now());
    claims["exp"] = auth::Unix(h_.clock.Now()) + 3600;
    token_ = "Bearer " + auth::TokenOf(claims);
    request_.authorization = token_;
    request_.version = "2022-11-02";
    request_.secure = true;
  }

  static auth::RoleAssignment Reader() {
    auth::RoleAssignment rule;
    rule.actions = *auth::ActionsOf("Storage Blob Data Reader");
    rule.oid = auth::kOid;
    rule.account = "acct";
    rule.container = "con";
    return rule;
  }

  std::string Try(std::string_view url) {
    request_.url = url;
    auto source = h_.Await(with_issuer_->Open(request_));
    if (!source) return Failure(source.error());
    return std::holds_alternative<LocalSource>(*source) ? "local" : "outside";
  }

  auth::TestServer server_;
  std::unique_ptr<IssuerKeys> keys_;
  std::unique_ptr<GatewaySourceOpener> with_issuer_;
  std::string token_;
};

TEST_F(SourceTokenTest, ReadsWhatItsBearerMayRead) {
  EXPECT_EQ(Try("https://acct.blob.example/con/x"), "local");
  EXPECT_EQ(Try("https://acct.blob.example/open/x"), "403 AuthorizationPermissionMismatch")
      << "a token is not anonymous";
}

TEST_F(SourceTokenTest, TheOwnAccountsKeyDoesNotHelpABadToken) {
  request_.own_account = "acct";
  request_.authorization = "Bearer x.y.z";
  EXPECT_EQ(Try("https://acct.blob.example/con/x"), "401 InvalidAuthenticationInfo");
}

TEST_F(SourceTokenTest, MustHaveComeOverTls) {
  request_.secure = false;
  request_.peer = "10.0.0.1";
  EXPECT_EQ(Try("https://acct.blob.example/con/x"), "403 AuthenticationFailed");
}

TEST_F(SourceTokenTest, GoesOnToAnOutsideHostOverTlsOnly) {
  EXPECT_EQ(Try("http://s3.public.example/b"), "403 AuthenticationFailed");
  EXPECT_TRUE(outside_.seen.empty());
  EXPECT_EQ(Try("https://s3.public.example/b"), "outside");
  ASSERT_EQ(outside_.seen.size(), 1u);
  EXPECT_EQ(outside_.seen[0].headers,
            (std::vector<std::pair<std::string, std::string>>{{"accept-encoding", "identity"},
                                                              {"authorization", token_},
                                                              {"x-ms-version", "2022-11-02"}}));
}

TEST_F(SourceOpenerTest, OutsideIsAPlainGet) {
  request_.conditions = {{"if-match", "\"e\""}};
  outside_.headers = {{"etag", "\"e\""}};
  auto source = Open("https://s3.public.example:444/b/k?X-Sig=1");
  ASSERT_TRUE(source);
  auto* remote = std::get_if<RemoteSource>(&*source);
  ASSERT_NE(remote, nullptr);
  EXPECT_EQ(remote->status, 200u);
  EXPECT_EQ(remote->content_length, 5u);
  ASSERT_EQ(outside_.seen.size(), 1u);
  const net::ClientRequest& sent = outside_.seen[0];
  EXPECT_TRUE(sent.secure);
  EXPECT_EQ(sent.host, "s3.public.example");
  EXPECT_EQ(sent.port, 444);
  EXPECT_EQ(sent.target, "/b/k?X-Sig=1");
  EXPECT_EQ(sent.headers, (std::vector<std::pair<std::string, std::string>>{
                              {"if-match", "\"e\""}, {"accept-encoding", "identity"}}));
}

TEST_F(SourceOpenerTest, HostsThatAreNotAllowed) {
  EXPECT_EQ(Local("http://elsewhere.example/x"), "403 AuthorizationFailure");
  EXPECT_EQ(Local("http://169.254.169.254/latest"), "403 AuthorizationFailure");
  EXPECT_TRUE(outside_.seen.empty());
}

TEST_F(SourceOpenerTest, AnAllowedNameMayNotLeadInside) {
  for (const char* address :
       {"127.0.0.1", "169.254.169.254", "10.0.0.1", "::1", "fe80::1", "::ffff:10.0.0.1"}) {
    outside_.addresses = {address};
    EXPECT_EQ(Local("http://rebound.public.example/x"), "403 AuthorizationFailure") << address;
    EXPECT_EQ(Local("http://inside.example/x"), "outside") << address;  // named exactly
  }
}

TEST_F(SourceOpenerTest, FailuresOfOutsideSources) {
  const std::string url = "http://s3.public.example/x";
  outside_.status = 404;
  outside_.headers = {{"x-ms-error-code", "BlobNotFound"}};
  EXPECT_EQ(Local(url), "404 BlobNotFound");
  outside_.headers = {{"x-ms-error-code", "<script>"}};
  EXPECT_EQ(Local(url), "404");
  outside_.status = 302;
  outside_.headers = {{"location", "http://169.254.169.254/"}};
  EXPECT_EQ(Local(url), "400");
  EXPECT_EQ(outside_.seen.size(), 3u);  // not followed
  outside_.status = 503;
  EXPECT_EQ(Local(url), "503");
  outside_.status = 200;
  outside_.content_length = std::nullopt;
  EXPECT_EQ(Local(url), "400 MissingContentLengthHeader");
  outside_.failure = Errc::kTimeout;
  EXPECT_EQ(Local(url), "500 OperationTimedOut");
  outside_.failure = Errc::kUnavailable;
  EXPECT_EQ(Local(url), "500 InternalError");
  outside_.failure = Errc::kCancelled;
  EXPECT_EQ(Local(url), "InternalError 500");
}

TEST_F(SourceOpenerTest, Ranges) {
  const std::string url = "http://s3.public.example/x";
  request_.range = http::ByteRange{10, 14};
  outside_.status = 206;
  outside_.headers = {{"content-range", "bytes 10-14/100"}};
  EXPECT_EQ(Local(url), "outside");
  EXPECT_EQ(outside_.seen[0].headers[0],
            (std::pair<std::string, std::string>("range", "bytes=10-14")));
  for (const char* other : {"bytes 0-4/100", "bytes 10-15/100", "bytes 10-13/100", "bytes */100",
                            "items 10-14/100", "bytes 10/14-100", ""}) {
    outside_.headers = {{"content-range", other}};
    EXPECT_EQ(Local(url), "416 InvalidRange") << other;
  }
  outside_.status = 200;  // the whole of it is not what was asked for
  EXPECT_EQ(Local(url), "416 InvalidRange");
  request_.range = std::nullopt;
  outside_.status = 206;
  EXPECT_EQ(Local(url), "416 InvalidRange");
}

}  // namespace
}  // namespace blobgate::gateway
