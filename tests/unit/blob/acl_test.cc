#include "blob/acl.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace blobgate::blob {
namespace {

Acl Parsed(std::string_view text, bool directory = true) {
  auto acl = Acl::Parse(text, directory);
  EXPECT_TRUE(acl.has_value()) << text;
  return acl ? *acl : Acl();
}

bool Refused(std::string_view text, bool directory = true) {
  return !Acl::Parse(text, directory).has_value();
}

TEST(AclTest, ModesInBothForms) {
  EXPECT_EQ(ParseMode("0750"), Mode{0750});
  EXPECT_EQ(ParseMode("1777"), Mode{01777});
  EXPECT_EQ(ParseMode("rwxr-x---"), Mode{0750});
  EXPECT_EQ(ParseMode("rwxrwxrwt"), Mode{01777});
  EXPECT_EQ(ParseMode("rwxrwxrwT"), Mode{01776});
  EXPECT_EQ(ParseMode("rw-r-----+"), Mode{0640});
}

TEST(AclTest, HostileModesAreRefused) {
  for (const char* text :
       {"", "7", "750", "07500", "0780", "2777", "4755", "rwx", "rwxrwxrw", "rwxrwxrwxx",
        "xwrxwrxwr", "rwxr-x--s", "rwxrwxrw\xff", "+", "----------"}) {
    EXPECT_FALSE(ParseMode(text)) << text;
  }
  for (const char* text : {"", "8", "07777", "1777", "-1", "0x1", "rwx", "00000"}) {
    EXPECT_FALSE(ParseUmask(text)) << text;
  }
  EXPECT_EQ(ParseUmask("0"), Mode{0});
  EXPECT_EQ(ParseUmask("0027"), Mode{027});
}

TEST(AclTest, TextIsCanonical) {
  const Acl acl = Parsed("other::--x,mask::r-x,group::rw-,user:bob:r--,user::rwx,group:adm:rwx");
  EXPECT_EQ(acl.Text(), "user::rwx,user:bob:r--,group::rw-,group:adm:rwx,mask::r-x,other::--x");
  EXPECT_EQ(Parsed(acl.Text()).Text(), acl.Text());
  EXPECT_EQ(acl.Symbolic(false), "rwxr-x--x+");
  EXPECT_EQ(acl.mode(), Mode{0751});
}

TEST(AclTest, MaskIsComputedOnlyWhereNamedEntriesNeedOne) {
  EXPECT_EQ(Parsed("user::rwx,group::r-x,other::---").Text(), "user::rwx,group::r-x,other::---");
  EXPECT_EQ(Parsed("user::rwx,user:u:-w-,group::r--,other::---").Text(),
            "user::rwx,user:u:-w-,group::r--,mask::rw-,other::---");
}

TEST(AclTest, DefaultEntriesAreCompleted) {
  const Acl acl = Parsed("user::rwx,group::r-x,other::---,default:user:u:rwx");
  EXPECT_EQ(acl.Text(),
            "user::rwx,group::r-x,other::---,default:user::rwx,default:user:u:rwx,"
            "default:group::r-x,default:mask::rwx,default:other::---");
  EXPECT_TRUE(Refused("user::rwx,group::r-x,other::---,default:user:u:rwx", false));
}

TEST(AclTest, HostileTextIsRefused) {
  for (const char* text :
       {"", ",", "user::rwx", "user::rwx,group::r-x", "user::rwx,group::r-x,other::---,",
        "user::rwx,user::rwx,group::---,other::---", "user::rwx,group::---,other:x:---",
        "user::rwx,group::---,mask:m:rwx,other::---", "user::rw,group::---,other::---",
        "user::rwxx,group::---,other::---", "user::xwr,group::---,other::---",
        "USER::rwx,group::---,other::---", "user:rwx,group::---,other::---",
        "user:::rwx,group::---,other::---", "user::rwx:,group::---,other::---",
        "default:default:user::rwx,user::rwx,group::---,other::---",
        "user::rwx,group::---,other::---,user:a b:rwx",
        "user::rwx,group::---,other::---,user:\xc3\xa4:rwx"}) {
    EXPECT_TRUE(Refused(text)) << text;
  }
  EXPECT_TRUE(Refused(std::string(1 << 20, ',')));
  EXPECT_TRUE(Refused("user::rwx,group::---,other::---,user:" + std::string(300, 'a') + ":rwx"));
}

TEST(AclTest, AtMost32EntriesInEachList) {
  std::string text = "user::rwx,group::---,other::---";
  for (int i = 0; i < 28; ++i) text += ",user:u" + std::to_string(i) + ":r--";
  EXPECT_FALSE(Refused(text));  // 31, and the mask
  EXPECT_TRUE(Refused(text + ",user:one-more:r--"));
}

TEST(AclTest, EntriesOfRecursiveChanges) {
  EXPECT_TRUE(ParseAclEntries("user:u:rwx,default:group:g:r--", true));
  EXPECT_FALSE(ParseAclEntries("user:u", true));
  EXPECT_TRUE(ParseAclEntries("user:u,default:group:g:,mask", false));
  EXPECT_FALSE(ParseAclEntries("user:u:rwx", false));
  EXPECT_FALSE(ParseAclEntries("", true));
}

TEST(AclTest, ModifyAndRemove) {
  Acl acl = Parsed("user::rwx,group::r-x,other::---");
  ASSERT_TRUE(acl.Modify(*ParseAclEntries("user:u:rw-", true), true));
  EXPECT_EQ(acl.Text(), "user::rwx,user:u:rw-,group::r-x,mask::rwx,other::---");
  ASSERT_TRUE(acl.Remove(*ParseAclEntries("user:u,user:nobody", false)));
  EXPECT_EQ(acl.Text(), "user::rwx,group::r-x,mask::rwx,other::---");
  EXPECT_FALSE(acl.Remove(*ParseAclEntries("other", false)));
  ASSERT_TRUE(acl.Remove(*ParseAclEntries("mask", false)));
  EXPECT_EQ(acl.Text(), "user::rwx,group::r-x,other::---");
}

TEST(AclTest, ChildrenWithoutDefaultListObeyTheUmask) {
  const Acl parent = Parsed("user::rwx,group::rwx,other::rwx");
  EXPECT_EQ(parent.ForChild(false, {}, {}).mode(), Mode{0640});
  EXPECT_EQ(parent.ForChild(true, {}, {}).mode(), Mode{0750});
  EXPECT_EQ(parent.ForChild(true, Mode{0777}, Mode{0}).mode(), Mode{0777});
  EXPECT_EQ(parent.ForChild(false, Mode{0666}, Mode{022}).mode(), Mode{0644});
}

TEST(AclTest, ChildrenInheritTheDefaultList) {
  const Acl parent = Parsed(
      "user::rwx,group::r-x,other::---,default:user::rwx,default:user:u:rwx,"
      "default:group::r-x,default:other::r--");
  EXPECT_EQ(parent.ForChild(false, {}, {}).Text(),
            "user::rwx,user:u:rwx,group::r-x,mask::rwx,other::r--");
  const Acl child = parent.ForChild(true, {}, {});
  EXPECT_TRUE(child.has_default());
  EXPECT_EQ(child.ForChild(true, {}, {}).Text(), child.Text());
}

AclCaller Caller(std::string oid, std::vector<std::string> groups = {}) {
  return {std::move(oid), std::move(groups)};
}

TEST(AclTest, CheckOrder) {
  const Acl acl = Parsed("user::r--,user:u:rwx,group::r-x,group:g:-w-,mask::r-x,other::rwx");
  const auto may = [&](const AclCaller& caller, AccessBits bits) {
    return MayAccess(acl, "owner", "users", caller, bits);
  };
  EXPECT_TRUE(may(Caller("owner"), kAclRead));
  EXPECT_FALSE(may(Caller("owner"), kAclWrite)) << "the owner's bits are final, without the mask";
  EXPECT_TRUE(may(Caller("U"), kAclRead | kAclExecute)) << "ids compare without case";
  EXPECT_FALSE(may(Caller("u"), kAclWrite)) << "masked";
  EXPECT_TRUE(may(Caller("x", {"users"}), kAclRead | kAclExecute));
  EXPECT_FALSE(may(Caller("x", {"g"}), kAclWrite)) << "masked";
  EXPECT_FALSE(may(Caller("x", {"g"}), kAclRead)) << "members of a group are not others";
  EXPECT_TRUE(may(Caller("x"), kAclRead | kAclExecute));
}

TEST(AclTest, StoredTextThatIsBrokenGivesNothing) {
  EXPECT_EQ(Acl::FromStored("nonsense").mode(), Mode{0});
}

/// Beside a plain model: a map from subject to bits.
TEST(AclTest, RandomChangesFollowTheModel) {
  std::mt19937_64 random(20260801);
  const std::vector<std::string> subjects = {"user:",  "user:a",  "user:b",
                                             "group:", "group:g", "other:"};
  for (int round = 0; round < 200; ++round) {
    Acl acl = Acl::FromMode(0750);
    std::map<std::string, AccessBits> model = {{"user:", 7}, {"group:", 5}, {"other:", 0}};
    std::optional<AccessBits> mask;
    for (int step = 0; step < 20; ++step) {
      const std::string& subject = subjects[random() % subjects.size()];
      const bool named = !subject.ends_with(':');
      const auto bits = static_cast<AccessBits>(random() % 8);
      if (named && random() % 3 == 0) {
        ASSERT_TRUE(acl.Remove(*ParseAclEntries(subject, false)));
        if (model.erase(subject) == 0) continue;
      } else {
        std::string text = subject + ":";
        for (int i = 0; i < 3; ++i) text += (bits & kAclRead >> i) != 0 ? "rwx"[i] : '-';
        ASSERT_TRUE(acl.Modify(*ParseAclEntries(text, true), true)) << text;
        model[subject] = bits;
      }
      AccessBits all = 0;
      bool any = false;
      for (const auto& [name, value] : model) {
        const bool is_named = !name.ends_with(':');
        any = any || is_named;
        if (is_named || name == "group:") all |= value;
      }
      if (any) mask = all;
      for (const auto& [name, value] : model) {
        const bool group = name.starts_with("group");
        const std::string id = name.substr(name.find(':') + 1);
        AclCaller caller = group ? Caller("nobody", {id.empty() ? "users" : id})
                                 : Caller(name == "user:" ? "owner"
                                          : id.empty()    ? "nobody"
                                                          : id);
        const AccessBits limit = name == "user:" ? kAclAll : mask.value_or(kAclAll);
        for (AccessBits want = 1; want < 8; ++want) {
          EXPECT_EQ(MayAccess(acl, "owner", "users", caller, want),
                    ((value & limit) & want) == want)
              << acl.Text() << " " << name << " " << int(want);
        }
      }
    }
  }
}

std::string Replaced(const std::string& was, std::string_view text) {
  Acl acl = Parsed(was);
  const auto done = acl.Replace(text, true);
  return done ? acl.Text() : "refused";
}

TEST(AclTest, ReplaceTakesListsAsAWhole) {
  const std::string both =
      "user::rwx,user:a:r--,group::r-x,mask::r-x,other::---,default:user::rwx,default:group::r-x,"
      "default:other::---";
  EXPECT_EQ(Replaced(both, "user::r--,group::---,other::---"), "user::r--,group::---,other::---");
  EXPECT_EQ(Replaced(both, "mask::--x"), "user::rwx,group::r-x,mask::--x,other::---");
  EXPECT_EQ(Replaced(both, "default:user:b:rwx"),
            "user::rwx,user:a:r--,group::r-x,mask::r-x,other::---,default:user::rwx,"
            "default:user:b:rwx,default:group::r-x,default:mask::rwx,default:other::---");
  EXPECT_EQ(Replaced(both, "user::rwx,user::r--"), "refused");
  EXPECT_EQ(Replaced(both, ""), "refused");
  Acl file = Acl::FromMode(0640);
  EXPECT_FALSE(file.Replace("default:user::rwx", false));
  EXPECT_EQ(file.Text(), "user::rw-,group::r--,other::---");
}

}  // namespace
}  // namespace blobgate::blob
