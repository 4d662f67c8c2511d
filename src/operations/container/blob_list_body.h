// The body of an answer of List Blobs.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "azure/xml_writer.h"
#include "operations/call.h"
#include "operations/container/blob_listing.h"
#include "operations/list_page.h"

namespace blobgate::operations {

/// An entry of a page as the text it became.
struct ListedPiece {
  std::string key;
  std::size_t weight = 0;          ///< bytes of text
  std::size_t begin = 0, end = 0;  ///< where in the document the text is
};

/// The XML of one page, written entry by entry while rows are read: what was decoded of a row goes
/// before the next one is read. Used by one thread at a time; `call` and `listing` must outlive it.
class BlobListXml {
 public:
  /// Writes what comes before the entries.
  BlobListXml(const Call& call, const BlobListing& listing);

  ListedPiece Add(BlobEntry entry);
  /// The document of those that `page` has, which Add gave, in the order in which it has them.
  std::string Take(const Page<ListedPiece>& page) &&;

 private:
  /// Nothing moves when they are the first that were added, in that order: one partition's.
  void Keep(const std::vector<ListedPiece>& pieces);

  const Call& call_;
  const BlobListing& listing_;
  azure::XmlWriter xml_;
  std::size_t entries_begin_ = 0;
};

/// The same as a stream of Apache Arrow, whose columns are written when the page is whole.
std::string RenderBlobsAsArrow(const Call& call, const Page<BlobEntry>& page,
                               const BlobListing& listing);

}  // namespace blobgate::operations
