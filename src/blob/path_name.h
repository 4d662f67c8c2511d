// Paths of hierarchical containers (operations.md 1.7).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "azure/errors.h"

namespace blobgate::blob {

/// Directories on the way and the last name together.
inline constexpr std::size_t kMaxPathLevels = 63;
/// UTF-16 units of one name.
inline constexpr std::size_t kMaxPathSegment = 255;

/// The names of a path from the root down, as views into it; empty: the root. Slashes at both ends
/// do not count. 400 InvalidUri for an empty name, `.` or `..`, for too many levels, and for a name
/// that is too long.
azure::Outcome<std::vector<std::string_view>> SplitPath(std::string_view path);

/// In the order of listings: a directory's content right behind it, in byte order.
bool PathComesBefore(std::string_view path, std::string_view other);

/// Without slashes at its ends.
std::string_view TrimSlashes(std::string_view path);

}  // namespace blobgate::blob
