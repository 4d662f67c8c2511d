// What the copy tests share: blobs to copy from, and looks behind the scenes.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "base/crc64.h"
#include "base/encoding.h"
#include "base/md5.h"
#include "operations/blob_store.h"
#include "operations/handlers.h"
#include "support/operation_harness.h"

namespace blobgate::operations {

inline std::string Crc64Text(std::string_view bytes) {
  return Crc64ToBase64(Crc64(AsBytes(bytes)));
}
inline std::string Md5Text(std::string_view bytes) {
  return Base64Encode(Md5Of(AsBytes(bytes)));
}

class CopyTest : public ::testing::Test {
 protected:
  CopyTest() { EXPECT_EQ(h.Run(CreateContainer, "PUT /c?restype=container").status, 201u); }

  /// A blob of Put Blob with every property set.
  void PutSource(std::string_view name, std::string body) {
    const std::string head = "PUT /c/" + std::string(name) +
                             "\nx-ms-blob-type: BlockBlob\nx-ms-blob-content-type: text/plain"
                             "\nx-ms-blob-content-language: de\nx-ms-blob-cache-control: no-store"
                             "\nx-ms-meta-color: blue\nx-ms-tags: k=v"
                             "\nContent-Length: " +
                             std::to_string(body.size());
    ASSERT_EQ(h.Run(PutBlob, head, std::move(body)).status, 201u);
  }
  /// A blob of two blocks, QUE= and QkI=.
  void PutBlocks(std::string_view name, std::string first, std::string second) {
    const std::string url = "PUT /c/" + std::string(name);
    ASSERT_EQ(h.Run(PutBlock, url + "?comp=block&blockid=QUE%3D", std::move(first)).status, 201u);
    ASSERT_EQ(h.Run(PutBlock, url + "?comp=block&blockid=QkI%3D", std::move(second)).status, 201u);
    ASSERT_EQ(h.Run(PutBlockList, url + "?comp=blocklist",
                    "<BlockList><Latest>QUE=</Latest><Latest>QkI=</Latest></BlockList>")
                  .status,
              201u);
  }

  /// What the outside source `url` answers.
  void Outside(std::string_view url, std::string body,
               std::vector<std::pair<std::string, std::string>> headers = {},
               std::optional<std::size_t> fail_at = {}) {
    h.sources.remote[std::string(url)] = {200, std::move(body), std::move(headers), fail_at};
  }

  test::Reply Read(std::string_view name) { return h.Run(GetBlob, "GET /c/" + std::string(name)); }
  std::string Body(std::string_view name) { return Read(name).body; }

  /// The destination's record; the test fails when there is none.
  blob::BlobRecord Record(std::string_view name) {
    azure::Resource resource;
    resource.account = h.account.name;
    resource.container = "c";
    resource.blob = name;
    auto target = h.Await(LoadTarget(h.services, resource));
    if (!target || !target->blob) {
      ADD_FAILURE() << "no blob " << name;
      return {};
    }
    return *target->blob;
  }

  /// Bytes of all extents, those without a reference included.
  std::uint64_t StoredBytes() { return h.engine->Stats().segment_bytes; }
  std::uint64_t LiveBytes() { return h.engine->Stats().live_bytes; }

  test::OperationHarness h;
};

}  // namespace blobgate::operations
