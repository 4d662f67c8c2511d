// A million random steps of the lease module beside a model that is the documentation's two tables,
// cell by cell (operations.md 1.6), with a clock in whole seconds.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <string>

#include "blob/lease.h"
#include "support/random_steps.h"

namespace blobgate::blob {
namespace {

using Action = LeaseRequest::Action;
using std::chrono::seconds;

const std::string kIds[] = {"0aaaaaaa-0000-4000-8000-000000000000",
                            "0bbbbbbb-0000-4000-8000-000000000000",
                            "0ccccccc-0000-4000-8000-000000000000"};

/// The state as the tables see it. `ends`: when leased becomes expired, or breaking broken.
struct Model {
  enum State { kAvailable, kLeased, kBreaking, kBroken, kExpired };
  State state = kAvailable;
  std::string id;
  int duration = 0;
  long ends = 0;

  void PassTo(long now) {
    if (state == kLeased && duration != -1 && now >= ends) state = kExpired;
    if (state == kBreaking && now >= ends) state = kBroken;
  }
  void Lease(const std::string& new_id, int new_duration, long now) {
    state = kLeased;
    id = new_id;
    duration = new_duration;
    ends = now + new_duration;
  }

  /// The error code, or empty.
  std::string Acquire(const std::string& proposed, int new_duration, long now) {
    if (state == kLeased && proposed != id) return "LeaseAlreadyPresent";
    if (state == kBreaking) {
      return proposed == id ? "LeaseIsBreakingAndCannotBeAcquired" : "LeaseAlreadyPresent";
    }
    Lease(proposed, new_duration, now);
    return {};
  }
  std::string Break(std::optional<int> period, long now) {
    if (state == kAvailable) return "LeaseNotPresentWithLeaseOperation";
    if (state == kBroken || state == kExpired) {
      state = kBroken;
      return {};
    }
    if (state == kBreaking) {
      if (period) ends = std::min(ends, now + *period);
    } else {
      const bool infinite = duration == -1;
      const long remaining = infinite ? (period ? *period : 0) : ends - now;
      ends = now + (period ? std::min<long>(*period, remaining) : remaining);
      state = kBreaking;
    }
    if (ends <= now) state = kBroken;
    return {};
  }
  std::string Change(const std::string& from, const std::string& to) {
    switch (state) {
      case kLeased:
        if (from != id && to != id) return "LeaseIdMismatchWithLeaseOperation";
        id = to;
        return {};
      case kBreaking:
        if (from == id || to == id) return "LeaseIsBreakingAndCannotBeChanged";
        return "LeaseIdMismatchWithLeaseOperation";
      default:
        return "LeaseNotPresentWithLeaseOperation";
    }
  }
  std::string Renew(const std::string& with, long now) {
    if (state == kAvailable || with != id) return "LeaseIdMismatchWithLeaseOperation";
    if (state == kBreaking || state == kBroken) return "LeaseIsBrokenAndCannotBeRenewed";
    Lease(id, duration, now);
    return {};
  }
  std::string Release(const std::string& with) {
    if (state == kAvailable || with != id) return "LeaseIdMismatchWithLeaseOperation";
    *this = Model();
    return {};
  }
  std::string Use(const std::optional<std::string>& with, bool write) {
    const bool held = state == kLeased || state == kBreaking;
    if (!with) {
      if (held && write) return "LeaseIdMissing";
      if (write && !held) *this = Model();
      return {};
    }
    if (held) return *with == id ? "" : "LeaseIdMismatchWithBlobOperation";
    const bool lost = state != kAvailable && *with == id;
    return lost ? "LeaseLost" : "LeaseNotPresentWithBlobOperation";
  }
};

constexpr LeaseState kStates[] = {LeaseState::kAvailable, LeaseState::kLeased,
                                  LeaseState::kBreaking, LeaseState::kBroken, LeaseState::kExpired};

class Walk {
 public:
  explicit Walk(std::uint32_t seed) : random_(seed) {}

  /// False when they disagree.
  bool Step() {
    now_ += static_cast<long>(random_() % 4 == 0 ? random_() % 70 : random_() % 3);
    model_.PassTo(now_);
    const std::string expected = Model(model_).state == StateNow() ? Act() : "another state";
    return expected == got_ && StateNow() == model_.state && SameId();
  }
  std::string Describe() const {
    return what_ + " at " + std::to_string(now_) + ": got '" + got_ + "', state " +
           std::to_string(static_cast<int>(StateAt(lease_, Now())));
  }

 private:
  Time Now() const { return Time(std::chrono::days(20'000)) + seconds(now_); }
  Model::State StateNow() const {
    const auto at = std::ranges::find(kStates, StateAt(lease_, Now()));
    return static_cast<Model::State>(at - std::begin(kStates));
  }
  bool SameId() const { return model_.state == Model::kAvailable || lease_.id == model_.id; }
  const std::string& Id() { return kIds[random_() % std::size(kIds)]; }

  std::string Act() {
    LeaseRequest request;
    switch (random_() % 8) {
      case 0:
      case 1:
        request = {
            Action::kAcquire, {}, Id(), random_() % 3 == 0 ? -1 : 15 + int(random_() % 46), {}};
        what_ = "acquire";
        return Do(request,
                  [&] { return model_.Acquire(request.proposed_id, *request.duration, now_); });
      case 2:
        request.action = Action::kBreak;
        if (random_() % 3 != 0) request.break_period = static_cast<int>(random_() % 61);
        what_ = "break";
        return Do(request, [&] { return model_.Break(request.break_period, now_); });
      case 3:
        request = {Action::kChange, Id(), Id(), {}, {}};
        what_ = "change";
        return Do(request, [&] { return model_.Change(request.lease_id, request.proposed_id); });
      case 4:
        request = {Action::kRenew, Id(), {}, {}, {}};
        what_ = "renew";
        return Do(request, [&] { return model_.Renew(request.lease_id, now_); });
      case 5:
        request = {Action::kRelease, Id(), {}, {}, {}};
        what_ = "release";
        return Do(request, [&] { return model_.Release(request.lease_id); });
      default:
        return Use();
    }
  }

  template <class ModelAction>
  std::string Do(const LeaseRequest& request, ModelAction model_action) {
    const auto change = Apply(lease_, request, Now());
    got_ = change ? "" : std::string(azure::InfoOf(change.error().code).code);
    if (change) lease_ = change->lease;
    return model_action();
  }

  std::string Use() {
    const bool write = random_() % 2 == 0;
    std::optional<std::string> id;
    if (random_() % 3 != 0) id = Id();
    std::optional<std::string_view> view;
    if (id) view = *id;
    what_ = write ? "write" : "read";
    if (write) {
      const auto lease = CheckWrite(lease_, view, LeaseSubject::kBlob, Now());
      got_ = lease ? "" : std::string(azure::InfoOf(lease.error().code).code);
      if (lease) lease_ = *lease;
    } else {
      const auto read = CheckRead(lease_, view, LeaseSubject::kBlob, Now());
      got_ = read ? "" : std::string(azure::InfoOf(read.error().code).code);
    }
    return model_.Use(id, write);
  }

  std::mt19937 random_;
  long now_ = 0;
  LeaseRecord lease_;
  Model model_;
  std::string got_, what_;
};

TEST(LeaseModel, AMillionRandomSteps) {
  test::WalkAMillionSteps<Walk>();
}

}  // namespace
}  // namespace blobgate::blob
