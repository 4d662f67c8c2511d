#include "model/shrink.h"

#include <algorithm>
#include <exception>
#include <utility>

namespace blobgate::engine::model {
namespace {

constexpr int kTries = 4;

bool Fails(const Sequence& sequence) {
  for (int i = 0; i < kTries; ++i) {
    if (RunSequence(sequence, false).failure) return true;
  }
  return false;
}

Sequence Without(const Sequence& sequence, std::size_t first, std::size_t count) {
  Sequence shorter = sequence;
  const auto begin = shorter.operations.begin() + static_cast<std::ptrdiff_t>(first);
  shorter.operations.erase(begin, begin + static_cast<std::ptrdiff_t>(count));
  return shorter;
}

}  // namespace

Outcome RunSequence(const Sequence& sequence, bool trace) {
  Outcome outcome;
  std::function<void(std::string)> keep;
  if (trace) keep = [&](std::string line) { outcome.trace.push_back(std::move(line)); };
  try {
    Session session(sequence.kind, sequence.directory, sequence.seed, sequence.lying,
                    std::move(keep));
    try {
      for (const Operation& operation : sequence.operations) session.Run(operation);
      session.Finish();
    } catch (const std::exception& failure) {
      outcome.failure = failure.what();
    }
    outcome.tally = session.tally();
  } catch (const std::exception& failure) {
    outcome.failure = failure.what();
  }
  return outcome;
}

Sequence Shrink(Sequence sequence, std::chrono::seconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  std::size_t chunk = std::max<std::size_t>(1, sequence.operations.size() / 2);
  for (;;) {
    bool shorter = false;
    for (std::size_t at = 0; at < sequence.operations.size();) {
      if (std::chrono::steady_clock::now() >= end) return sequence;
      const std::size_t count = std::min(chunk, sequence.operations.size() - at);
      Sequence candidate = Without(sequence, at, count);
      if (Fails(candidate)) {
        sequence = std::move(candidate);
        shorter = true;
      } else {
        at += count;
      }
    }
    if (chunk == 1 && !shorter) return sequence;
    chunk = std::max<std::size_t>(1, chunk / 2);
  }
}

}  // namespace blobgate::engine::model
