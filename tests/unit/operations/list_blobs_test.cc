// List Blobs where the rows of a container lie in several partitions: the same pages as from one.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "operations/handlers.h"
#include "support/engine_wrappers.h"
#include "support/operation_harness.h"

namespace blobgate::operations {
namespace {

const std::vector<std::string> kNames = {"a",     "b/1",   "b/2", "b/3/x", "c",  "d/1", "e",
                                         "f/1/2", "f/2/2", "g",   "h",     "i/", "j",   "k&amp"};

template <class CatalogType>
struct Store {
  Store() : engine(*h.engine), services{engine, h.clock, h.etags, h.sources, h.background} {
    h.use_services = &services;
    EXPECT_EQ(h.Run(CreateContainer, "PUT /con?restype=container").status, 201u);
    for (const std::string& name : kNames) {
      const std::string head = "PUT /con/" + name + "\nx-ms-blob-type: BlockBlob";
      EXPECT_EQ(h.Run(PutBlob, head, "content of " + name).status, 201u);
    }
    EXPECT_EQ(h.Run(SnapshotBlob, "PUT /con/c?comp=snapshot").status, 201u);
  }

  std::string List(const std::string& query) {
    const Reply reply = h.Run(ListBlobs, "GET /con?restype=container&comp=list&" + query);
    EXPECT_EQ(reply.status, 200u) << query;
    return reply.body;
  }

  using Reply = test::Reply;
  test::OperationHarness h;
  test::WrappedEngine<CatalogType> engine;
  Services services;
};

std::string NextMarker(const std::string& body) {
  constexpr std::string_view kOpen = "<NextMarker>";
  const std::size_t begin = body.find(kOpen);
  if (begin == std::string::npos) return {};
  return body.substr(begin + kOpen.size(), body.find('<', begin + 1) - begin - kOpen.size());
}

/// All pages of both, one by one; how many there were.
template <class One, class Other>
int ComparePages(One& one, Other& other, const std::string& query) {
  std::string marker;
  for (int pages = 1;; ++pages) {
    const std::string page = query + (marker.empty() ? "" : "&marker=" + marker);
    const std::string body = one.List(page);
    EXPECT_EQ(body, other.List(page)) << page;
    marker = NextMarker(body);
    if (marker.empty() || pages > 100) return pages;
  }
}

TEST(ListBlobs, PagesFromSeveralPartitionsAreThoseFromOne) {
  Store<test::WrappedCatalog> one;
  Store<test::ScatteringCatalog> scattered;
  const int names = static_cast<int>(kNames.size());
  for (const char* query : {"", "&include=snapshots,metadata", "&prefix=b/", "&prefix=none"}) {
    EXPECT_EQ(ComparePages(one, scattered, "maxresults=5000" + std::string(query)), 1);
  }
  for (int most = 1; most <= names + 2; ++most) {
    const std::string query = "maxresults=" + std::to_string(most);
    EXPECT_EQ(ComparePages(one, scattered, query), (names + most - 1) / most);
    ComparePages(one, scattered, query + "&delimiter=/");
    ComparePages(one, scattered, query + "&delimiter=/&prefix=f/");
    ComparePages(one, scattered, query + "&include=snapshots");
  }
}

TEST(ListBlobs, EveryNameIsOnOnePage) {
  Store<test::ScatteringCatalog> store;
  const std::string all = store.List("maxresults=5000");
  std::string marker, pages;
  do {
    const std::string body =
        store.List("maxresults=4" + (marker.empty() ? "" : "&marker=" + marker));
    const std::size_t begin = body.find("<Blobs>") + 7;
    pages += body.substr(begin, body.find("</Blobs>") - begin);
    marker = NextMarker(body);
  } while (!marker.empty());
  const std::size_t begin = all.find("<Blobs>") + 7;
  EXPECT_EQ(pages, all.substr(begin, all.find("</Blobs>") - begin));
}

}  // namespace
}  // namespace blobgate::operations
