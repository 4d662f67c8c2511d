#include "model/operation.h"

#include <utility>

#include "model/random.h"

namespace blobgate::engine::model {
namespace {

using Kind = Operation::Kind;

struct Weight {
  Kind kind;
  std::uint64_t weight;  ///< of 10,000
  bool local;            ///< only for the local engine
};

// What is left is kAction.
constexpr Weight kWeights[] = {
    {Kind::kConcurrent, 800, false},
    {Kind::kLocate, 100, false},
    {Kind::kOpenWriter, 100, false},
    {Kind::kDriveWriter, 200, false},
    {Kind::kHoldGuard, 150, false},
    {Kind::kDropGuard, 150, false},
    {Kind::kReadUnderGuard, 200, false},
    {Kind::kBadCall, 150, false},
    {Kind::kRewrite, 150, true},
    {Kind::kCheckSpace, 40, false},
    {Kind::kReopen, 15, true},
    {Kind::kPowerCut, 15, true},
    {Kind::kArmPowerCut, 30, true},
    {Kind::kFault, 30, true},
    {Kind::kFull, 10, true},
};

Kind RandomKind(Random& random, bool local) {
  std::uint64_t at = random.Below(10'000);
  for (const Weight& entry : kWeights) {
    if (at < entry.weight) return entry.local && !local ? Kind::kAction : entry.kind;
    at -= entry.weight;
  }
  return Kind::kAction;
}

}  // namespace

Operations MakeOperations(std::uint64_t seed, std::size_t count, bool local) {
  Random random(seed);
  Operations operations(count);
  for (Operation& operation : operations) operation = {RandomKind(random, local), random.Next()};
  return operations;
}

std::string_view NameOf(Operation::Kind kind) {
  switch (kind) {
    case Kind::kAction:
      return "action";
    case Kind::kConcurrent:
      return "concurrent";
    case Kind::kLocate:
      return "locate";
    case Kind::kOpenWriter:
      return "open writer";
    case Kind::kDriveWriter:
      return "drive writer";
    case Kind::kHoldGuard:
      return "hold guard";
    case Kind::kDropGuard:
      return "drop guard";
    case Kind::kReadUnderGuard:
      return "read under guard";
    case Kind::kBadCall:
      return "bad call";
    case Kind::kRewrite:
      return "rewrite";
    case Kind::kCheckSpace:
      return "check space";
    case Kind::kReopen:
      return "reopen";
    case Kind::kPowerCut:
      return "power cut";
    case Kind::kArmPowerCut:
      return "arm power cut";
    case Kind::kFault:
      return "fault";
    case Kind::kFull:
      return "full";
  }
  std::unreachable();
}

}  // namespace blobgate::engine::model
