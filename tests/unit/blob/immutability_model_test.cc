// A million random steps of the immutability module beside a model of its own (operations.md 1.18):
// policies set, locked, extended, removed, holds put and lifted, and what may be done in between,
// with a clock in whole seconds.
#include <gtest/gtest.h>

#include <optional>
#include <random>
#include <string>

#include "blob/immutability.h"
#include "support/random_steps.h"

namespace blobgate::blob {
namespace {

using std::chrono::seconds;
using Mode = Immutability::Mode;

constexpr const char* kPolicy = "BlobImmutableDueToPolicy";
constexpr const char* kHold = "BlobImmutableDueToLegalHold";

/// The documentation's rules, with the date as a number.
struct Model {
  bool policy = false;
  bool locked = false;
  long until = 0;
  bool hold = false;

  std::string Set(long date, std::optional<bool> lock) {
    if (locked) {
      if (lock == false || date < until) return kPolicy;
    } else {
      locked = lock.value_or(false);
    }
    policy = true;
    until = date;
    return "";
  }
  std::string Remove() {
    if (locked) return "ImmutabilityPolicyDeleteOnLockedPolicy";
    policy = false;
    return "";
  }
  std::string Delete(long now) const {
    if (policy && now < until) return kPolicy;
    return hold ? kHold : "";
  }
  std::string Change() const { return policy ? kPolicy : hold ? kHold : ""; }
};

class Walk {
 public:
  explicit Walk(std::uint32_t seed) : random_(seed) {}

  /// False when they disagree.
  bool Step() {
    now_ += static_cast<long>(random_() % 5);
    expected_ = Act();
    const bool retained = model_.hold || (model_.policy && now_ < model_.until);
    return expected_ == got_ && IsRetained(state_, Now()) == retained && Same();
  }
  std::string Describe() const {
    return what_ + " at " + std::to_string(now_) + ": got '" + got_ + "' instead of '" + expected_ +
           "', mode " + std::string(ImmutabilityModeName(state_.mode));
  }

 private:
  Time At(long second) const { return Time(std::chrono::days(20'000)) + seconds(second); }
  Time Now() const { return At(now_); }

  bool Same() const {
    const Mode mode = !model_.policy  ? Mode::kNone
                      : model_.locked ? Mode::kLocked
                                      : Mode::kUnlocked;
    if (state_.mode != mode || state_.legal_hold != model_.hold) return false;
    return state_.until == (model_.policy ? At(model_.until) : Time{});
  }

  std::string Act() {
    switch (random_() % 12) {
      case 0:
      case 1:
      case 2:
        return Set();
      case 3:
        what_ = "remove";
        Take(DeletePolicy(state_));
        return model_.Remove();
      case 4:
        what_ = "hold";
        model_.hold = random_() % 3 == 0;
        state_.legal_hold = model_.hold;
        got_.clear();
        return "";
      case 5:
      case 6:
        what_ = "delete";
        return Delete();
      case 7:
      case 8:
        what_ = "change";
        got_ = CodeOf(CheckChange(state_));
        return model_.Change();
      default:
        return Overwrite();
    }
  }

  std::string Set() {
    what_ = "set";
    const long date = now_ + 1 + static_cast<long>(random_() % 40);
    std::optional<bool> lock;
    if (random_() % 3 != 0) lock = random_() % 6 == 0;
    ImmutabilityRequest request;
    request.until = At(date);
    if (lock) request.mode = *lock ? Mode::kLocked : Mode::kUnlocked;
    Take(SetPolicy(state_, request));
    return model_.Set(date, lock);
  }

  /// A state that goes makes room for a new one.
  std::string Delete() {
    got_ = CodeOf(CheckDelete(state_, Now()));
    const std::string expected = model_.Delete(now_);
    if (got_.empty() && expected.empty()) Begin();
    return expected;
  }

  std::string Overwrite() {
    what_ = "overwrite";
    const bool keeps = random_() % 2 == 0;
    got_ = CodeOf(CheckOverwrite(state_, keeps));
    const std::string expected = keeps ? "" : model_.Change();
    if (got_.empty() && expected.empty()) Begin();
    return expected;
  }

  /// A new blob, perhaps with protection from the first.
  void Begin() {
    ImmutabilityRequest request;
    model_ = Model();
    if (random_() % 3 == 0) {
      const bool lock = random_() % 4 == 0;
      model_.Set(now_ + 5, lock);
      request.until = At(now_ + 5);
      request.mode = lock ? Mode::kLocked : Mode::kUnlocked;
    }
    if (random_() % 4 == 0) {
      model_.hold = true;
      request.legal_hold = true;
    }
    state_ = NewImmutability(request);
  }

  template <class T>
  static std::string CodeOf(const azure::Outcome<T>& outcome) {
    return outcome ? "" : std::string(azure::InfoOf(outcome.error().code).code);
  }
  void Take(const azure::Outcome<Immutability>& changed) {
    got_ = CodeOf(changed);
    if (changed) state_ = *changed;
  }

  std::mt19937 random_;
  long now_ = 0;
  Immutability state_;
  Model model_;
  std::string expected_, got_, what_;
};

TEST(ImmutabilityModel, AMillionRandomSteps) {
  test::WalkAMillionSteps<Walk>();
}

}  // namespace
}  // namespace blobgate::blob
