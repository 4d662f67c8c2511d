#include "config/config.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "config/schema.h"

namespace blobgate::config {
namespace {

constexpr const char* kKey = "MDEyMzQ1Njc4OWFiY2RlZg==";

std::string Minimal(const std::string& more = "") {
  return R"({"engine": {"data_dir": "/tmp/x"}, "listeners": [{"address": "127.0.0.1"}],)"
         R"( "accounts": [{"name": "acct1", "keys": [")" +
         std::string(kKey) + "\"]}]" + more + "}";
}

std::string ErrorOf(const std::string& text) {
  auto config = Parse(text);
  return config ? "(accepted)" : config.error().detail;
}

TEST(Config, MinimalFileHasDefaults) {
  auto config = Parse(Minimal());
  ASSERT_TRUE(config) << config.error().detail;
  EXPECT_EQ(config->engine.segment_bytes, 1024ull * 1024 * 1024);
  EXPECT_EQ(config->listeners.at(0).port, 0);
  EXPECT_FALSE(config->listeners.at(0).tls);
  EXPECT_EQ(config->accounts.at(0).kind, "StorageV2");
  EXPECT_EQ(config->limits.idle_timeout.count(), 240);
}

TEST(Config, CommentsAreAllowed) {
  EXPECT_TRUE(Parse("// a store\n" + Minimal()));
}

TEST(Config, SyntaxErrorsNameLineAndColumn) {
  EXPECT_EQ(ErrorOf("{\n  \"engine\": ]\n}"), "line 2, column 13: not valid JSON");
  EXPECT_NE(ErrorOf("").find("line 1"), std::string::npos);
  EXPECT_NE(ErrorOf("{\"engine\": 99E999}").find("99E999"), std::string::npos);
}

TEST(Config, UnknownOptionsAreErrors) {
  EXPECT_EQ(ErrorOf(Minimal(R"(, "loglevel": "info")")), "loglevel: unknown option");
  EXPECT_EQ(ErrorOf(Minimal(R"(, "limits": {"heads": 1})")), "limits.heads: unknown option");
}

TEST(Config, TypesAndRangesAreChecked) {
  EXPECT_EQ(ErrorOf(Minimal(R"(, "threads": "two")")), "threads: must be a whole number 0..256");
  EXPECT_EQ(ErrorOf(Minimal(R"(, "threads": -1)")), "threads: must be a whole number 0..256");
  EXPECT_EQ(ErrorOf(Minimal(R"(, "threads": 1.5)")), "threads: must be a whole number 0..256");
  EXPECT_EQ(ErrorOf(Minimal(R"(, "limits": {"head_timeout": 0})")),
            "limits.head_timeout: must be a whole number 1..3600");
  EXPECT_EQ(ErrorOf(Minimal(R"(, "suffixes": "x")")), "suffixes: must be a list of strings");
  EXPECT_EQ(ErrorOf(Minimal(R"(, "log_level": "loud")")),
            "log_level: must be one of debug, info, warn, error");
  EXPECT_EQ(ErrorOf("[]"), "the file: must be an object");
}

TEST(Config, RequiredOptions) {
  EXPECT_EQ(ErrorOf("{}"), "engine: is required");
  EXPECT_EQ(ErrorOf(R"({"engine": {}})"), "engine.data_dir: is required");
  EXPECT_EQ(ErrorOf(R"({"engine": {"data_dir": "/x"}, "listeners": []})"),
            "listeners: at least one is needed");
}

TEST(Config, AccountsAreChecked) {
  auto with = [](const std::string& account) {
    return ErrorOf(R"({"engine": {"data_dir": "/x"}, "listeners": [{"address": "::1"}],)"
                   R"("accounts": [)" +
                   account + "]}");
  };
  const std::string key = kKey;
  EXPECT_NE(with(R"({"name": "Bad", "keys": [")" + key + "\"]}").find("lower-case"),
            std::string::npos);
  EXPECT_NE(with(R"({"name": "acct1", "keys": []})").find("one or two keys"), std::string::npos);
  EXPECT_NE(with(R"({"name": "acct1", "keys": ["c2hvcnQ="]})").find("16 bytes"), std::string::npos);
  EXPECT_NE(with(R"({"name": "acct1", "keys": ["***"]})").find("base64"), std::string::npos);
  const std::string good = R"({"name": "acct1", "keys": [")" + key + "\"]}";
  EXPECT_NE(with(good + "," + good).find("twice"), std::string::npos);
}

