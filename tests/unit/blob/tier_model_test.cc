// A million random steps of the tier module beside a model of its own (operations.md 1.14): a block
// blob that is tiered, archived, rehydrated and copied, and a page blob that only goes up, with a
// clock in whole seconds.
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <random>
#include <string>

#include "blob/tier.h"
#include "support/random_steps.h"

namespace blobgate::blob {
namespace {

using std::chrono::seconds;

constexpr std::string_view kOnline[] = {"Hot", "Cool", "Cold"};
constexpr std::string_view kPages[] = {"P4",  "P6",  "P10", "P15", "P20", "P30",
                                       "P40", "P50", "P60", "P70", "P80"};
const RehydrationTimes kTimes{.standard = seconds(40), .high = seconds(7)};

/// Numbers instead of names: 0..2 online, 3 archived. `to` is where it comes back to, at `ends`.
struct Model {
  int tier = 0;
  bool chosen = false;
  std::optional<int> to;
  bool high = false;
  long ends = 0;
  long changed = 0;
  int page = -1;  ///< none yet

  void PassTo(long now) {
    if (!to || now < ends) return;
    tier = *to;
    to.reset();
    changed = ends;
  }
  bool archived() const { return tier == 3; }

  /// Status and code: "200", "202", or the error's code.
  std::string Set(int wanted, bool urgent, long now) {
    if (to) {
      if (*to != wanted) return "BlobBeingRehydrated";
      if (urgent) {
        high = true;
        ends = std::min(ends, now + 7);
      }
      return "202";
    }
    if (tier == 3) {
      if (wanted == 3) return "200";
      Return(wanted, urgent, now);
      return "202";
    }
    tier = wanted;
    chosen = true;
    changed = now;
    return "200";
  }
  void Return(int wanted, bool urgent, long now) {
    to = wanted;
    high = urgent;
    ends = now + (urgent ? 7 : 40);
  }
  /// Copy Blob over itself, as if to another blob that takes this one's place.
  std::string Copy(int wanted, bool same_account, bool urgent, long now) {
    if (tier != 3) return "no";
    if (wanted < 0 || wanted == 3 || !same_account) return "BlobArchived";
    if (to) return "BlobBeingRehydrated";
    changed = now;
    Return(wanted, urgent, now);
    return "yes";
  }
  std::string SetPage(int wanted) {
    if (wanted < page) return "CannotChangeToLowerTier";
    page = wanted;
    return "200";
  }
};

std::string NameOf(int tier) {
  return tier == 3 ? std::string(kArchiveTier) : std::string(kOnline[tier]);
}

class Walk {
 public:
  explicit Walk(std::uint32_t seed) : random_(seed) { tier_.tier = kDefaultTier; }

  /// False when they disagree.
  bool Step() {
    now_ += static_cast<long>(random_() % 4 == 0 ? random_() % 50 : random_() % 3);
    model_.PassTo(now_);
    if (!Same()) return false;
    expected_ = Act();
    return expected_ == got_ && Same();
  }
  std::string Describe() const {
    return what_ + " at " + std::to_string(now_) + ": got '" + got_ + "' instead of '" + expected_ +
           "', tier " + tier_.tier + " to '" + tier_.rehydrating_to + "'";
  }

 private:
  Time At(long second) const { return Time(std::chrono::days(20'000)) + seconds(second); }
  Time Now() const { return At(now_); }

  bool Same() const {
    const TierState at = TierAt(tier_, Now());
    if (at.tier != NameOf(model_.tier) || at.inferred == model_.chosen) return false;
    if (IsArchived(tier_, Now()) != model_.archived()) return false;
    if (at.rehydrating_to != (model_.to ? NameOf(*model_.to) : "")) return false;
    if (model_.to && at.rehydrate_priority != (model_.high ? "High" : "Standard")) return false;
    if (!model_.to && !at.rehydrate_priority.empty()) return false;
    if (model_.chosen && at.changed != At(model_.changed)) return false;
    return page_.tier == (model_.page < 0 ? "" : kPages[model_.page]);
  }

  std::string Act() {
    const bool urgent = random_() % 3 == 0;
    const RehydratePriority priority =
        urgent ? RehydratePriority::kHigh : RehydratePriority::kStandard;
    switch (random_() % 8) {
      case 0:
        return Page(static_cast<int>(random_() % std::size(kPages)));
      case 1:
      case 2:
        return Copy(static_cast<int>(random_() % 5) - 1, random_() % 8 != 0, urgent, priority);
      default:
        return Set(static_cast<int>(random_() % 4), urgent, priority);
    }
  }

  std::string Set(int wanted, bool urgent, RehydratePriority priority) {
    what_ = "set " + NameOf(wanted);
    Take(SetTier(tier_, BlobType::kBlock, {NameOf(wanted), priority}, kTimes, Now()), tier_);
    return model_.Set(wanted, urgent, now_);
  }

  std::string Page(int wanted) {
    what_ = "set a page tier";
    Take(SetTier(page_, BlobType::kPage, {std::string(kPages[wanted]), {}}, kTimes, Now()), page_);
    // Never moved within these sizes: the first tier may be any.
    return model_.SetPage(wanted);
  }

  std::string Copy(int wanted, bool same_account, bool urgent, RehydratePriority priority) {
    what_ = "copy";
    const std::string name = wanted < 0 ? std::string() : NameOf(wanted);
    const auto rehydrates = CheckArchivedSource(tier_, name, same_account, Now());
    got_ = !rehydrates   ? std::string(azure::InfoOf(rehydrates.error().code).code)
           : *rehydrates ? "yes"
                         : "no";
    if (rehydrates && *rehydrates) tier_ = RehydratingCopy({name, priority}, kTimes, Now());
    return model_.Copy(wanted, same_account, urgent, now_);
  }

  void Take(azure::Outcome<TierChange> change, TierState& into) {
    if (!change) {
      got_ = azure::InfoOf(change.error().code).code;
      return;
    }
    got_ = change->rehydrates ? "202" : "200";
    into = std::move(change->tier);
  }

  std::mt19937 random_;
  long now_ = 0;
  TierState tier_;
  TierState page_;
  Model model_;
  std::string expected_, got_, what_;
};

TEST(TierModel, AMillionRandomSteps) {
  test::WalkAMillionSteps<Walk>();
}

}  // namespace
}  // namespace blobgate::blob
