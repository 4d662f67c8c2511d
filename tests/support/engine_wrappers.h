// Engines around an engine, for what the memory engine does not do by itself: lose a race at an
// exact point, and spread a name space over several partitions.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "blobgate/engine/engine.h"

namespace blobgate::test {

/// Runs a Task of the memory engine to its end here and now, also from within another Task: that
/// engine answers without a detour over other threads.
template <class T>
T RunInline(Task<T> task) {
  boost::asio::io_context io(1);
  std::optional<T> value;
  auto keep = [&value](std::exception_ptr, T result) { value.emplace(std::move(result)); };
  boost::asio::co_spawn(io, std::move(task), std::move(keep));
  io.run();
  return std::move(value.value());
}

/// Passes everything on.
class WrappedCatalog : public engine::Catalog {
 public:
  explicit WrappedCatalog(engine::Catalog& inner) : inner_(inner) {}

  Task<Result<engine::PartitionRef>> Locate(std::string_view name_space,
                                            std::string_view name) override {
    return inner_.Locate(name_space, name);
  }
  Task<Result<std::optional<engine::PartitionRef>>> Find(std::string_view name_space,
                                                         std::string_view name) override {
    return inner_.Find(name_space, name);
  }
  Task<Result<std::vector<engine::PartitionRef>>> PartitionsOf(
      std::string_view name_space) override {
    return inner_.PartitionsOf(name_space);
  }
  Task<Result<std::optional<engine::Row>>> Get(engine::PartitionRef partition,
                                               std::string_view key) override {
    return inner_.Get(partition, key);
  }
  Task<Status> Scan(engine::PartitionRef partition, std::string from, std::string end,
                    engine::ScanVisitor visitor) override {
    return inner_.Scan(partition, std::move(from), std::move(end), std::move(visitor));
  }
  Task<Status> Commit(engine::PartitionRef partition, engine::Batch batch) override {
    return inner_.Commit(partition, std::move(batch));
  }
  Task<Status> CommitTogether(std::vector<engine::PartitionBatch> parts) override {
    return inner_.CommitTogether(std::move(parts));
  }

 protected:
  engine::Catalog& inner_;
};

/// Runs something of the test's right before one commit or scan.
class InterruptingCatalog final : public WrappedCatalog {
 public:
  using WrappedCatalog::WrappedCatalog;

  /// Before the `nth` commit from now on, counted from 1.
  void BeforeCommit(int nth, std::function<void()> action) {
    countdown_ = nth;
    action_ = std::move(action);
  }
  /// Before the next scan.
  void BeforeScan(std::function<void()> action) { before_scan_ = std::move(action); }

  Task<Status> Commit(engine::PartitionRef partition, engine::Batch batch) override {
    CountCommit();
    return inner_.Commit(partition, std::move(batch));
  }
  Task<Status> CommitTogether(std::vector<engine::PartitionBatch> parts) override {
    CountCommit();
    return inner_.CommitTogether(std::move(parts));
  }
  Task<Status> Scan(engine::PartitionRef partition, std::string from, std::string end,
                    engine::ScanVisitor visitor) override {
    if (before_scan_) std::exchange(before_scan_, nullptr)();
    return inner_.Scan(partition, std::move(from), std::move(end), std::move(visitor));
  }

 private:
  void CountCommit() {
    if (countdown_ == 0 || --countdown_ > 0) return;
    const auto action = action_;  // which may ask for the next one
    action();
  }

  int countdown_ = 0;
  std::function<void()> action_;
  std::function<void()> before_scan_;
};

/// A store that dies at one commit, which may have been done all the same.
class DyingCatalog final : public WrappedCatalog {
 public:
  using WrappedCatalog::WrappedCatalog;

  /// At the `nth` commit from now on, counted from 1.
  void DieAt(int nth, bool done) {
    countdown_ = nth;
    done_ = done;
  }
  void Revive() { countdown_ = 0; }
  bool dead() const { return countdown_ < 0; }

  Task<Status> Commit(engine::PartitionRef partition, engine::Batch batch) override {
    std::vector<engine::PartitionBatch> parts;
    parts.push_back({partition, std::move(batch)});
    return CommitTogether(std::move(parts));
  }
  Task<Status> CommitTogether(std::vector<engine::PartitionBatch> parts) override {
    if (dead()) co_return Fail(Errc::kIoError, "dead");
    if (countdown_ == 0 || --countdown_ > 0) {
      co_return co_await inner_.CommitTogether(std::move(parts));
    }
    countdown_ = -1;
    if (done_) BG_CO_CHECK(co_await inner_.CommitTogether(std::move(parts)));
    co_return Fail(Errc::kIoError, "dies");
  }

 private:
  int countdown_ = 0;
  bool done_ = false;
};

/// Every name space is kPartitions partitions, names spread by hash.
class ScatteringCatalog final : public WrappedCatalog {
 public:
  static constexpr std::size_t kPartitions = 3;
  using WrappedCatalog::WrappedCatalog;

  Task<Result<engine::PartitionRef>> Locate(std::string_view name_space,
                                            std::string_view name) override {
    const std::size_t mine = std::hash<std::string_view>()(name) % kPartitions;
    engine::PartitionRef found;
    for (std::size_t i = 0; i < kPartitions; ++i) {
      const std::string part = std::string(name_space) + '#' + std::to_string(i);
      BG_CO_TRY(auto partition, co_await inner_.Locate(part, {}));
      if (i == mine) found = partition;
    }
    co_return found;
  }
  Task<Result<std::optional<engine::PartitionRef>>> Find(std::string_view name_space,
                                                         std::string_view name) override {
    const std::size_t mine = std::hash<std::string_view>()(name) % kPartitions;
    const std::string part = std::string(name_space) + '#' + std::to_string(mine);
    co_return co_await inner_.Find(part, {});
  }
  Task<Result<std::vector<engine::PartitionRef>>> PartitionsOf(
      std::string_view name_space) override {
    std::vector<engine::PartitionRef> all;
    for (std::size_t i = 0; i < kPartitions; ++i) {
      const std::string part = std::string(name_space) + '#' + std::to_string(i);
      BG_CO_TRY(auto partitions, co_await inner_.PartitionsOf(part));
      all.insert(all.end(), partitions.begin(), partitions.end());
    }
    co_return all;
  }
};

/// `inner` with its catalog seen through CatalogType. `inner` must outlive it.
template <class CatalogType>
class WrappedEngine final : public engine::Engine {
 public:
  explicit WrappedEngine(engine::Engine& inner) : wrapped(inner.catalog()), inner_(inner) {}

  CatalogType wrapped;

  engine::Catalog& catalog() override { return wrapped; }
  engine::ExtentStore& extents() override { return inner_.extents(); }
  engine::EngineStats Stats() const override { return inner_.Stats(); }
  Status Health() const override { return inner_.Health(); }

 private:
  engine::Engine& inner_;
};

}  // namespace blobgate::test
