#include "engine/local/store_state.h"

#include <spdlog/spdlog.h>

#include "engine/local/disk.h"

namespace blobgate::engine {

void StoreState::FailForever(std::string_view reason) {
  const std::lock_guard lock(mutex_);
  if (read_only_.load(std::memory_order_relaxed)) return;
  reason_ = reason;
  read_only_.store(true, std::memory_order_release);
  spdlog::critical("the store is read-only until restart: {}", reason);
}

Status StoreState::CheckWritable() const {
  if (!read_only()) return {};
  const std::lock_guard lock(mutex_);
  return Fail(Errc::kReadOnly, reason_);
}

Status StoreState::CheckSpace(std::uint64_t bytes) const {
  const std::uint64_t claimed = claimed_.load(std::memory_order_relaxed);
  if (FreeBytes() >= reserve_ + claimed + bytes) return {};
  return Fail(Errc::kNoSpace, "the disk of the data directory is full up to the reserve");
}

Status StoreState::CheckReserve() const {
  if (FreeBytes() >= reserve_) return {};
  return Fail(Errc::kNoSpace, "the disk of the data directory is full up to the reserve");
}

std::uint64_t StoreState::FreeBytes() const {
  return disk_.FreeBytes(data_dir_);
}

Error StoreState::Corruption(std::string what) {
  corruptions_.fetch_add(1, std::memory_order_relaxed);
  spdlog::error("corruption: {}", what);
  return {Errc::kCorruption, std::move(what)};
}

}  // namespace blobgate::engine
