// Writes the rows of a new append or page blob, however many there are.
//
// The rows come under a lineage that no record names yet. What fits into one commit is committed
// together with the record (Replacement); what is more is committed before, in pieces, as a
// leftover (operations/leftovers.h) that the last commit takes back. A crash or failure in between
// leaves the leftover to the collection.
#pragma once

#include <string>
#include <vector>

#include "operations/replace_blob.h"

namespace blobgate::operations {

class LineageWriter {
 public:
  /// Of a blob of `type` at `target`, which must outlive this, under a lineage that is in no use.
  LineageWriter(Services& services, const Target& target, blob::BlobType type,
                std::uint64_t lineage);

  /// Adds a row and a reference for each of `acquires`. False: something moved (the container is
  /// gone, or an extent); Abandon.
  Task<azure::Outcome<bool>> Add(engine::RowPut row,
                                 const std::vector<engine::ExtentRef>& acquires);
  /// The same for an extent that nothing references yet: it is this object's now.
  Task<azure::Outcome<bool>> AddFresh(engine::RowPut row, engine::ExtentRef extent);
  /// Moves what is left to be committed into `out`.
  void Finish(Replacement& out);
  /// Nobody will commit it: what was committed on the way is removed in the background, and fresh
  /// extents are given back. `why`: the failure that ended it; after an internal one the commit may
  /// have happened all the same, and fresh extents stay until the next start.
  void Abandon(const azure::Error* why = nullptr);

  std::uint64_t lineage() const { return lineage_; }
  std::string_view name() const { return name_; }
  /// Rows were committed before Finish; the references they hold are not the caller's any more.
  bool flushed() const { return flushed_; }

 private:
  Task<azure::Outcome<bool>> Flush();

  Services& services_;
  const Target& target_;
  const blob::BlobType type_;
  const std::uint64_t lineage_;
  const std::string name_;
  const std::string space_;
  engine::Batch batch_;                   ///< puts and acquires that wait
  std::vector<engine::ExtentRef> fresh_;  ///< those of the extents that nothing references yet
  bool flushed_ = false;
};

}  // namespace blobgate::operations
