#include "blob/page_layers.h"

#include <algorithm>

#include "base/codec.h"

namespace blobgate::blob {
namespace {

enum LineageTag : std::uint32_t { kLayer = 1 };
enum LayerTag : std::uint32_t { kNumber = 1, kOwners = 2, kMask = 3 };

std::string EncodeLayer(const PageLayer& layer) {
  std::string out;
  FieldWriter fields(out);
  fields.Number(kNumber, layer.number);
  fields.NumberIfSet(kOwners, layer.owners);
  for (const ChunkRange& mask : layer.masks) {
    std::string bytes;
    PutVarint(bytes, mask.first);
    PutVarint(bytes, mask.end);
    fields.Bytes(kMask, bytes);
  }
  return out;
}

bool DecodeMask(std::string_view in, PageLayer& layer) {
  std::uint64_t first = 0;
  std::uint64_t end = 0;
  if (!GetVarint(in, first) || !GetVarint(in, end) || !in.empty()) return false;
  if (first >= end || end > kChunksEnd) return false;
  if (!layer.masks.empty() && first <= layer.masks.back().end) return false;
  layer.masks.push_back({static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(end)});
  return true;
}

bool DecodeLayer(std::string_view in, PageLayer& layer) {
  FieldReader fields(in);
  bool ok = true;
  layer.owners = 0;
  while (ok && fields.Next()) {
    if (fields.tag() == kNumber) layer.number = fields.number();
    if (fields.tag() == kOwners) layer.owners = static_cast<std::uint32_t>(fields.number());
    if (fields.tag() == kMask) ok = DecodeMask(fields.bytes(), layer);
  }
  return ok && fields.ok() && layer.number != 0;
}

}  // namespace

bool PageLayer::Hides(std::uint32_t chunk) const {
  return std::ranges::any_of(
      masks, [chunk](const ChunkRange& mask) { return mask.first <= chunk && chunk < mask.end; });
}

void PageLayer::Hide(ChunkRange range) {
  if (range.first >= range.end) return;
  std::vector<ChunkRange> kept;
  for (const ChunkRange& mask : masks) {
    if (mask.end < range.first || range.end < mask.first) {
      kept.push_back(mask);
    } else {
      range.first = std::min(range.first, mask.first);
      range.end = std::max(range.end, mask.end);
    }
  }
  kept.push_back(range);
  std::ranges::sort(kept, {}, &ChunkRange::first);
  masks = std::move(kept);
}

PageLineage PageLineage::New() {
  PageLineage lineage;
  lineage.layers.push_back({1, 1, {}});
  return lineage;
}

std::uint64_t PageLineage::Freeze() {
  const std::uint64_t number = layers.empty() ? 1 : layers.back().number + 1;
  layers.push_back({number, 1, {}});
  return number;
}

bool PageLineage::Disown(std::uint64_t number) {
  PageLayer* layer = Find(number);
  if (layer == nullptr || layer->owners == 0) return false;
  --layer->owners;
  return true;
}

bool PageLineage::AnyOwned() const {
  return std::ranges::any_of(layers, [](const PageLayer& layer) { return layer.owners > 0; });
}

PageLayer* PageLineage::Find(std::uint64_t number) {
  const auto it = std::ranges::find(layers, number, &PageLayer::number);
  return it == layers.end() ? nullptr : &*it;
}

const PageLayer* PageLineage::Find(std::uint64_t number) const {
  const auto it = std::ranges::find(layers, number, &PageLayer::number);
  return it == layers.end() ? nullptr : &*it;
}

bool PageLineage::HasBelow(std::uint64_t number) const {
  return !layers.empty() && layers.front().number < number;
}

std::optional<PageLineage::Step> PageLineage::NextStep() const {
  if (!layers.empty() && layers.back().owners == 0) {
    return Step{layers.back().number, std::nullopt, layers.size() == 1};
  }
  for (std::size_t i = 0; i < layers.size(); ++i) {
    if (layers[i].owners == 0) return Step{layers[i].number, layers[i + 1].number, i == 0};
  }
  return std::nullopt;
}

void PageLineage::Finish(const Step& step) {
  const PageLayer* from = Find(step.from);
  if (from == nullptr) return;
  if (PageLayer* into = step.into ? Find(*step.into) : nullptr; into != nullptr) {
    if (step.bottom) {
      into->masks.clear();  // nothing is left to be hidden
    } else {
      for (const ChunkRange& mask : from->masks) into->Hide(mask);
    }
  }
  std::erase_if(layers, [&](const PageLayer& layer) { return layer.number == step.from; });
}

std::string PageLineage::Encode() const {
  std::string out;
  FieldWriter fields(out);
  for (const PageLayer& layer : layers) fields.Bytes(kLayer, EncodeLayer(layer));
  return out;
}

Result<PageLineage> PageLineage::Decode(std::string_view row) {
  PageLineage lineage;
  FieldReader fields(row);
  bool ok = true;
  while (ok && fields.Next()) {
    if (fields.tag() != kLayer) continue;
    const std::uint64_t last = lineage.layers.empty() ? 0 : lineage.layers.back().number;
    PageLayer& layer = lineage.layers.emplace_back();
    ok = DecodeLayer(fields.bytes(), layer) && layer.number > last;
  }
  if (!ok || !fields.ok()) return Fail(Errc::kCorruption, "malformed lineage of a page blob");
  return lineage;
}

PageChunk MergeChunk(const PageLineage& lineage, const PageLineage::Step& step, std::uint32_t chunk,
                     const PageChunk* below, const PageChunk* above) {
  PageChunk merged;
  const PageLayer* into = step.into ? lineage.Find(*step.into) : nullptr;
  if (into == nullptr) return merged;
  if (below != nullptr && !into->Hides(chunk)) merged = *below;
  if (above != nullptr) merged.Cover(*above);
  if (step.bottom) merged.EraseCleared();
  return merged;
}

PageChunk ViewChunk(const PageLineage& lineage, std::uint64_t layer, std::uint32_t chunk,
                    const ChunkRows& rows) {
  PageChunk view;
  for (const PageLayer& each : lineage.layers) {
    if (each.number > layer) break;
    if (each.Hides(chunk)) view = {};
    const auto row = rows.find(each.number);
    if (row == rows.end()) continue;
    PageChunk above = row->second;
    above.SetLayer(each.number);
    view.Cover(above);
  }
  view.EraseCleared();
  return view;
}

std::vector<PageChange> DiffChunk(const PageChunk& now, const PageChunk& then,
                                  std::uint64_t since) {
  std::vector<PageChange> changes;
  const auto add = [&changes](std::uint32_t first, std::uint32_t end, bool cleared) {
    if (!changes.empty()) {
      PageChange& last = changes.back();
      if (last.cleared == cleared && last.first + last.count == first) {
        last.count += end - first;
        return;
      }
    }
    changes.push_back({first, end - first, cleared});
  };
  PageChunk gone = then;
  gone.Erase(now);
  std::size_t next = 0;
  for (const PageRun& run : now.runs()) {
    for (; next < gone.runs().size() && gone.runs()[next].first < run.first; ++next) {
      add(gone.runs()[next].first, gone.runs()[next].end(), true);
    }
    if (run.layer > since) add(run.first, run.end(), false);
  }
  for (; next < gone.runs().size(); ++next) {
    add(gone.runs()[next].first, gone.runs()[next].end(), true);
  }
  return changes;
}

}  // namespace blobgate::blob
