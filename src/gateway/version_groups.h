// The values of x-ms-version that are told apart in metrics.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace blobgate::gateway {

/// The versions that Azure has published, ascending; then "other" for any other date, "malformed"
/// for what is no date and "absent".
std::span<const std::string_view> VersionGroupNames();

/// An index of VersionGroupNames for the header as it was sent; nullopt: it was not.
std::size_t VersionGroup(std::optional<std::string_view> sent);

}  // namespace blobgate::gateway
