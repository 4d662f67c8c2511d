#include "azure/block_list_xml.h"

#include <gtest/gtest.h>

#include <string>

namespace blobgate::azure {
namespace {

using Kind = BlockLookup::Kind;

std::string_view CodeOf(std::string_view body) {
  const auto list = ParseBlockLookupList(body);
  return list ? std::string_view() : InfoOf(list.error().code).code;
}

std::string Listing(std::size_t blocks) {
  std::string body = "<BlockList>";
  for (std::size_t i = 0; i < blocks; ++i) body += "<Latest>AAAA</Latest>\n";
  return body + "</BlockList>";
}

TEST(BlockLookupList, KeepsKindsInDocumentOrder) {
  const auto list = ParseBlockLookupList(
      "\xEF\xBB\xBF<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<BlockList>\n"
      "  <Latest>AAAA</Latest>\n  <Committed>\n AAAB </Committed><Uncommitted>AAAA</Uncommitted>"
      "<Latest>AAAA</Latest></BlockList>");
  ASSERT_TRUE(list);
  EXPECT_EQ(*list, (std::vector<BlockLookup>{{Kind::kLatest, "AAAA"},
                                             {Kind::kCommitted, "AAAB"},
                                             {Kind::kUncommitted, "AAAA"},
                                             {Kind::kLatest, "AAAA"}}));
}

TEST(BlockLookupList, MayBeEmpty) {
  EXPECT_EQ(ParseBlockLookupList("<BlockList/>")->size(), 0u);
  EXPECT_EQ(ParseBlockLookupList("<BlockList> </BlockList>")->size(), 0u);
}

TEST(BlockLookupList, RefusesOtherDocuments) {
  EXPECT_EQ(CodeOf(""), "InvalidXmlDocument");
  EXPECT_EQ(CodeOf("<Blocks/>"), "InvalidXmlDocument");
  EXPECT_EQ(CodeOf("<BlockList><latest>AA</latest></BlockList>"), "InvalidXmlDocument");
  EXPECT_EQ(CodeOf("<BlockList><Latest><Latest/></Latest></BlockList>"), "InvalidXmlDocument");
  EXPECT_EQ(CodeOf("<BlockList>AAAA</BlockList>"), "InvalidXmlDocument");
  EXPECT_EQ(CodeOf("<BlockList><Latest>&x;</Latest></BlockList>"), "InvalidXmlDocument");
}

TEST(BlockLookupList, TakesFiftyThousandAndNoMore) {
  const auto most = ParseBlockLookupList(Listing(kMaxCommittedBlocks));
  ASSERT_TRUE(most);
  EXPECT_EQ(most->size(), kMaxCommittedBlocks);
  EXPECT_EQ(CodeOf(Listing(kMaxCommittedBlocks + 1)), "BlockListTooLong");
}

TEST(BlockList, RendersOnlyWhatWasAskedFor) {
  const std::vector<ListedBlock> committed = {{"AAAA", 0}, {"AA+/", 4194304000}};
  const std::vector<ListedBlock> none;
  const std::string head = "\xEF\xBB\xBF<?xml version=\"1.0\" encoding=\"utf-8\"?>";
  const std::string blocks =
      "<CommittedBlocks><Block><Name>AAAA</Name><Size>0</Size></Block>"
      "<Block><Name>AA+/</Name><Size>4194304000</Size></Block></CommittedBlocks>";
  EXPECT_EQ(RenderBlockList(&committed, nullptr), head + "<BlockList>" + blocks + "</BlockList>");
  EXPECT_EQ(RenderBlockList(&committed, &none),
            head + "<BlockList>" + blocks + "<UncommittedBlocks /></BlockList>");
  EXPECT_EQ(RenderBlockList(nullptr, &none), head + "<BlockList><UncommittedBlocks /></BlockList>");
}

}  // namespace
}  // namespace blobgate::azure
