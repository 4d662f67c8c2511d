// An engine: a Catalog plus an ExtentStore that live and die together.
#pragma once

#include "blobgate/engine/catalog.h"
#include "blobgate/engine/extent_store.h"

namespace blobgate::engine {

/// Owned by the server, outlives every connection. Destroy it only when no Task uses it any more.
class Engine {
 public:
  virtual ~Engine() = default;
  virtual Catalog& catalog() = 0;
  virtual ExtentStore& extents() = 0;
  virtual EngineStats Stats() const = 0;
  /// OK while the store takes writes; kReadOnly or kNoSpace otherwise. For /readyz.
  virtual Status Health() const = 0;
};

}  // namespace blobgate::engine
