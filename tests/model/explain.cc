#include "model/explain.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

namespace blobgate::engine::model {
namespace {

class Search {
 public:
  Search(const std::vector<Stage>& stages, ReferenceModel& model)
      : stages_(stages), model_(model) {}

  bool From(std::size_t stage) {
    if (stage == stages_.size()) return true;
    if (stage + 1 == stages_.size() && !late_.empty() && AfterStart(stage)) return true;
    Done done(stages_[stage].size(), 0);
    return Within(stage, done);
  }
  bool gave_up() const { return steps_ > kMostSteps; }

 private:
  using Done = std::vector<std::size_t>;  ///< by task: events behind us

  // Where the search stands: what was done, and in which order the commits were. Reads leave no
  // trace but that they were done.
  using Standing = std::tuple<std::size_t, Done, std::vector<std::uint32_t>>;

  bool Within(std::size_t stage, Done& done) {
    if (++steps_ > kMostSteps) return false;
    bool all = true, parallel = false;
    for (std::size_t task = 0; task < done.size(); ++task) {
      const bool left = done[task] < stages_[stage][task].size();
      parallel = parallel || (left && !all);
      all = all && !left;
    }
    if (all) return From(stage + 1);
    // A way that was tried in vain from here need not be tried again.
    if (parallel && !seen_.insert({stage, done, commits_}).second) return false;
    for (std::size_t task = 0; task < done.size(); ++task) {
      if (done[task] < stages_[stage][task].size() && Advance(stage, task, done)) return true;
    }
    return false;
  }

  // One of those that did not show before happened after all; then others of them may.
  bool AfterStart(std::size_t stage) {
    for (std::size_t i = 0; i < late_.size(); ++i) {
      const Late late = late_[i];
      if (!model_.Apply(*late.event)) continue;
      late_.erase(late_.begin() + static_cast<std::ptrdiff_t>(i));
      commits_.push_back(late.number);
      if (From(stage)) return true;
      commits_.pop_back();
      late_.insert(late_.begin() + static_cast<std::ptrdiff_t>(i), late);
      model_.TakeBack();
    }
    return false;
  }

  bool Advance(std::size_t stage, std::size_t task, Done& done) {
    const Event& event = stages_[stage][task][done[task]];
    const bool changes = event.kind == Event::Kind::kCommit && (!event.error || event.doubtful);
    ++done[task];
    const std::uint32_t number = Number(stage, task, done[task]);
    if (model_.Apply(event)) {
      std::vector<Late> before;
      if (changes) commits_.push_back(number);
      if (changes && !event.doubtful) before = std::exchange(late_, {});
      if (Within(stage, done)) return true;
      if (changes && !event.doubtful) late_ = std::move(before);
      if (changes) commits_.pop_back();
      model_.TakeBack();
    }
    if (event.doubtful && LeaveOut(stage, event, number, done)) return true;
    --done[task];
    return false;
  }

  bool LeaveOut(std::size_t stage, const Event& event, std::uint32_t number, Done& done) {
    if (!IsLookedAt(stage)) return Within(stage, done);
    late_.push_back({&event, number});
    commits_.push_back(number | kLate);
    if (Within(stage, done)) return true;
    commits_.pop_back();
    late_.pop_back();
    return false;
  }

  // Whether anything but doubtful commits lies between the beginning of this stage and the last.
  bool IsLookedAt(std::size_t stage) const {
    for (; stage + 1 < stages_.size(); ++stage) {
      for (const History& history : stages_[stage]) {
        if (!std::ranges::all_of(history, &Event::doubtful)) return true;
      }
    }
    return false;
  }

  static constexpr std::uint32_t kLate = 1u << 31;
  static std::uint32_t Number(std::size_t stage, std::size_t task, std::size_t event) {
    return static_cast<std::uint32_t>((stage << 20) + (task << 12) + event);
  }

  const std::vector<Stage>& stages_;
  ReferenceModel& model_;
  std::uint64_t steps_ = 0;
  std::vector<std::uint32_t> commits_;  ///< applied, in order
  std::set<Standing> seen_;

  // Doubtful commits that nobody has seen. Until a log is written again they may lie in it, and
  // happen when it is replayed.
  struct Late {
    const Event* event;
    std::uint32_t number;
  };
  std::vector<Late> late_;
};

}  // namespace

Verdict Explain(const std::vector<Stage>& stages, ReferenceModel& model) {
  Search search(stages, model);
  const bool found = search.From(0);
  if (found) model.Settle();
  if (found) return Verdict::kExplained;
  return search.gave_up() ? Verdict::kTooMany : Verdict::kImpossible;
}

}  // namespace blobgate::engine::model