TEST(Config, DelegationSecretsAreChecked) {
  const auto with = [](const std::string& secrets) {
    return ErrorOf(R"({"engine": {"data_dir": "/x"}, "listeners": [{"address": "::1"}],)"
                   R"("accounts": [{"name": "acct1", "keys": [")" +
                   std::string(kKey) + R"("], "delegation_secrets": )" + secrets + "}]}");
  };
  const std::string good = R"("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")";
  EXPECT_EQ(with("[" + good + "]"), "(accepted)");
  EXPECT_NE(with("[\"c2hvcnQ=\"]").find("32 bytes"), std::string::npos);
  EXPECT_NE(with("[" + good + "," + good + "," + good + "]").find("at most two"),
            std::string::npos);
}

std::string OAuthErrorOf(const std::string& oauth) {
  return ErrorOf(Minimal(R"(, "oauth": )" + oauth));
}

constexpr const char* kIssuer =
    R"("issuer": "https://sts.windows.net/x/", "tenant": "22222222-2222-2222-2222-222222222222")";

TEST(Config, ImmutabilityNeedsVersions) {
  const auto with = [](const std::string& more) {
    std::string text = Minimal();
    return text.insert(text.find("\"name\""), more);
  };
  EXPECT_NE(ErrorOf(with(R"("version_level_immutability": true, )")).find("need versioning"),
            std::string::npos);
  EXPECT_NE(ErrorOf(with(R"("immutable_containers": ["a"], )")).find("need versioning"),
            std::string::npos);
  EXPECT_EQ(ErrorOf(with(R"("version_level_immutability": true, "versioning": true, )")),
            "(accepted)");
}

TEST(Config, HierarchicalAccountsHaveNeitherVersionsNorChangeFeed) {
  const auto with = [](const std::string& more) {
    std::string text = Minimal();
    return text.insert(text.find("\"name\""), R"("hierarchical": true, )" + more);
  };
  EXPECT_NE(ErrorOf(with(R"("versioning": true, )")).find("no versions"), std::string::npos);
  EXPECT_NE(ErrorOf(with(R"("change_feed": {"enabled": true}, )")).find("no change feed"),
            std::string::npos);
  EXPECT_EQ(ErrorOf(with("")), "(accepted)");
}

TEST(Config, MasterKeysAreChecked) {
  const auto with = [](const std::string& keys, const std::string& account = "{}") {
    std::string text = Minimal();
    text.insert(text.find("\"name\""), "\"encryption\": " + account + ", ");
    return text.insert(text.find("\"accounts\""), "\"master_keys\": [" + keys + "], ");
  };
  const std::string file = R"({"name": "one", "key_file": "/k"})";
  const std::string command = R"({"name": "two", "command": ["/bin/vault", "x"]})";
  EXPECT_EQ(ErrorOf(with(file + "," + command, R"({"enabled": true})")), "(accepted)");
  EXPECT_EQ(ErrorOf(with(file + "," + command, R"({"enabled": true, "master_key": "two"})")),
            "(accepted)");
  const auto says = [&](const std::string& text, const std::string& what) {
    EXPECT_NE(ErrorOf(text).find(what), std::string::npos) << ErrorOf(text);
  };
  says(with("", R"({"enabled": true})"), "needs one of master_keys");
  says(with(file, R"({"enabled": true, "master_key": "two"})"), "there is no \"two\"");
  says(with(file, R"({"master_key": "two"})"), "there is no \"two\"");
  says(with(file + "," + file), "is there twice");
  says(with(R"({"name": "one"})"), "one of key_file and command");
  says(with(R"({"name": "one", "key_file": "/k", "command": ["/c"]})"), "one of key_file and");
  says(with(R"({"name": "one", "command": ["vault"]})"), "absolute path");
  says(with(R"({"name": "o e", "key_file": "/k"})"), "a name is");
  says(with(R"({"name": "one", "command": ["/c"], "command_timeout": 0})"), "1..60");
}

