#include "model/machine.h"

#include <fstream>
#include <set>
#include <utility>

#include "engine/local/extent_format.h"
#include "engine/memory/memory_engine.h"
#include "model/volume_file_system.h"

namespace blobgate::engine::model {
namespace {

namespace fs = std::filesystem;
constexpr std::uint64_t kKiB = 1024;

}  // namespace

Machine::Machine(EngineKind kind, std::string directory, std::uint64_t seed)
    : kind_(kind), directory_(std::move(directory)), volume_(seed) {
  if (is_local()) {
    fs::create_directories(directory_);
    env_ = rocksdb::NewCompositeEnv(NewVolumeFileSystem(volume_));
  }
}

Machine::~Machine() {
  Close();
  std::error_code ignored;
  if (is_local()) fs::remove_all(directory_, ignored);
}

LocalOptions Machine::RandomOptions(Random& random) {
  constexpr std::uint64_t kSegmentSizes[] = {64 * kKiB, 256 * kKiB, 1024 * kKiB, 8192 * kKiB};
  LocalOptions options;
  options.data_dir = (directory_ / "data").string();
  options.segment_bytes = kSegmentSizes[random.Below(4)];
  options.read_cache_bytes = random.OneIn(4) ? 1024 * kKiB : 0;
  options.catalog_cache_bytes = 1024 * kKiB;
  options.direct_io = !random.OneIn(4);
  options.reserve_bytes = 64 * kKiB;
  options.io_threads = static_cast<unsigned>(random.Between(1, 3));
  options.large_writers = static_cast<unsigned>(random.Between(1, 3));
  options.max_open_segments = static_cast<unsigned>(random.Between(1, 8));
  options.rewrite_bytes_per_second = 0;  // Operation::Kind::kRewrite
  options.rewrite_live_percent = static_cast<unsigned>(random.Between(20, 90));
  options.disk = &disk_;
  options.catalog_env = env_.get();
  return options;
}

// Recovery looks at the directory with std::filesystem.
void Machine::ShowSegments() {
  if (!fs::exists(segments())) return;
  std::set<std::string> wanted;
  for (const std::string& name : volume_.List(segments())) {
    wanted.insert(name);
    const fs::path path = fs::path(segments()) / name;
    if (!fs::exists(path)) std::ofstream(path).close();
    fs::resize_file(path, static_cast<std::uintmax_t>(volume_.SizeOf(path.string())));
  }
  for (const auto& entry : fs::directory_iterator(segments())) {
    if (!wanted.contains(entry.path().filename().string())) fs::remove(entry.path());
  }
}

Status Machine::Open(Random& random) {
  if (!is_local()) {
    engine_ = NewMemoryEngine();
    return {};
  }
  disk_.AllowDirect(!random.OneIn(4));
  ShowSegments();
  BG_TRY(engine_, OpenLocalEngine(RandomOptions(random)));
  return {};
}

std::uint64_t Machine::StoredLength(std::uint64_t content) const {
  return is_local() ? engine::StoredLength(content) : content;
}

}  // namespace blobgate::engine::model
