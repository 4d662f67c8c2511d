#include "engine_harness.h"

#include <gtest/gtest.h>

#include <random>

namespace blobgate::engine {

LocalOptions SmallOptions(const std::string& directory) {
  LocalOptions options;
  options.data_dir = directory;
  options.segment_bytes = 8ull * 1024 * 1024;
  options.reserve_bytes = 0;
  options.ballast_bytes = 0;
  options.rewrite_bytes_per_second = 0;
  return options;
}

void Crash(std::unique_ptr<Engine>& engine, const std::string& data) {
  const std::string copy = data + ".crashed";
  std::filesystem::copy(data, copy, std::filesystem::copy_options::recursive);
  engine.reset();
  std::filesystem::remove_all(data);
  std::filesystem::rename(copy, data);
}

void Runner::operator()(Task<void> task) {
  boost::asio::co_spawn(pool_, std::move(task), boost::asio::use_future).get();
}

std::string RandomText(std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::string text(size, '\0');
  for (char& c : text) c = static_cast<char>(random());
  return text;
}

Task<Result<ExtentRef>> WriteText(ExtentStore& store, std::string text, std::size_t piece) {
  BG_CO_TRY(auto writer, co_await store.Create(text.size()));
  for (std::size_t at = 0; at < text.size(); at += piece) {
    BG_CO_CHECK(co_await writer->Append(AsBytes(std::string_view(text).substr(at, piece))));
  }
  co_return co_await writer->Finish();
}

Task<Result<std::string>> ReadText(ExtentStore& store, ExtentRef ref, std::uint64_t offset,
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