TEST(Config, EncryptionScopesAreChecked) {
  const auto with = [](const std::string& scopes) {
    std::string text = Minimal();
    return text.insert(text.find("\"name\""), "\"encryption_scopes\": [" + scopes + "], ");
  };
  EXPECT_EQ(ErrorOf(with(R"({"name": "red-1", "key_file": "/k"})")), "(accepted)");
  for (const std::string name : {"", "ab", "red_1", "$account-encryption-key", "r\u00e9d"}) {
    EXPECT_NE(ErrorOf(with(R"({"key_file": "/k", "name": ")" + name + "\"}")).find("is named by"),
              std::string::npos)
        << name;
  }
  const std::string red = R"({"name": "red", "key_file": "/k"})";
  EXPECT_NE(ErrorOf(with(red + "," + red)).find("is there twice"), std::string::npos);
  EXPECT_NE(ErrorOf(with(R"({"name": "red", "key_file": ""})")).find("key_file"),
            std::string::npos);
}

TEST(Config, OAuthIssuersAreChecked) {
  const std::string issuer = kIssuer;
  const auto with = [](const std::string& fields) {
    return OAuthErrorOf("{\"issuers\": [{" + fields + "}]}");
  };
  EXPECT_EQ(with(issuer + R"(, "jwks_file": "/keys")"), "(accepted)");
  EXPECT_EQ(with(issuer + R"(, "jwks_url": "https://keys.example/")"), "(accepted)");
  EXPECT_EQ(with(issuer + R"(, "jwks_url": "http://127.0.0.1:8/keys")"), "(accepted)");
  EXPECT_NE(with(issuer).find("jwks_file and jwks_url"), std::string::npos);
  EXPECT_NE(with(issuer + R"(, "jwks_file": "a", "jwks_url": "https://b/")").find("one of"),
            std::string::npos);
  for (const char* url : {"http://keys.example/", "ftp://x/", "http://127.0.0.1.evil.example/"}) {
    EXPECT_NE(with(issuer + R"(, "jwks_url": ")" + url + "\"").find("must be https"),
              std::string::npos)
        << url;
  }
  EXPECT_NE(with(R"("issuer": "i", "tenant": "t", "jwks_file": "f")").find("GUID"),
            std::string::npos);
  const std::string whole = "{" + issuer + R"(, "jwks_file": "/keys"})";
  EXPECT_NE(OAuthErrorOf("{\"issuers\": [" + whole + "," + whole + "]}").find("twice"),
            std::string::npos);
  const std::string other =
      R"({"issuer": "b", "tenant": "22222222-2222-2222-2222-222222222222", "jwks_file": "f"})";
  EXPECT_NE(OAuthErrorOf("{\"issuers\": [" + whole + "," + other + "]}").find("two issuers"),
            std::string::npos);
}

TEST(Config, TheLocalIssuerIsChecked) {
  const std::string issuer = kIssuer;
  const auto with = [](const std::string& fields) {
    return OAuthErrorOf(R"({"local_issuer": {"key_file": "/k", )" + fields + "}}");
  };
  EXPECT_EQ(with(issuer), "(accepted)");
  EXPECT_NE(with(R"("issuer": "https://x/", "tenant": "t")").find("GUID"), std::string::npos);
  EXPECT_NE(
      with(R"("issuer": "x", "tenant": "22222222-2222-2222-2222-222222222222")").find("https"),
      std::string::npos);
  EXPECT_NE(OAuthErrorOf(R"({"authority": "http://login.example"})").find("https"),
            std::string::npos);
  EXPECT_NE(OAuthErrorOf(R"({"authority": "https://a b"})").find("https"), std::string::npos);
}

TEST(Config, OAuthRolesAreChecked) {
  const auto with = [](const std::string& fields) {
    return OAuthErrorOf(R"({"roles": [{"role": "Storage Blob Data Reader", )" + fields + "}]}");
  };
  EXPECT_EQ(with(R"("oid": "*", "account": "*")"), "(accepted)");
  EXPECT_EQ(with(R"("group": "g", "account": "acct1", "container": "c", "prefix": "p/")"),
            "(accepted)");
  EXPECT_NE(with(R"("account": "*")").find("one of oid"), std::string::npos);
  EXPECT_NE(with(R"("tenant": "x", "account": "*")").find("one of oid"), std::string::npos);
  EXPECT_NE(with(R"("oid": "*", "account": "Nobody")").find("no name"), std::string::npos);
  EXPECT_NE(with(R"("oid": "*", "account": "*", "prefix": "p")").find("container"),
            std::string::npos);
  EXPECT_NE(with(R"("oid": "*")").find("account: is required"), std::string::npos);
}

TEST(Config, RolesForAccountsThatThereAreNotAreWarnedOf) {
  const auto warnings = [](const std::string& account) {
    const auto config = Parse(Minimal(
        R"(, "oauth": {"roles": [{"role": "Storage Blob Data Reader", "oid": "*", "account": ")" +
        account + "\"}]}"));
    return config ? Warnings(*config).size() : 99;
  };
  EXPECT_EQ(warnings("acct1"), 0u);
  EXPECT_EQ(warnings("*"), 0u);
  EXPECT_EQ(warnings("acct9"), 1u);
}

TEST(Config, TlsListenersNeedACertificate) {
  EXPECT_NE(ErrorOf(R"({"engine": {"data_dir": "/x"},)"
                    R"("listeners": [{"address": "::1", "tls": true}]})")
                .find("certificate_file"),
            std::string::npos);
}

TEST(Config, TheConsoleIsOnLoopbackOrBehindTls) {
  const auto on = [](const std::string& listener) {
    return ErrorOf(Minimal(R"(, "console": {"listeners": [{"address": )" + listener + "}]}"));
  };
  for (const char* address : {R"("127.0.0.1")", R"("127.8.0.1")", R"("::1")"}) {
    EXPECT_EQ(on(address), "(accepted)") << address;
  }
  for (const char* address : {"0.0.0.0", "192.0.2.1", "::", "1.127.0.0"}) {
    EXPECT_EQ(on("\"" + std::string(address) + "\""),
              "console.listeners: " + std::string(address) +
                  " needs tls: only a loopback address may do without");
  }
  EXPECT_EQ(on(R"("0.0.0.0", "tls": true)"),
            "tls: certificate_file and key_file are needed for a listener with tls");
}

TEST(Config, TheExampleFileIsValidAndNamesOnlyDocumentedOptions) {
  for (const char* file : {"/config/blobgate.json", "/config/entra-id.json"}) {
    auto config = Load(std::string(BLOBGATE_SOURCE_DIR) + file);
    EXPECT_TRUE(config) << config.error().detail;
  }
}

TEST(Config, TheDocumentationIsCurrent) {
  std::ifstream in(std::string(BLOBGATE_SOURCE_DIR) + "/docs/configuration.md");
  std::ostringstream text;
  text << in.rdbuf();
  EXPECT_EQ(text.str(), DocumentationMarkdown()) << "run: blobgate config-docs";
}

}  // namespace
}  // namespace blobgate::config
