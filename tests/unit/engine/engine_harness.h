// Runs Tasks of an engine to their end, and makes engines of both kinds.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "blobgate/engine/engine.h"
#include "engine/local/local_engine.h"
#include "engine/memory/memory_engine.h"

namespace blobgate::engine {

/// A directory of its own below the test's temporary directory; removed at the end.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "blobgate-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

LocalOptions SmallOptions(const std::string& directory);

/// What a crash would leave at this moment, a copy of the files under the open engine, takes the
/// place of its directory `data`.
void Crash(std::unique_ptr<Engine>& engine, const std::string& data);

/// The calling thread waits for the Task, which runs on a pool.
class Runner {
 public:
  template <class T>
  T operator()(Task<T> task) {
    std::optional<T> value;
    (*this)(Keep(std::move(task), value));
    return std::move(*value);
  }
  void operator()(Task<void> task);
  auto executor() { return pool_.get_executor(); }

 private:
  template <class T>
  static Task<void> Keep(Task<T> task, std::optional<T>& value) {
    value.emplace(co_await std::move(task));
  }

  boost::asio::thread_pool pool_{4};
};

std::string RandomText(std::size_t size, unsigned seed);

/// Writes `text` in pieces of `piece` bytes.
Task<Result<ExtentRef>> WriteText(ExtentStore& store, std::string text, std::size_t piece);

Task<Result<std::string>> ReadText(ExtentStore& store, ExtentRef ref, std::uint64_t offset,
                                   std::uint64_t length);

}  // namespace blobgate::engine
