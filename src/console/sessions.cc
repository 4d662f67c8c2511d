#include "console/sessions.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/encoding.h"
#include "base/uuid.h"

namespace blobgate::console {
namespace {

constexpr std::chrono::minutes kForgiven{10};  ///< after the last wrong token
constexpr std::size_t kMostAddresses = 1024;

template <class Map, class Projection>
void DropOldest(Map& map, Projection time) {
  map.erase(std::ranges::min_element(map, {}, time));
}

}  // namespace

std::string RandomText() {
  std::array<std::uint64_t, 4> random{};
  std::ranges::generate(random, RandomU64);
  return Base64UrlEncode(std::as_bytes(std::span(random)));
}

void Sessions::SetToken(std::optional<Sha256Digest> token) {
  const std::lock_guard lock(mutex_);
  token_ = token;
  ends_.clear();
}

void Sessions::SetLifetime(std::chrono::seconds lifetime) {
  const std::lock_guard lock(mutex_);
  lifetime_ = lifetime;
}

std::chrono::seconds Sessions::lifetime() const {
  const std::lock_guard lock(mutex_);
  return lifetime_;
}

Sessions::LoginResult Sessions::LogIn(std::string_view token, std::string_view peer) {
  const Sha256Digest shown = Sha256Of(AsBytes(token));
  const std::lock_guard lock(mutex_);
  const Time now = clock_.Now();
  const std::string address(peer);
  if (MustWait(address, now)) return {Login::kTooOften, {}};
  if (!token_ || !EqualConstantTime(shown, *token_)) {
    NoteFailure(address, now);
    return {Login::kWrongToken, {}};
  }
  failures_.erase(address);
  return {Login::kOpened, Open(now)};
}

bool Sessions::MustWait(const std::string& peer, Time now) {
  const auto found = failures_.find(peer);
  if (found == failures_.end()) return false;
  const Failures& failures = found->second;
  return failures.count >= kFreeTries && now < failures.last + kPause;
}

void Sessions::NoteFailure(const std::string& peer, Time now) {
  std::erase_if(failures_,
                [now](const auto& entry) { return now > entry.second.last + kForgiven; });
  if (failures_.size() >= kMostAddresses && !failures_.contains(peer)) {
    DropOldest(failures_, [](const auto& entry) { return entry.second.last; });
  }
  Failures& failures = failures_[peer];
  ++failures.count;
  failures.last = now;
}

std::string Sessions::Open(Time now) {
  std::erase_if(ends_, [now](const auto& entry) { return now >= entry.second; });
  if (ends_.size() >= kMostSessions) {
    DropOldest(ends_, [](const auto& entry) { return entry.second; });
  }
  std::string id = RandomText();
  ends_[Sha256Of(AsBytes(id))] = now + lifetime_;
  return id;
}

bool Sessions::IsOpen(std::string_view id) const {
  const Sha256Digest digest = Sha256Of(AsBytes(id));
  const std::lock_guard lock(mutex_);
  const auto found = ends_.find(digest);
  return found != ends_.end() && clock_.Now() < found->second;
}

void Sessions::Close(std::string_view id) {
  const Sha256Digest digest = Sha256Of(AsBytes(id));
  const std::lock_guard lock(mutex_);
  ends_.erase(digest);
}

}  // namespace blobgate::console
