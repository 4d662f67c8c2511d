// Walks every recorded signature: it must be accepted, and refused after any change to a byte of
// the signature, of the key, or of something signed.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <ranges>

#include "auth_request.h"
#include "base/crc64.h"

namespace blobgate::auth {
namespace {

using Json = nlohmann::json;

const Json& Vectors() {
  static const Json vectors = [] {
    std::ifstream file(BLOBGATE_SOURCE_DIR "/tests/unit/auth/vectors.json");
    return Json::parse(file);
  }();
  return vectors;
}

struct Case {
  std::string name;
  AccountKeys account;
  AuthRequest request;
  std::string string_to_sign;
};

// Another character of the same kind, so that what is parsed before the signature mostly still
// parses.
char Other(char c) {
  if (c >= '0' && c <= '9') return c == '9' ? '0' : static_cast<char>(c + 1);
  if (c == 'z' || c == 'Z') return static_cast<char>(c - 1);
  if ((c >= 'a' && c < 'z') || (c >= 'A' && c < 'Z')) return static_cast<char>(c + 1);
  return c == '_' ? '.' : '_';
}

void ExpectRefusedWithEachByteChanged(const Case& c, const std::string& what,
                                      const std::function<std::string&(AuthRequest&)>& field) {
  AuthRequest changed = c.request;
  std::string& text = field(changed);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char was = std::exchange(text[i], Other(text[i]));
    EXPECT_NE(CodeOf(changed.Run(c.account)), "OK") << c.name << ": " << what << " byte " << i;
    text[i] = was;
  }
  EXPECT_EQ(CodeOf(changed.Run(c.account)), "OK") << c.name;
}

void ExpectRefusedWithEachKeyByteChanged(const Case& c) {
  AccountKeys changed = c.account;
  for (char& byte : changed.keys[0]) {
    byte = static_cast<char>(byte ^ 1);
    const auto outcome = c.request.Run(changed);
    EXPECT_EQ(CodeOf(outcome), "AuthenticationFailed") << c.name;
    // The detail is the string to sign, word for word: it is what users debug with.
    EXPECT_NE(DetailOf(outcome).find(c.string_to_sign), std::string::npos) << c.name;
    byte = static_cast<char>(byte ^ 1);
  }
}

void ExpectAccepted(const Case& c, Credential::Kind kind) {
  auto account = c.account;
  auto outcome = c.request.Run(account);
  ASSERT_EQ(CodeOf(outcome), "OK") << c.name << "\n" << DetailOf(outcome);
  EXPECT_EQ(outcome->kind, kind) << c.name;
  account.keys.insert(account.keys.begin(), "another key");
  EXPECT_EQ(CodeOf(c.request.Run(account)), "OK") << c.name << ": as the second key";
}

// --- Shared Key ---------------------------------------------------------------------------------

azure::Resource ResourceOf(const std::string& account, bool path_style, std::string_view path) {
  if (path_style) path.remove_prefix(std::min(path.size(), account.size() + 1));
  if (path.starts_with('/')) path.remove_prefix(1);
  const std::string decoded = *PercentDecode(path);
  const std::size_t slash = std::min(decoded.find('/'), decoded.size());
  return {.account = account,
          .container = decoded.substr(0, slash),
          .blob = decoded.substr(std::min(slash + 1, decoded.size())),
          .secondary = false,
          .path_style = path_style};
}

Case SharedKeyCase(const Json& vector) {
  Case c{.name = vector["name"],
         .account = {vector["account"], {*Base64Decode(std::string(vector["key"]))}},
         .request = {},
         .string_to_sign = vector["stringToSign"]};
  c.request.method = vector["method"];
  const std::string url = vector["url"];
  const std::size_t host = url.find("//") + 2;
  const std::size_t path = url.find('/', host);
  c.request.secure = url.starts_with("https");
  c.request.target = url.substr(path);
  c.request.resource =
      ResourceOf(c.account.name, url[host] == '1', url.substr(path, url.find('?') - path));
  for (const auto& [name, value] : vector["headers"].items()) {
    const auto same = [&](const auto& header) { return EqualsIgnoreCase(header.first, name); };
    if (std::ranges::none_of(c.request.headers, same)) c.request.With(name, value);
  }
  c.request.With("Authorization", vector["authorization"]);
  return c;
}

std::vector<Case> SharedKeyCases(const char* group) {
  std::vector<Case> cases;
  for (const Json& vector : Vectors().at(group)) cases.push_back(SharedKeyCase(vector));
  return cases;
}

bool IsSignedHeader(const std::string& group, const std::string& name) {
  return group == "sharedKey" || !EqualsIgnoreCase(name, "content-length");
}

TEST(SharedKeyVectors, AreAcceptedAndEveryChangeRefused) {
  for (const char* group : {"sharedKey", "sharedKeyLite"}) {
    for (const Case& c : SharedKeyCases(group)) {
      ExpectAccepted(c, Credential::Kind::kSharedKey);
      ExpectRefusedWithEachKeyByteChanged(c);
      for (std::size_t i = 0; i < c.request.headers.size(); ++i) {
        const std::string& name = c.request.headers[i].first;
        if (!IsSignedHeader(group, name)) continue;
        ExpectRefusedWithEachByteChanged(
            c, name, [i](AuthRequest& r) -> std::string& { return r.headers[i].second; });
      }
      ExpectRefusedWithEachByteChanged(c, "method",
                                       [](AuthRequest& r) -> std::string& { return r.method; });
    }
  }
}

TEST(SharedKeyVectors, EveryByteOfTheTargetIsSigned) {
  for (const Case& c : SharedKeyCases("sharedKey")) {
    ExpectRefusedWithEachByteChanged(c, "target",
                                     [](AuthRequest& r) -> std::string& { return r.target; });
  }
}

TEST(SharedKeyVectors, AHeaderMoreOrLessIsRefused) {
  for (const Case& c : SharedKeyCases("sharedKey")) {
    for (std::size_t i = 0; i < c.request.headers.size(); ++i) {
      const auto& [name, value] = c.request.headers[i];
      if (EqualsIgnoreCase(name, "authorization") || value == "0") continue;
      AuthRequest fewer = c.request;
      fewer.headers.erase(fewer.headers.begin() + static_cast<std::ptrdiff_t>(i));
      EXPECT_NE(CodeOf(fewer.Run(c.account)), "OK") << c.name << " without " << name;
    }
    for (const char* name : {"x-ms-meta-more", "Content-Encoding", "Content-Language",
                             "If-Modified-Since", "If-Match", "If-Unmodified-Since"}) {
      AuthRequest more = c.request;
      EXPECT_NE(CodeOf(more.With(name, "x").Run(c.account)), "OK") << c.name << " with " << name;
    }
  }
}

// --- SAS ----------------------------------------------------------------------------------------

std::string Encoded(std::string_view name, std::string_view value) {
  return std::string(name) + '=' + PercentEncode(value);
}

std::string Encoded(const http::Query& query) {
  std::string out;
  for (const auto& [name, value] : query.params()) {
    out += (out.empty() ? "" : "&") + Encoded(name, value);
  }
  return out;
}

void SetTarget(AuthRequest& request, const std::string& query) {
  request.target = "/devstoreaccount1";
  if (!request.resource.container.empty()) request.target += '/' + request.resource.container;
  if (!request.resource.blob.empty()) {
    request.target += '/' + PercentEncode(request.resource.blob, "/");
  }
  request.target += '?' + query;
}

// The name is the fourth line of the string to sign: [/blob]/account/container[/blob].
std::string_view NameIn(std::string_view string_to_sign) {
  for (int i = 0; i < 3; ++i) string_to_sign.remove_prefix(string_to_sign.find('\n') + 1);
  std::string_view name = string_to_sign.substr(0, string_to_sign.find('\n'));
  if (name.starts_with("/blob/")) name.remove_prefix(5);
  return name.substr(std::string_view("/devstoreaccount1/").size());
}

Case SasCase(const Json& vector, bool service) {
  Case c{vector["name"], TestAccount(), {}, vector["stringToSign"]};
  std::string token = vector["token"];
  if (service) {
    const std::string name(NameIn(c.string_to_sign));
    const std::size_t slash = std::min(name.find('/'), name.size());
    c.request.resource.container = name.substr(0, slash);
    c.request.resource.blob = name.substr(std::min(slash + 1, name.size()));
    const Json inputs = vector.value("inputs", Json::object());
    if (inputs.contains("snapshotTime")) {
      token += "&snapshot=" + PercentEncode(std::string(inputs["snapshotTime"]));
    }
    if (inputs.contains("versionId")) {
      token += "&versionid=" + PercentEncode(std::string(inputs["versionId"]));
    }
  }
  SetTarget(c.request, token);
  return c;
}

std::vector<Case> SasCases(const char* group) {
  std::vector<Case> cases;
  for (const Json& vector : Vectors().at(group)) {
    cases.push_back(SasCase(vector, std::string_view(group) != "accountSas"));
  }
  return cases;
}

std::string QueryOf(const AuthRequest& request) {
  return request.target.substr(request.target.find('?') + 1);
}

void ExpectRefusedWithEachFieldByteChanged(const Case& c) {
  const http::Query query = *http::Query::Parse(QueryOf(c.request));
  for (std::size_t p = 0; p < query.params().size(); ++p) {
    for (std::size_t i = 0; i < query.params()[p].second.size(); ++i) {
      std::string text;
      for (std::size_t q = 0; q < query.params().size(); ++q) {
        std::string value(query.params()[q].second);
        if (q == p) value[i] = Other(value[i]);
        text += (text.empty() ? "" : "&") + Encoded(query.params()[q].first, value);
      }
      AuthRequest changed = c.request;
      SetTarget(changed, text);
      EXPECT_NE(CodeOf(changed.Run(c.account)), "OK") << c.name << ": " << text;
    }
  }
}

void ExpectAcceptedInAnyOrder(const Case& c) {
  http::Query query = *http::Query::Parse(QueryOf(c.request));
  std::vector<http::Query::Param> params = query.params();
  for (std::size_t turn = 0; turn < params.size(); ++turn) {
    std::ranges::rotate(params, params.begin() + 1);
    std::string text;
    for (const auto& [name, value] : params) text += Encoded(name, value) + '&';
    AuthRequest turned = c.request;
    SetTarget(turned, text + "comp=anything");
    EXPECT_EQ(CodeOf(turned.Run(c.account)), "OK") << c.name << ": " << text;
  }
}

TEST(SasVectors, AreAcceptedAndEveryChangeRefused) {
  const std::pair<const char*, Credential::Kind> groups[] = {
      {"accountSas", Credential::Kind::kAccountSas},
      {"serviceSas", Credential::Kind::kServiceSas},
      {"serviceSasOld", Credential::Kind::kServiceSas}};
  for (const auto& [group, kind] : groups) {
    for (const Case& c : SasCases(group)) {
      ExpectAccepted(c, kind);
      ExpectRefusedWithEachKeyByteChanged(c);
      ExpectRefusedWithEachFieldByteChanged(c);
      ExpectAcceptedInAnyOrder(c);
    }
  }
}

TEST(SasVectors, AFieldMoreOrLessIsRefused) {
  for (const char* group : {"accountSas", "serviceSas", "serviceSasOld"}) {
    for (const Case& c : SasCases(group)) {
      const http::Query query = *http::Query::Parse(QueryOf(c.request));
      for (const auto& [left_out, value] : query.params()) {
        if (left_out == "sig") continue;  // then it is an anonymous request
        std::string text;
        for (const auto& [name, kept] : query.params()) {
          if (name != left_out) text += Encoded(name, kept) + '&';
        }
        AuthRequest fewer = c.request;
        SetTarget(fewer, text);
        EXPECT_NE(CodeOf(fewer.Run(c.account)), "OK") << c.name << " without " << left_out;
      }
      for (const char* added : {"si", "st", "sp", "se", "ss", "srt", "sr", "sv"}) {
        if (query.Has(added) && !query.Get(added).empty()) continue;
        AuthRequest more = c.request;
        more.target += std::string("&") + added + "=2026-01-01";
        EXPECT_NE(CodeOf(more.Run(c.account)), "OK") << c.name << " with " << added;
      }
    }
  }
}

TEST(ServiceSasVectors, HoldOnlyForWhatTheyName) {
  for (const char* group : {"serviceSas", "serviceSasOld"}) {
    for (const Case& c : SasCases(group)) {
      const http::Query query = *http::Query::Parse(QueryOf(c.request));
      const auto with = [&](const std::string& container, const std::string& blob) {
        AuthRequest other = c.request;
        other.resource.container = container;
        other.resource.blob = blob;
        SetTarget(other, Encoded(query));
        return CodeOf(other.Run(c.account));
      };
      const std::string& container = c.request.resource.container;
      const std::string& blob = c.request.resource.blob;
      EXPECT_NE(with("cont2", blob), "OK") << c.name;
      EXPECT_NE(with("", ""), "OK") << c.name;
      const std::string_view sr = query.Get("sr");
      const bool any_blob = sr == "c";
      EXPECT_EQ(with(container, "other") == "OK", any_blob) << c.name;
      EXPECT_EQ(with(container, "") == "OK", any_blob) << c.name;
      EXPECT_EQ(with(container, blob + "x") == "OK", any_blob) << c.name;
      EXPECT_EQ(with(container, blob + "/below") == "OK", any_blob || sr == "d") << c.name;
      EXPECT_NE(CodeOf(c.request.Run({"other", c.account.keys})), "OK") << c.name;
    }
  }
}

// --- CRC64 --------------------------------------------------------------------------------------

// "1024 bytes of 0x00" stands for the bytes; anything else is the text itself.
std::string CrcInput(const std::string& input) {
  const std::size_t of = input.find(" bytes of 0x");
  if (of == std::string::npos) return input;
  return std::string(*ParseUnsigned(std::string_view(input).substr(0, of)),
                     static_cast<char>(std::stoi(input.substr(of + 12), nullptr, 16)));
}

TEST(Crc64Vectors, GiveWhatClientsSend) {
  ASSERT_FALSE(Vectors().at("crc64").empty());
  for (const Json& vector : Vectors().at("crc64")) {
    const std::string input = CrcInput(vector["input"]);
    EXPECT_EQ(Crc64ToBase64(Crc64(AsBytes(input))), std::string(vector["base64"])) << vector;
  }
}

}  // namespace
}  // namespace blobgate::auth
