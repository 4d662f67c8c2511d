#include "operations/page/page_window.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

namespace blobgate::operations {
namespace {

using Chunks = std::map<std::uint32_t, blob::PageChunk>;

/// Reads the rows of one window, layer by layer.
class WindowLoader {
 public:
  WindowLoader(Services& services, engine::PartitionRef partition, std::string_view name,
               const WindowRequest& request)
      : services_(services),
        partition_(partition),
        name_(name),
        request_(request),
        end_(request.end) {}

  Task<Result<PageWindow>> Load() {
    BG_CO_CHECK(co_await LoadLineage());
    BG_CO_CHECK(co_await LoadLayers());
    co_return Resolve();
  }

 private:
  Task<Status> LoadLineage() {
    const std::string key = blob::PagePrefix(name_, request_.lineage);
    BG_CO_TRY(const auto row, co_await services_.catalog().Get(partition_, key));
    if (!row) co_return Fail(Errc::kConflict, "the lineage of a page blob is gone");
    BG_CO_TRY(lineage_, blob::PageLineage::Decode(row->value));
    std::erase_if(lineage_.layers,
                  [this](const blob::PageLayer& layer) { return layer.number > request_.layer; });
    share_ = kWindowBytes / std::max<std::size_t>(lineage_.layers.size(), 1);
    co_return Status();
  }

  bool IsAbove(const blob::PageLayer& layer) const {
    return request_.since && layer.number > *request_.since;
  }

  /// From below: a chunk that moves up in the meantime is then seen in one layer or in both, which
  /// is the same. A diff reads the layers above first, to know what else it needs; its own layers
  /// do not lose chunks to those that are read before them.
  Task<Status> LoadLayers() {
    for (const blob::PageLayer& layer : lineage_.layers) {
      if (!IsAbove(layer)) continue;
      BG_CO_CHECK(co_await LoadLayer(layer.number, false));
      Touch(layer);
    }
    for (const blob::PageLayer& layer : lineage_.layers) {
      if (IsAbove(layer)) continue;
      BG_CO_CHECK(co_await LoadLayer(layer.number, request_.since.has_value()));
    }
    co_return Status();
  }

  /// What `layer`, above the older state, changes.
  void Touch(const blob::PageLayer& layer) {
    for (const auto& [chunk, unused] : rows_[layer.number]) touched_.insert(chunk);
    for (const blob::ChunkRange& mask : layer.masks) masks_.push_back(mask);
  }

  /// The first chunk from `chunk` on that a layer above touches; kChunksEnd: none.
  std::uint32_t NextTouched(std::uint32_t chunk) const {
    const auto it = touched_.lower_bound(chunk);
    std::uint32_t next = it == touched_.end() ? blob::kChunksEnd : *it;
    for (const blob::ChunkRange& mask : masks_) {
      if (mask.end > chunk) next = std::min(next, std::max(mask.first, chunk));
    }
    return next;
  }

  std::string KeyOf(std::uint64_t layer, std::uint32_t chunk) const {
    return blob::PageChunkKey(name_, request_.lineage, layer, chunk);
  }

  Task<Status> LoadLayer(std::uint64_t layer, bool only_touched) {
    Chunks& chunks = rows_[layer];
    const std::uint32_t first = only_touched ? NextTouched(request_.first) : request_.first;
    if (first >= end_) co_return Status();
    std::size_t bytes = 0;
    Status decoded;
    engine::ScanVisitor visitor = [&](std::string_view key, std::string_view value,
                                      engine::RowVersion) {
      const auto name = blob::NameOfPageChunkKey(key);
      if (!name) {
        decoded = Fail(Errc::kCorruption, "no key of a chunk of pages");
        return engine::ScanStep::Stop();
      }
      if (only_touched) {
        const std::uint32_t next = NextTouched(name->chunk);
        if (next >= end_) return engine::ScanStep::Stop();
        if (next != name->chunk) return engine::ScanStep::Seek(KeyOf(layer, next));
      }
      if (bytes >= share_) {
        end_ = name->chunk;
        return engine::ScanStep::Stop();
      }
      bytes += value.size();
      auto chunk = blob::PageChunk::Decode(value);
      if (!chunk) {
        decoded = std::unexpected(std::move(chunk).error());
        return engine::ScanStep::Stop();
      }
      chunks.emplace(name->chunk, std::move(*chunk));
      return engine::ScanStep::Next();
    };
    BG_CO_CHECK(co_await services_.catalog().Scan(partition_, KeyOf(layer, first),
                                                  KeyOf(layer, end_), std::move(visitor)));
    co_return decoded;
  }

  PageWindow Resolve() {
    PageWindow window;
    window.first = request_.first;
    window.end = end_;
    for (const std::uint32_t chunk : AllChunks()) {
      const blob::ChunkRows rows = RowsOf(chunk);
      auto view = ViewChunk(lineage_, request_.layer, chunk, rows);
      if (!view.empty()) window.chunks.emplace(chunk, std::move(view));
      if (!request_.since) continue;
      auto then = ViewChunk(lineage_, *request_.since, chunk, rows);
      if (!then.empty()) window.then.emplace(chunk, std::move(then));
    }
    return window;
  }

  std::set<std::uint32_t> AllChunks() const {
    std::set<std::uint32_t> all;
    for (const auto& [layer, chunks] : rows_) {
      for (const auto& [chunk, row] : chunks) {
        if (chunk < end_) all.insert(chunk);
      }
    }
    return all;
  }

  blob::ChunkRows RowsOf(std::uint32_t chunk) {
    blob::ChunkRows rows;
    for (auto& [layer, chunks] : rows_) {
      const auto row = chunks.find(chunk);
      if (row != chunks.end()) rows.emplace(layer, std::move(row->second));
    }
    return rows;
  }

  Services& services_;
  const engine::PartitionRef partition_;
  const std::string name_;
  const WindowRequest& request_;
  std::uint32_t end_;  ///< of the window; shrinks to what could be read
  std::size_t share_ = 0;
  blob::PageLineage lineage_;  ///< up to the layer that is asked for
  std::map<std::uint64_t, Chunks> rows_;
  std::set<std::uint32_t> touched_;
  std::vector<blob::ChunkRange> masks_;
};

}  // namespace

Task<Result<PageWindow>> LoadPageWindow(Services& services, engine::PartitionRef partition,
                                        std::string_view name, const WindowRequest& request) {
  WindowLoader loader(services, partition, name, request);
  co_return co_await loader.Load();
}

}  // namespace blobgate::operations
