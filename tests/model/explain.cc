#include "model/explain.h"

#include <set>
#include <tuple>
#include <vector>

namespace blobgate::engine::model {
namespace {

class Search {
 public:
  Search(const std::vector<Stage>& stages, ReferenceModel& model)
      : stages_(stages), model_(model) {}

  bool From(std::size_t stage) {
    if (stage == stages_.size()) return true;
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

  bool Advance(std::size_t stage, std::size_t task, Done& done) {
    const Event& event = stages_[stage][task][done[task]];
    const bool changes = event.kind == Event::Kind::kCommit && (!event.error || event.doubtful);
    ++done[task];
    if (model_.Apply(event)) {
      if (changes) commits_.push_back(Number(stage, task, done[task]));
      if (Within(stage, done)) return true;
      if (changes) commits_.pop_back();
      model_.TakeBack();
    }
    if (event.doubtful && Within(stage, done)) return true;
    --done[task];
    return false;
  }

  static std::uint32_t Number(std::size_t stage, std::size_t task, std::size_t event) {
    return static_cast<std::uint32_t>((stage << 20) + (task << 12) + event);
  }

  const std::vector<Stage>& stages_;
  ReferenceModel& model_;
  std::uint64_t steps_ = 0;
  std::vector<std::uint32_t> commits_;  ///< applied, in order
  std::set<Standing> seen_;
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
