// The fixture of the tests that run over every engine.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine_harness.h"

namespace blobgate::engine {

struct EngineKind {
  const char* name;
  std::unique_ptr<Engine> (*make)(const std::string& directory);
};

inline std::unique_ptr<Engine> MakeMemory(const std::string&) {
  return NewMemoryEngine();
}
inline std::unique_ptr<Engine> MakeLocal(const std::string& directory) {
  return OpenLocalEngine(SmallOptions(directory)).value();
}

class Conformance : public testing::TestWithParam<EngineKind> {
 protected:
  Conformance() : engine_(GetParam().make(directory_.path())) {}

  Catalog& catalog() { return engine_->catalog(); }
  ExtentStore& extents() { return engine_->extents(); }
  PartitionRef Partition(std::string_view space = "space") {
    return run_(catalog().Locate(space, "name")).value();
  }
  Status Commit(Batch batch) { return run_(catalog().Commit(Partition(), std::move(batch))); }
  Errc CommitError(Batch batch) {
    auto status = Commit(std::move(batch));
    return status ? Errc::kInternal : status.error().code;
  }
  std::optional<Row> Get(std::string_view key) {
    return run_(catalog().Get(Partition(), key)).value();
  }
  Status Put(std::string key, std::string value) {
    Batch batch;
    batch.puts.push_back({std::move(key), std::move(value)});
    return Commit(std::move(batch));
  }
  ExtentRef Write(const std::string& text, std::size_t piece = 256 * 1024) {
    return run_(WriteText(extents(), text, piece)).value();
  }
  Status Acquire(const std::vector<ExtentRef>& refs) {
    Batch batch;
    batch.acquires = refs;
    return Commit(std::move(batch));
  }
  Status Release(const std::vector<ExtentRef>& refs) {
    Batch batch;
    batch.releases = refs;
    return Commit(std::move(batch));
  }

  TemporaryDirectory directory_;
  Runner run_;
  std::unique_ptr<Engine> engine_;
};

inline const auto kEngines =
    testing::Values(EngineKind{"memory", &MakeMemory}, EngineKind{"local", &MakeLocal});
inline std::string NameOf(const testing::TestParamInfo<EngineKind>& kind) {
  return kind.param.name;
}

}  // namespace blobgate::engine
