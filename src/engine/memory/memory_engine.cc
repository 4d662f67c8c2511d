#include "engine/memory/memory_engine.h"

#include <utility>

#include "engine/contract/check.h"
#include "engine/memory/memory_store.h"

namespace blobgate::engine {
namespace {

using Point = MemoryFaults::Point;

// What the halves share; the engine owns it and outlives every Task that uses it.
struct Shared {
  MemoryStore store;
  std::shared_ptr<MemoryFaults> faults;

  Status Fault(Point point) const {
    if (!faults) return {};
    const auto code = faults->Take(point);
    if (!code) return {};
    return Fail(*code, "asked for by the test");
  }
};

class MemoryWriter final : public ExtentWriter {
 public:
  MemoryWriter(Shared& shared, std::uint64_t length) : shared_(shared), length_(length) {}

  Task<Status> Append(Bytes data) override {
    BG_CO_CHECK(shared_.Fault(Point::kAppend));
    if (finished_ || data.size() > length_ - content_.size()) {
      co_return Fail(Errc::kInvalidArgument, "more than was reserved");
    }
    content_.append(AsChars(data));
    co_return Status{};
  }

  Task<Result<ExtentRef>> Finish() override {
    BG_CO_CHECK(shared_.Fault(Point::kFinish));
    if (finished_ || content_.size() != length_) {
      co_return Fail(Errc::kInvalidArgument, "not the length that was reserved");
    }
    finished_ = true;
    co_return shared_.store.Add(std::move(content_));
  }

 private:
  Shared& shared_;
  const std::uint64_t length_;
  std::string content_;
  bool finished_ = false;
};

class MemoryCatalog final : public Catalog {
 public:
  explicit MemoryCatalog(Shared& shared) : shared_(shared) {}

  Task<Result<PartitionRef>> Locate(std::string_view name_space, std::string_view) override {
    BG_CO_CHECK(shared_.Fault(Point::kLocate));
    if (name_space.empty()) co_return Fail(Errc::kInvalidArgument, "empty name space");
    co_return shared_.store.Locate(name_space);
  }

  Task<Result<std::optional<PartitionRef>>> Find(std::string_view name_space,
                                                 std::string_view) override {
    BG_CO_CHECK(shared_.Fault(Point::kLocate));
    const auto partitions = shared_.store.PartitionsOf(name_space);
    if (partitions.empty()) co_return std::optional<PartitionRef>();
    co_return partitions.front();
  }

  Task<Result<std::vector<PartitionRef>>> PartitionsOf(std::string_view name_space) override {
    co_return shared_.store.PartitionsOf(name_space);
  }

  Task<Result<std::optional<Row>>> Get(PartitionRef partition, std::string_view key) override {
    BG_CO_CHECK(shared_.Fault(Point::kGet));
    BG_CO_CHECK(CheckKey(key));
    co_return shared_.store.Get(partition, key);
  }

  Task<Status> Scan(PartitionRef partition, std::string from, std::string end,
                    ScanVisitor visitor) override {
    BG_CO_CHECK(shared_.Fault(Point::kScan));
    co_return shared_.store.Scan(partition, from, end, visitor);
  }

  Task<Status> Commit(PartitionRef partition, Batch batch) override {
    std::vector<PartitionBatch> parts;
    parts.push_back({partition, std::move(batch)});
    return CommitTogether(std::move(parts));
  }

  Task<Status> CommitTogether(std::vector<PartitionBatch> parts) override {
    BG_CO_CHECK(shared_.Fault(Point::kCommit));
    co_return shared_.store.Commit(std::move(parts));
  }

 private:
  Shared& shared_;
};

class MemoryExtents final : public ExtentStore {
 public:
  explicit MemoryExtents(Shared& shared) : shared_(shared) {}

  Task<Result<std::unique_ptr<ExtentWriter>>> Create(std::uint64_t length) override {
    BG_CO_CHECK(shared_.Fault(Point::kCreate));
    BG_CO_CHECK(CheckExtentLength(length));
    co_return std::make_unique<MemoryWriter>(shared_, length);
  }

  void Discard(const ExtentRef& ref) override { shared_.store.Discard(ref); }
  ReadGuard BeginRead() override { return shared_.store.BeginRead(); }

  Task<Result<SharedBytes>> Read(const ExtentRef& ref, std::uint64_t offset,
                                 std::uint64_t length) override {
    BG_CO_CHECK(shared_.Fault(Point::kRead));
    co_return shared_.store.Read(ref, offset, length);
  }

 private:
  Shared& shared_;
};

class MemoryEngine final : public Engine {
 public:
  explicit MemoryEngine(std::shared_ptr<MemoryFaults> faults) {
    shared_.faults = std::move(faults);
  }
  Catalog& catalog() override { return catalog_; }
  ExtentStore& extents() override { return extents_; }
  EngineStats Stats() const override { return shared_.store.Stats(); }
  Status Health() const override { return {}; }

 private:
  Shared shared_;
  MemoryCatalog catalog_{shared_};
  MemoryExtents extents_{shared_};
};

}  // namespace

std::unique_ptr<Engine> NewMemoryEngine(std::shared_ptr<MemoryFaults> faults) {
  return std::make_unique<MemoryEngine>(std::move(faults));
}

}  // namespace blobgate::engine
