#include "blob/encryption.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace blobgate::blob {
namespace {

ContentKeyPtr Customer(char fill) {
  return NewCustomerKey(AsBytes(std::string(32, fill)));
}
ContentKeyPtr Scope(std::string name, char fill) {
  return NewScopeKey(std::move(name), AsBytes(std::string(32, fill)));
}

template <class T>
std::string CodeOf(const azure::Outcome<T>& outcome) {
  return outcome ? "" : std::string(azure::InfoOf(outcome.error().code).code);
}

constexpr const char* kUses = "BlobUsesCustomerSpecifiedEncryption";
constexpr const char* kDoesNot = "BlobDoesNotUseCustomerSpecifiedEncryption";
constexpr const char* kMismatch = "BlobCustomerSpecifiedEncryptionMismatch";

TEST(CheckKey, EveryCombination) {
  const ContentKeyPtr none, a = Customer('a'), b = Customer('b'), s = Scope("s1", 's'),
                            t = Scope("s2", 't');
  const Encryption plain, with_a = NewEncryption(a), with_s = NewEncryption(s);
  struct Case {
    const Encryption& stored;
    const ContentKeyPtr& given;
    const char* code;
    const char* same;  ///< of CheckSameKey
  };
  for (const Case& c : {Case{plain, none, "", ""}, Case{plain, a, kDoesNot, kDoesNot},
                        Case{plain, s, kDoesNot, kDoesNot}, Case{with_a, none, kUses, kUses},
                        Case{with_a, a, "", ""}, Case{with_a, b, kMismatch, kMismatch},
                        Case{with_a, s, kMismatch, kMismatch}, Case{with_s, none, "", kUses},
                        Case{with_s, s, "", ""}, Case{with_s, t, kMismatch, kMismatch},
                        Case{with_s, a, kMismatch, kMismatch}}) {
    EXPECT_EQ(CodeOf(CheckKey(c.stored, c.given)), c.code);
    EXPECT_EQ(CodeOf(CheckSameKey(c.stored, c.given)), c.same);
  }
  // An account's own key is nobody's to name: as if the blob were not encrypted.
  const ContentKeyPtr own = NewAccountEncryptionKey(AsBytes(std::string(32, 'o')));
  const Encryption with_own = NewEncryption(own);
  EXPECT_EQ(CodeOf(CheckKey(with_own, none)), "");
  EXPECT_EQ(CodeOf(CheckKey(with_own, a)), kDoesNot);
  EXPECT_EQ(CodeOf(CheckKey(with_own, s)), kDoesNot);
  EXPECT_EQ(CodeOf(CheckSameKey(with_own, own)), "");
  EXPECT_NE(CodeOf(CheckSameKey(with_own, none)), "");
  EXPECT_NE(CodeOf(CheckSameKey(plain, own)), "");
  EXPECT_FALSE(IsNamed(own) || IsNamed(none));
  EXPECT_TRUE(IsNamed(a) && IsNamed(s));
  // The same name with another key is another scope.
  EXPECT_EQ(CodeOf(CheckKey(with_s, Scope("s1", 'x'))), kMismatch);
}

TEST(Encryption, EveryBlobHasASaltOfItsOwn) {
  const auto key = Customer('a');
  EXPECT_NE(NewEncryption(key).salt, NewEncryption(key).salt);
  EXPECT_EQ(NewEncryption(key).salt.size(), 32u);
  EXPECT_FALSE(NewEncryption(nullptr).encrypted());
}

TEST(Encryption, IsStoredWithoutTheKey) {
  BlobRecord record;
  const auto key = Customer('a');
  record.encryption = NewEncryption(key);
  record.staged_encryption = Scope("scope-1", 's')->identity;
  PutMetadata(key, {{"secret", "value"}}, record);
  const std::string row = record.Encode();
  EXPECT_EQ(row.find(std::string(8, 'a')), std::string::npos);
  EXPECT_EQ(row.find("secret"), std::string::npos);
  EXPECT_EQ(row.find("value"), std::string::npos);
  const auto decoded = BlobRecord::Decode(row);
  ASSERT_TRUE(decoded);
  EXPECT_TRUE(decoded->encryption.SameKey(record.encryption));
  EXPECT_EQ(decoded->encryption.salt, record.encryption.salt);
  EXPECT_EQ(decoded->staged_encryption.scope, "scope-1");
  EXPECT_TRUE(decoded->metadata.empty());
  const auto metadata = MetadataOf(*decoded, key);
  ASSERT_TRUE(metadata);
  EXPECT_EQ(*metadata, (Metadata{{"secret", "value"}}));
  EXPECT_FALSE(MetadataOf(*decoded, Customer('b')));
  EXPECT_FALSE(MetadataOf(*decoded, nullptr));
}

TEST(Encryption, MalformedRecordsAreRefused) {
  BlobRecord record;
  record.encryption = NewEncryption(Customer('a'));
  record.immutability = {Immutability::Mode::kLocked, Time(std::chrono::days(1)), true};
  const std::string row = record.Encode();
  EXPECT_EQ(BlobRecord::Decode(row)->immutability, record.immutability);
  for (std::size_t i = 0; i < row.size(); ++i) {
    for (const int bit : {1, 16, 128}) {
      std::string changed = row;
      changed[i] = static_cast<char>(changed[i] ^ bit);
      (void)BlobRecord::Decode(changed);  // a record or an error, and no more
    }
    (void)BlobRecord::Decode(std::string_view(row).substr(0, i));
  }
}

TEST(ExtentCipher, NoTwoExtentsShareAKeyStream) {
  const auto key = Customer('a');
  std::vector<std::byte> one(64), two(64), again(64);
  ExtentCipher(*key, AsBytes(std::string(32, '1'))).Apply(0, one, one);
  ExtentCipher(*key, AsBytes(std::string(32, '2'))).Apply(0, two, two);
  ExtentCipher(*key, AsBytes(std::string(32, '1'))).Apply(0, again, again);
  EXPECT_NE(one, two);
  EXPECT_EQ(one, again);
}

}  // namespace
}  // namespace blobgate::blob
