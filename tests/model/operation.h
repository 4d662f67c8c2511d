// A sequence is a list of operations; everything about one follows from its kind, its seed and what
// the sequence did before.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace blobgate::engine::model {

struct Operation {
  enum class Kind : std::uint8_t {
    kAction,       ///< one task, one action
    kConcurrent,   ///< several tasks at the same time
    kLocate,       ///< another partition, or one that is known
    kOpenWriter,   ///< an extent that is written while other things happen
    kDriveWriter,  ///< goes on with one of those
    kHoldGuard,
    kDropGuard,
    kReadUnderGuard,  ///< an extent that may have been deleted since
    kBadCall,         ///< what the contract refuses
    kRewrite,         ///< sparse segments are rewritten, perhaps while tasks run
    kCheckSpace,      ///< nothing but what is referenced takes up space
    kReopen,          ///< the local engine is closed and opened again
    kPowerCut,        ///< between two operations
    kArmPowerCut,     ///< some calls later, wherever the engine is then
    kFault,           ///< one call of the engine to the disk will fail
    kFull,            ///< the disk is full for some operations
  };
  Kind kind = Kind::kAction;
  std::uint64_t seed = 0;
};

using Operations = std::vector<Operation>;

/// A sequence of `count` operations. Kinds that need the local engine only if `local`.
Operations MakeOperations(std::uint64_t seed, std::size_t count, bool local);
std::string_view NameOf(Operation::Kind kind);

}  // namespace blobgate::engine::model
