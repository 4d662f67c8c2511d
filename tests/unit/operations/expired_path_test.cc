// Files of hierarchical containers whose time is over are not there, before the purge comes too;
// and what happens when somebody takes their place meanwhile.
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "operations/handlers.h"
#include "support/engine_wrappers.h"
#include "support/operation_harness.h"

namespace blobgate::operations {
namespace {

class ExpiredPathTest : public testing::Test {
 protected:
  ExpiredPathTest()
      : engine_(*h_.engine), services_{engine_, h_.clock, h_.etags, h_.sources, h_.background} {
    h_.account.hierarchical = true;
    other_.account.hierarchical = true;
    h_.use_services = &services_;
    other_.use_services = &h_.services;
    EXPECT_EQ(h_.Run(CreateContainer, "PUT /c?restype=container").status, 201u);
    EXPECT_EQ(Put(h_, "d/f", "old").status, 201u);
    EXPECT_EQ(h_.Run(SetBlobExpiry,
                     "PUT /c/d/f?comp=expiry\nx-ms-expiry-option: RelativeToNow\n"
                     "x-ms-expiry-time: 1000")
                  .status,
              200u);
    h_.clock.Advance(std::chrono::seconds(2));
  }

  static test::Reply Put(test::OperationHarness& by, const std::string& name,
                         const std::string& body) {
    return by.Run(PutBlob, "PUT /c/" + name + "\nx-ms-blob-type: BlockBlob", body);
  }
  std::string Get(const std::string& name) {
    const auto reply = h_.Run(GetBlob, "GET /c/" + name);
    return reply.status == 200 ? reply.body : reply.code;
  }
  test::Reply DeleteDirectory() { return h_.Run(DeleteBlob, "DELETE /c/d"); }
  /// Somebody else writes the file anew before the next commit.
  void TakeNameBeforeCommit() {
    engine_.wrapped.BeforeCommit(1, [this] { EXPECT_EQ(Put(other_, "d/f", "new").status, 201u); });
  }

  test::OperationHarness h_;
  test::OperationHarness other_;  ///< has its own io_context, the store is that of `h_`
  test::WrappedEngine<test::InterruptingCatalog> engine_;
  Services services_;
};

TEST_F(ExpiredPathTest, ADirectoryWithNothingElseIsEmpty) {
  EXPECT_EQ(DeleteDirectory().status, 202u);
  h_.RunBackground();
  EXPECT_EQ(h_.engine->Stats().live_bytes, 0u);
  EXPECT_EQ(Put(h_, "d/g", "more").status, 201u);
  EXPECT_EQ(DeleteDirectory().code, "DirectoryIsNotEmpty");
}

TEST_F(ExpiredPathTest, ANameTakenDuringTheDeleteKeepsItsDirectory) {
  TakeNameBeforeCommit();
  EXPECT_EQ(DeleteDirectory().code, "DirectoryIsNotEmpty");
  EXPECT_EQ(Get("d/f"), "new");
}

TEST_F(ExpiredPathTest, ADirectoryTakesTheName) {
  EXPECT_EQ(Put(h_, "d/f/below/file", "deep").status, 201u);
  EXPECT_EQ(Get("d/f/below/file"), "deep");
  EXPECT_EQ(Put(h_, "d/f", "file").code, "ResourceTypeMismatch");
}

TEST_F(ExpiredPathTest, AFileThatTakesTheNameFirstIsInTheWay) {
  TakeNameBeforeCommit();
  EXPECT_EQ(Put(h_, "d/f/below", "deep").code, "PathConflict");
  EXPECT_EQ(Get("d/f"), "new");
}

TEST_F(ExpiredPathTest, WhatIsReadBelowItIsNotThere) {
  EXPECT_EQ(Get("d/f/below"), "BlobNotFound");
  EXPECT_EQ(h_.Run(DeleteBlob, "DELETE /c/d/f/below").code, "BlobNotFound");
  EXPECT_EQ(DeleteDirectory().status, 202u);
}

}  // namespace
}  // namespace blobgate::operations
