// Encryption under the key of the account, switched on and off between any two requests.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

#include "azure/block_list_xml.h"
#include "base/encoding.h"
#include "blob/encryption.h"
#include "operations/blob_store.h"
#include "support/operation_harness.h"

namespace blobgate::operations {
namespace {

class AccountKeyTest : public ::testing::Test {
 protected:
  AccountKeyTest() {
    SetKey('k');
    h.services.scopes = scopes_;
    EXPECT_EQ(h.Send("PUT /c?restype=container\nContent-Length: 0").status, 201u);
  }

  /// 0: it is not available.
  void SetKey(char fill) {
    AccountKeys keys;
    if (fill != 0) {
      keys["acct"] = blob::NewAccountEncryptionKey(AsBytes(std::string(32, fill)));
    }
    scopes_->ReplaceAccountKeys(std::move(keys));
  }

  test::Reply Put(const std::string& name, std::string body, const std::string& headers = {}) {
    return h.Send("PUT /c/" + name + "\nx-ms-blob-type: BlockBlob" + headers, std::move(body));
  }
  std::string Get(const std::string& name) { return h.Send("GET /c/" + name).body; }
  std::string MetadataOf(const std::string& name) {
    return h.Send("HEAD /c/" + name).Header("x-ms-meta-m");
  }

  blob::Encryption::Kind KindOf(const std::string& name) {
    azure::Resource resource;
    resource.account = "acct";
    resource.container = "c";
    resource.blob = name;
    const auto target = h.Await(LoadTarget(h.services, resource));
    return target->blob->encryption.kind;
  }

  test::OperationHarness h;
  const std::shared_ptr<EncryptionScopes> scopes_ = std::make_shared<EncryptionScopes>();
};

constexpr auto kPlain = blob::Encryption::Kind::kNone;
constexpr auto kUnderKey = blob::Encryption::Kind::kAccountKey;

TEST_F(AccountKeyTest, ABlobIsWhatItWasMade) {
  ASSERT_EQ(Put("before", "old", "\nx-ms-meta-m: 1").status, 201u);
  h.account.encrypted = true;
  ASSERT_EQ(Put("after", "new", "\nx-ms-meta-m: 2").status, 201u);
  h.account.encrypted = false;
  ASSERT_EQ(Put("last", "off", "\nx-ms-meta-m: 3").status, 201u);
  EXPECT_EQ(KindOf("before"), kPlain);
  EXPECT_EQ(KindOf("after"), kUnderKey);
  EXPECT_EQ(KindOf("last"), kPlain);
  EXPECT_EQ(Get("before") + Get("after") + Get("last"), "oldnewoff");
  EXPECT_EQ(MetadataOf("before") + MetadataOf("after") + MetadataOf("last"), "123");
}

TEST_F(AccountKeyTest, WithoutTheKeyNothingIsWrittenInTheClear) {
  ASSERT_EQ(Put("before", "old").status, 201u);
  h.account.encrypted = true;
  ASSERT_EQ(Put("after", "new").status, 201u);
  for (const char fill : {'\0', 'x'}) {
    SetKey(fill);
    EXPECT_EQ(h.Send("GET /c/after").status, 500u);
    EXPECT_EQ(h.Send("HEAD /c/after").status, 500u);
    EXPECT_EQ(Get("before"), "old");
  }
  SetKey(0);
  for (const char* request :
       {"PUT /c/b\nx-ms-blob-type: BlockBlob", "PUT /c/b?comp=block&blockid=AAAA"}) {
    EXPECT_EQ(h.Send(request, "new").status, 500u) << request;
  }
  EXPECT_EQ(h.Send("PUT /c/b\nx-ms-blob-type: AppendBlob\nContent-Length: 0").status, 500u);
  EXPECT_EQ(h.Send("GET /c/b").status, 404u);
  EXPECT_EQ(h.Send("DELETE /c/after").status, 202u);
}

TEST_F(AccountKeyTest, NobodyCanNameTheKey) {
  h.account.encrypted = true;
  ASSERT_EQ(Put("b", "new", "\nx-ms-encryption-scope: $account-encryption-key").status, 201u);
  EXPECT_EQ(KindOf("b"), kUnderKey);
  const auto head = h.Send("HEAD /c/b");
  EXPECT_FALSE(head.Has("x-ms-encryption-scope"));
  EXPECT_FALSE(head.Has("x-ms-encryption-key-sha256"));
  EXPECT_EQ(head.Header("x-ms-server-encrypted"), "true");
}

/// Blocks are put and committed while encryption goes on and off; what is read is what was put,
/// whichever of it is encrypted.
class SwitchedBlocksTest : public AccountKeyTest, public ::testing::WithParamInterface<unsigned> {
 protected:
  std::size_t Below(std::size_t n) { return random_() % n; }

