// An engine that keeps everything in memory: for unit and model tests. The semantics are those of
// the contract, except that "durable" means "until the engine is destroyed".
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <optional>

#include "blobgate/engine/engine.h"

namespace blobgate::engine {

/// Failures that a test asks for. Each Fail... arms one failure: the next such call does nothing
/// but answer with the code. Any thread. Shared by the test and the engine.
class MemoryFaults {
 public:
  enum class Point : std::uint8_t {
    kLocate,
    kGet,
    kScan,
    kCommit,
    kCreate,
    kAppend,
    kFinish,
    kRead
  };

  void FailNext(Point point, Errc code) { Slot(point).store(static_cast<int>(code) + 1); }
  void FailNextCommit(Errc code) { FailNext(Point::kCommit, code); }
  void FailNextFinish(Errc code) { FailNext(Point::kFinish, code); }
  void FailNextRead(Errc code) { FailNext(Point::kRead, code); }

  /// For the engine: disarms and answers what was armed at `point`.
  std::optional<Errc> Take(Point point) {
    const int armed = Slot(point).exchange(0);
    if (armed == 0) return std::nullopt;
    return static_cast<Errc>(armed - 1);
  }

 private:
  std::atomic<int>& Slot(Point point) { return armed_[static_cast<std::size_t>(point)]; }
  std::array<std::atomic<int>, 8> armed_{};
};

/// `faults` may be null.
std::unique_ptr<Engine> NewMemoryEngine(std::shared_ptr<MemoryFaults> faults = nullptr);

}  // namespace blobgate::engine
