#include "engine/local/segments.h"

#include <algorithm>
#include <utility>

namespace blobgate::engine {

void Segments::Restore(std::uint64_t id, const SegmentRow& row) {
  const std::lock_guard lock(mutex_);
  Info& info = table_[id];
  info.row = row;
  info.append = row.end;
  // Nearly full ones are not worth it.
  if (row.state == SegmentRow::State::kSealed && row.end < segment_bytes_ / 4 * 3)
    reusable_.push_back(id);
}

std::uint64_t Segments::TakeId() {
  const std::lock_guard lock(mutex_);
  return next_id_++;
}

std::uint64_t Segments::next_id() const {
  const std::lock_guard lock(mutex_);
  return next_id_;
}

std::optional<std::uint64_t> Segments::TakeReusable(std::uint64_t stored) {
  const std::lock_guard lock(mutex_);
  for (auto it = reusable_.begin(); it != reusable_.end(); ++it) {
    const auto found = table_.find(*it);
    if (found == table_.end() || found->second.busy) continue;
    if (found->second.row.state != SegmentRow::State::kSealed) continue;
    if (found->second.append + stored > segment_bytes_) continue;
    found->second.busy = true;
    reusable_.erase(it);
    return found->first;
  }
  return std::nullopt;
}

bool Segments::TakeSealed(std::uint64_t id) {
  const std::lock_guard lock(mutex_);
  const auto found = table_.find(id);
  if (found == table_.end()) return false;
  Info& info = found->second;
  if (info.row.state == SegmentRow::State::kActive || info.appender || info.busy) return false;
  info.busy = true;
  return true;
}

void Segments::GiveBack(std::uint64_t id) {
  const std::lock_guard lock(mutex_);
  table_[id].busy = false;
}

void Segments::Activate(std::uint64_t id, std::shared_ptr<SegmentAppender> appender) {
  const std::lock_guard lock(mutex_);
  Info& info = table_[id];
  info.appender = std::move(appender);
  info.full = false;
  info.busy = false;
}

void Segments::Forget(std::uint64_t id) {
  const std::lock_guard lock(mutex_);
  table_.erase(id);
}

std::optional<Reservation> Segments::TryReserve(std::uint64_t id, std::uint64_t stored) {
  const std::lock_guard lock(mutex_);
  const auto found = table_.find(id);
  if (found == table_.end()) return std::nullopt;
  Info& info = found->second;
  if (!info.appender || info.full) return std::nullopt;
  if (info.append > 0 && info.append + stored > segment_bytes_) return std::nullopt;
  Reservation reservation{info.appender, {id, info.append}, stored};
  info.append += stored;
  ++info.outstanding;
  return reservation;
}

void Segments::MarkFull(std::uint64_t id) {
  const std::lock_guard lock(mutex_);
  const auto found = table_.find(id);
  if (found != table_.end()) found->second.full = true;
}

bool Segments::IsWhole(std::uint64_t id) const {
  const std::lock_guard lock(mutex_);
  const auto found = table_.find(id);
  return found != table_.end() && found->second.row.state != SegmentRow::State::kEmptying;
}

bool Segments::IsActive(std::uint64_t id) const {
  const std::lock_guard lock(mutex_);
  const auto found = table_.find(id);
  return found != table_.end() && found->second.appender;
}

std::optional<std::uint64_t> Segments::Info::Share() const {
  if (row.state == SegmentRow::State::kActive || appender) return std::nullopt;
  if (row.live == 0 || outstanding > 0) return std::nullopt;
  return row.state == SegmentRow::State::kEmptying ? 0 : row.live * 100 / std::max(row.end, 1ul);
}

std::optional<Segments::Sparse> Segments::TakeSparse(unsigned percent,
                                                     const std::set<std::uint64_t>& but) {
  const std::lock_guard lock(mutex_);
  Info* best = nullptr;
  Sparse sparse;
  std::uint64_t least = percent;
  for (auto& [id, info] : table_) {
    const auto share = info.Share();
    if (info.busy || !share || *share >= least || but.contains(id)) continue;
    least = *share;
    best = &info;
    sparse = {id, info.row.live};
  }
  if (best == nullptr) return std::nullopt;
  best->busy = true;
  return sparse;
}

void Segments::EndRewrite(std::uint64_t id) {
  const std::lock_guard lock(mutex_);
  const auto found = table_.find(id);
  if (found != table_.end()) found->second.busy = false;
}

std::uint64_t Segments::count() const {
  const std::lock_guard lock(mutex_);
  return table_.size();
}

void Segments::AddFresh(const ExtentRef& ref) {
  const std::lock_guard lock(mutex_);
  fresh_[{ref.space, ref.position}] = ref;
}

bool Segments::IsFresh(const ExtentRef& ref) const {
  const std::lock_guard lock(mutex_);
  const auto found = fresh_.find({ref.space, ref.position});
  return found != fresh_.end() && found->second == ref;
}

bool Segments::TakeFresh(const ExtentRef& ref) {
  const std::lock_guard lock(mutex_);
  const auto found = fresh_.find({ref.space, ref.position});
  if (found == fresh_.end() || found->second != ref) return false;
  fresh_.erase(found);
  return true;
}

std::optional<SegmentRow> Segments::RowOf(std::uint64_t id) const {
  const std::lock_guard lock(mutex_);
  const auto found = table_.find(id);
  if (found == table_.end()) return std::nullopt;
  return found->second.row;
}

bool Segments::Apply(const GroupEffects& effects) {
  const std::lock_guard lock(mutex_);
  bool sealable = false;
  for (const Garbage& garbage : effects.garbage) {
    if (garbage.released) ++table_[garbage.place.segment].pending;
  }
  for (const auto& [id, row] : effects.rows) table_[id].row = row;
  for (const Garbage& landed : effects.landed) {
    Info& info = table_[landed.place.segment];
    --info.outstanding;
    sealable = sealable || info.Sealable();
  }
  for (const std::uint64_t id : effects.dropped) table_.erase(id);
  return sealable;
}

void Segments::AddPending(std::uint64_t id) {
  const std::lock_guard lock(mutex_);
  ++table_[id].pending;
}

bool Segments::TakeDeletable(std::uint64_t id, std::uint64_t pending) {
  const std::lock_guard lock(mutex_);
  const auto found = table_.find(id);
  if (found == table_.end()) return false;
  if (!found->second.Deletable(pending)) return false;
  found->second.busy = true;
  return true;
}

std::vector<std::uint64_t> Segments::TakeEmpty() {
  const std::lock_guard lock(mutex_);
  std::vector<std::uint64_t> empty;
  for (auto& [id, info] : table_) {
    if (!info.Deletable(0)) continue;
    info.busy = true;
    empty.push_back(id);
  }
  return empty;
}

std::vector<Segments::Sealable> Segments::TakeSealable() {
  const std::lock_guard lock(mutex_);
  std::vector<Sealable> sealable;
  for (auto& [id, info] : table_) {
    if (!info.Sealable()) continue;
    info.busy = true;
    sealable.push_back({id, info.append, info.appender});
  }
  return sealable;
}

void Segments::EndSeal(std::uint64_t id, bool sealed) {
  const std::lock_guard lock(mutex_);
  const auto found = table_.find(id);
  if (found == table_.end()) return;
  found->second.busy = false;
  if (sealed) found->second.appender.reset();
}

void Segments::Settle(const Garbage& garbage) {
  const std::lock_guard lock(mutex_);
  const auto found = table_.find(garbage.place.segment);
  if (found == table_.end()) return;
  if (garbage.released) {
    --found->second.pending;
  } else {
    --found->second.outstanding;
  }
}

Segments::Totals Segments::GetTotals(unsigned sparse_percent) const {
  const std::lock_guard lock(mutex_);
  Totals totals;
  totals.segments = table_.size();
  for (const auto& [id, info] : table_) {
    totals.bytes += std::max(info.append, info.row.end);
    totals.live += info.row.live;
    if (const auto share = info.Share(); share && *share < sparse_percent) {
      ++totals.sparse;
      totals.sparse_live += info.row.live;
    }
  }
  return totals;
}

}  // namespace blobgate::engine
