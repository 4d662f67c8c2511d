// From a reference to the place its bytes lie at.
#pragma once

#include <boost/asio/thread_pool.hpp>

#include "base/task.h"
#include "blobgate/engine/extent_store.h"
#include "engine/local/catalog_db.h"
#include "engine/local/places.h"
#include "engine/local/segments.h"

namespace blobgate::engine {

/// An extent lies where it was born unless its segment was rewritten, and only then its row is
/// looked at. The answer is good for as long as a ReadGuard is held that was taken before the call:
/// the old place is garbage from the moment a move is visible, and waits for the guard.
/// Thread-safe. The references must outlive it.
class ExtentLocator {
 public:
  ExtentLocator(CatalogDb& db, const Segments& segments, Places& places,
                boost::asio::thread_pool& pool)
      : db_(db), segments_(segments), places_(places), pool_(pool) {}

  /// kCorruption for a damaged row.
  Task<Result<Place>> Locate(const ExtentRef& ref);
  /// The same. Blocks.
  Result<Place> LocateNow(const ExtentRef& ref);

 private:
  Result<Place> Lookup(const Place& birth, bool may_block);

  CatalogDb& db_;
  const Segments& segments_;
  Places& places_;
  boost::asio::thread_pool& pool_;
};

}  // namespace blobgate::engine
