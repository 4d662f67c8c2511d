// Fills a container of a stopped store with small blobs through the engine, without HTTP: each has
// an extent and a row of its own and is committed durably, many at a time, as by Put Blob.
//
//   fill_store DATA_DIR ACCOUNT CONTAINER COUNT
//
// The container must exist. Names are f/000000000 and on; every blob holds its name.
#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <string>
#include <vector>

#include "base/time.h"
#include "blob/keys.h"
#include "blob/records.h"
#include "engine/local/local_engine.h"

namespace blobgate {
namespace {

constexpr int kLanes = 2048;

struct Fill {
  engine::Engine& engine;
  std::string space;  ///< of the container
  std::uint64_t count = 0;
  std::atomic<std::uint64_t> next{0};
};

std::string NameOf(std::uint64_t number) {
  char name[32];
  std::snprintf(name, sizeof name, "f/%09llu", static_cast<unsigned long long>(number));
  return name;
}

blob::BlobRecord RecordOf(const engine::ExtentRef& extent, std::uint64_t number) {
  const Time now = SystemClock().Now();
  blob::BlobRecord record;
  record.length = extent.length;
  record.etag = ToDotNetTicks(now) + number;
  record.created = now;
  record.modified = now;
  record.properties.content_type = "application/octet-stream";
  record.content.blocks.push_back({"", extent.length, {{extent, 0, extent.length}}});
  return record;
}

Task<Status> PutOne(Fill& fill, std::uint64_t number) {
  const std::string name = NameOf(number);
  BG_CO_TRY(auto writer, co_await fill.engine.extents().Create(name.size()));
  BG_CO_CHECK(co_await writer->Append(AsBytes(name)));
  BG_CO_TRY(const auto extent, co_await writer->Finish());
  BG_CO_TRY(const auto partition, co_await fill.engine.catalog().Locate(fill.space, name));
  engine::Batch batch;
  batch.preconditions.push_back(engine::Precondition::Present(blob::AliveKey()));
  batch.puts.push_back({blob::BlobKey(name), RecordOf(extent, number).Encode()});
  batch.acquires.push_back(extent);
  co_return co_await fill.engine.catalog().Commit(partition, std::move(batch));
}

Task<Status> Lane(Fill& fill) {
  for (;;) {
    const std::uint64_t number = fill.next++;
    if (number >= fill.count) co_return Status();
    BG_CO_CHECK(co_await PutOne(fill, number));
  }
}

Task<Result<std::string>> SpaceOf(engine::Engine& engine, std::string account,
                                  std::string container) {
  const std::string space = blob::AccountSpace(account);
  BG_CO_TRY(const auto partition, co_await engine.catalog().Locate(space, container));
  const std::string key = blob::ContainerKey(container);
  BG_CO_TRY(const auto row, co_await engine.catalog().Get(partition, key));
  if (!row) co_return Fail(Errc::kNotFound, "no such container");
  BG_CO_TRY(const auto record, blob::ContainerRecord::Decode(row->value));
  co_return blob::ContainerSpace(record.incarnation);
}

Status Run(const std::string& data_dir, const std::string& account, const std::string& container,
           std::uint64_t count) {
  engine::LocalOptions options;
  options.data_dir = data_dir;
  BG_TRY(const auto engine, engine::OpenLocalEngine(options));
  boost::asio::thread_pool pool(2);
  auto spawn = [&pool](auto task) {
    return boost::asio::co_spawn(pool, std::move(task), boost::asio::use_future);
  };
  BG_TRY(const std::string space, spawn(SpaceOf(*engine, account, container)).get());
  Fill fill{*engine, space, count};
  std::vector<std::future<Status>> lanes;
  for (int i = 0; i < kLanes; ++i) lanes.push_back(spawn(Lane(fill)));
  Status all;
  for (auto& lane : lanes) {
    Status one = lane.get();
    if (!one) all = std::move(one);
  }
  return all;
}

}  // namespace
}  // namespace blobgate

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: fill_store DATA_DIR ACCOUNT CONTAINER COUNT\n");
    return 2;
  }
  const auto done = blobgate::Run(argv[1], argv[2], argv[3], std::strtoull(argv[4], nullptr, 10));
  if (done) return 0;
  std::fprintf(stderr, "%s\n", done.error().detail.c_str());
  return 1;
}
