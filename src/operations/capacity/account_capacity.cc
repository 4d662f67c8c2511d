#include "operations/capacity/account_capacity.h"

#include <spdlog/fmt/fmt.h>
#include <algorithm>
#include <utility>

namespace blobgate::operations {
namespace {

constexpr std::chrono::hours kLongestWithoutCount{1};
/// A count is not begun before so many times its own duration have passed since it ended.
constexpr int kRests = 20;

}  // namespace

std::optional<std::uint64_t> AccountCapacity::Used() const {
  const std::lock_guard lock(mutex_);
  if (!counted_) return std::nullopt;
  return Sum();
}

bool AccountCapacity::Take(std::uint64_t bytes, std::uint64_t quota) {
  const std::lock_guard lock(mutex_);
  const std::uint64_t used = Sum();
  if (used > quota || bytes > quota - used) {
    refused_ = true;
    return false;
  }
  taken_ += bytes;
  return true;
}

void AccountCapacity::TakeAnyway(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  taken_ += bytes;
}

void AccountCapacity::GiveBack(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  taken_ -= bytes;
}

void AccountCapacity::Keep(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  taken_ -= bytes;
  written_ += bytes;
  written_since_ += bytes;
}

bool AccountCapacity::IsCountDue(Clock::time_point now, std::uint64_t quota) const {
  const std::lock_guard lock(mutex_);
  if (!tried_) return true;
  if (now - ended_ < kRests * (ended_ - began_)) return false;
  if (!counted_ || refused_ || now - ended_ >= kLongestWithoutCount) return true;
  return written_ > 0 && written_ >= (quota - std::min(quota, *counted_)) / 2;
}

void AccountCapacity::BeginCount(Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  written_since_ = 0;
  refused_ = false;
  began_ = now;
}

void AccountCapacity::EndCount(std::uint64_t bytes, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  counted_ = bytes;
  written_ = written_since_;
  tried_ = true;
  ended_ = now;
}

void AccountCapacity::FailCount(Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  refused_ = true;
  tried_ = true;
  ended_ = now;
}

CapacityClaim& CapacityClaim::operator=(CapacityClaim&& other) noexcept {
  if (this == &other) return *this;
  GiveBack();
  account_ = std::move(other.account_);
  quota_ = other.quota_;
  bytes_ = std::exchange(other.bytes_, 0);
  return *this;
}

azure::Outcome<void> CapacityClaim::Claim(std::uint64_t bytes) {
  if (!account_ || bytes <= bytes_) return {};
  if (!account_->Take(bytes - bytes_, quota_)) {
    return azure::Fail(azure::Error(azure::ErrorCode::kCapacityQuotaExceeded)
                           .WithMessage(fmt::format("The account is at its capacity quota of {} "
                                                    "bytes.",
                                                    quota_)));
  }
  bytes_ = bytes;
  return {};
}

void CapacityClaim::ClaimAnyway(std::uint64_t bytes) {
  if (!account_ || bytes <= bytes_) return;
  account_->TakeAnyway(bytes - bytes_);
  bytes_ = bytes;
}

void CapacityClaim::Keep() {
  if (account_ && bytes_ > 0) account_->Keep(std::exchange(bytes_, 0));
}

void CapacityClaim::GiveBack() {
  if (account_ && bytes_ > 0) account_->GiveBack(std::exchange(bytes_, 0));
}

}  // namespace blobgate::operations
