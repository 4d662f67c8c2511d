#include "model/explain.h"

#include <algorithm>

namespace blobgate::engine::model {
namespace {

class Search {
 public:
  Search(const std::vector<Stage>& stages, ReferenceModel& model)
      : stages_(stages), model_(model) {}

  bool From(std::size_t stage) {
    if (stage == stages_.size()) return true;
    std::vector<std::size_t> done(stages_[stage].size(), 0);
    return Within(stage, done);
  }
  bool gave_up() const { return steps_ > kMostSteps; }

 private:
  bool Within(std::size_t stage, std::vector<std::size_t>& done) {
    if (++steps_ > kMostSteps) return false;
    bool all = true;
    for (std::size_t task = 0; task < done.size(); ++task) {
      const History& history = stages_[stage][task];
      if (done[task] == history.size()) continue;
      all = false;
      const Event& event = history[done[task]];
      ++done[task];
      if (Try(event, stage, done)) return true;
      --done[task];
    }
    return all && From(stage + 1);
  }

  bool Try(const Event& event, std::size_t stage, std::vector<std::size_t>& done) {
    if (model_.Apply(event)) {
      if (Within(stage, done)) return true;
      model_.TakeBack();
    }
    return event.doubtful && Within(stage, done);
  }

  const std::vector<Stage>& stages_;
  ReferenceModel& model_;
  std::uint64_t steps_ = 0;
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
