// The list type that metadata, tags and headers share.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace blobgate::azure {

/// Names with values, in order.
using NameValues = std::vector<std::pair<std::string, std::string>>;

}  // namespace blobgate::azure
