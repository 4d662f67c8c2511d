// Put Block List and Get Block List read two things, the blob's row and its uncommitted blocks;
// here somebody commits the block list in between.
#include <gtest/gtest.h>

#include <string>

#include "operations/handlers.h"
#include "support/engine_wrappers.h"
#include "support/operation_harness.h"

namespace blobgate::operations {
namespace {

constexpr const char* kList = "<BlockList><Latest>QQ==</Latest></BlockList>";

class BlockListRaceTest : public testing::Test {
 protected:
  BlockListRaceTest()
      : engine_(*h_.engine), services_{engine_, h_.clock, h_.etags, h_.sources, h_.background} {
    EXPECT_EQ(h_.Run(CreateContainer, "PUT /c?restype=container").status, 201u);
    EXPECT_EQ(h_.Run(PutBlock, "PUT /c/b?comp=block&blockid=QQ%3D%3D", "abc").status, 201u);
    h_.use_services = &services_;
    other_.use_services = &h_.services;
    engine_.wrapped.BeforeScan([this] { EXPECT_EQ(Commit(other_).status, 201u); });
  }

  static test::Reply Commit(test::OperationHarness& by, const std::string& headers = {}) {
    return by.Run(PutBlockList, "PUT /c/b?comp=blocklist" + headers, kList);
  }

  test::OperationHarness h_;
  test::OperationHarness other_;  ///< has its own io_context, the store is that of `h_`
  test::WrappedEngine<test::InterruptingCatalog> engine_;
  Services services_;
};

TEST_F(BlockListRaceTest, ABlockThatWasCommittedMeanwhileIsFound) {
  EXPECT_EQ(Commit(h_).status, 201u);
  EXPECT_EQ(h_.Run(GetBlob, "GET /c/b").body, "abc");
}

TEST_F(BlockListRaceTest, ALostRaceIsToldAsOne) {
  EXPECT_EQ(Commit(h_, "\nIf-None-Match: *").code, "BlobAlreadyExists");
}

TEST_F(BlockListRaceTest, ABlockIsAlwaysInOneOfTheLists) {
  const auto reply = h_.Run(GetBlockList, "GET /c/b?comp=blocklist&blocklisttype=all");
  EXPECT_NE(reply.body.find("<CommittedBlocks><Block><Name>QQ==</Name>"), std::string::npos)
      << reply.body;
}

}  // namespace
}  // namespace blobgate::operations