  std::string Fresh() {
    std::string text(1 + Below(50), ' ');
    for (char& c : text) c = static_cast<char>('a' + Below(26));
    return text;
  }

  std::string Metadata() const { return "of-" + content_.substr(0, 9); }

  void Stage() {
    const std::string id = Base64Encode("block" + std::to_string(Below(5)));
    const std::string body = Fresh();
    const std::string target = "PUT /c/b?comp=block&blockid=" + PercentEncode(id);
    if (Below(4) == 0 && content_.size() > 1) {
      const std::string range =
          "\nContent-Length: 0\nx-ms-copy-source: http://local/c/b\nx-ms-source-range: bytes=1-" +
          std::to_string(content_.size() - 1);
      ASSERT_EQ(h.Send(target + range).status, 201u);
      staged_[id] = content_.substr(1);
      return;
    }
    const auto reply = h.Send(target, body);
    ASSERT_EQ(reply.status, 201u) << reply.code;
    staged_[id] = body;
  }

  void Commit() {
    std::map<std::string, std::string> all = committed_;
    for (const auto& [id, body] : staged_) all[id] = body;
    std::string xml = "<BlockList>";
    std::map<std::string, std::string> kept;
    content_.clear();
    for (const auto& [id, body] : all) {
      if (Below(4) == 0) continue;
      xml += "<Latest>" + id + "</Latest>";
      kept[id] = body;
      content_ += body;
    }
    const auto reply =
        h.Send("PUT /c/b?comp=blocklist\nx-ms-meta-m: " + Metadata(), xml + "</BlockList>");
    ASSERT_EQ(reply.status, 201u) << reply.code << " " << xml;
    committed_ = kept;
    staged_.clear();
    if (h.account.encrypted) {
      EXPECT_EQ(KindOf("b"), kUnderKey);
    }
  }

  void Copy() {
    const auto reply = h.Send(
        "PUT /c/copy\nContent-Length: 0\nx-ms-requires-sync: true\nx-ms-copy-source: "
        "http://local/c/b");
    ASSERT_EQ(reply.status, 202u) << reply.code;
    EXPECT_EQ(KindOf("copy"), h.account.encrypted ? kUnderKey : kPlain);
    EXPECT_EQ(Get("copy"), content_);
  }

  void Check() {
    EXPECT_EQ(Get("b"), content_);
    EXPECT_EQ(MetadataOf("b"), Metadata());
    if (content_.empty()) return;
    const std::size_t first = Below(content_.size());
    const std::size_t last = first + Below(content_.size() - first);
    EXPECT_EQ(
        h.Send("GET /c/b\nx-ms-range: bytes=" + std::to_string(first) + "-" + std::to_string(last))
            .body,
        content_.substr(first, last - first + 1));
  }

  std::mt19937 random_{GetParam()};
  std::map<std::string, std::string> staged_, committed_;
  std::string content_;
};

TEST_P(SwitchedBlocksTest, AreReadAsTheyWerePut) {
  Stage();
  Commit();
  for (int step = 0; step < 120 && !HasFailure(); ++step) {
    switch (Below(8)) {
      case 0:
        h.account.encrypted = !h.account.encrypted;
        break;
      case 1:
      case 2:
        Commit();
        Check();
        break;
      case 3:
        Copy();
        break;
      default:
        Stage();
    }
  }
  Check();
}

INSTANTIATE_TEST_SUITE_P(Seeds, SwitchedBlocksTest, ::testing::Range(1u, 21u));

}  // namespace
}  // namespace blobgate::operations
