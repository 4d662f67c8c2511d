// Runs Tasks of an engine to their end, and makes engines of both kinds.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <filesystem>
#include <memory>
#include <random>
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

inline LocalOptions SmallOptions(const std::string& directory) {
  LocalOptions options;
  options.data_dir = directory;
  options.segment_bytes = 8ull * 1024 * 1024;
  options.reserve_bytes = 0;
  options.ballast_bytes = 0;
  options.rewrite_bytes_per_second = 0;
  return options;
}

/// What a crash would leave at this moment, a copy of the files under the open engine, takes the
/// place of its directory `data`.
inline void Crash(std::unique_ptr<Engine>& engine, const std::string& data) {
  const std::string copy = data + ".crashed";
  std::filesystem::copy(data, copy, std::filesystem::copy_options::recursive);
  engine.reset();
  std::filesystem::remove_all(data);
  std::filesystem::rename(copy, data);
}

/// The calling thread waits for the Task, which runs on a pool.
class Runner {
 public:
  template <class T>
  T operator()(Task<T> task) {
    return boost::asio::co_spawn(pool_, std::move(task), boost::asio::use_future).get();
  }
  auto executor() { return pool_.get_executor(); }

 private:
  boost::asio::thread_pool pool_{4};
};

inline std::string RandomText(std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::string text(size, '\0');
  for (char& c : text) c = static_cast<char>(random());
  return text;
}

/// Writes `text` in pieces of `piece` bytes.
inline Task<Result<ExtentRef>> WriteText(ExtentStore& store, std::string text, std::size_t piece) {
  BG_CO_TRY(auto writer, co_await store.Create(text.size()));
  for (std::size_t at = 0; at < text.size(); at += piece) {
    BG_CO_CHECK(co_await writer->Append(AsBytes(std::string_view(text).substr(at, piece))));
  }
  co_return co_await writer->Finish();
}

inline Task<Result<std::string>> ReadText(ExtentStore& store, ExtentRef ref, std::uint64_t offset,
                                          std::uint64_t length) {
  std::string text;
  while (text.size() < length) {
    BG_CO_TRY(auto piece, co_await store.Read(ref, offset + text.size(), length - text.size()));
    EXPECT_LE(piece.size(), ExtentStore::kMaxRead);
    text += AsChars(piece.view());
  }
  co_return text;
}

}  // namespace blobgate::engine
