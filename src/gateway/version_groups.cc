#include "gateway/version_groups.h"

#include <algorithm>
#include <array>

#include "azure/service_properties.h"

namespace blobgate::gateway {
namespace {

// "Versioning for Azure Storage" in Azure's REST reference, and what came since.
constexpr auto kNames = std::to_array<std::string_view>({
    "2009-04-14", "2009-07-17", "2009-09-19", "2011-08-18", "2012-02-12", "2013-08-15",
    "2014-02-14", "2015-02-21", "2015-04-05", "2015-07-08", "2015-12-11", "2016-05-31",
    "2017-04-17", "2017-07-29", "2017-11-09", "2018-03-28", "2018-06-17", "2018-11-09",
    "2019-02-02", "2019-07-07", "2019-10-10", "2019-12-12", "2020-02-10", "2020-04-08",
    "2020-06-12", "2020-08-04", "2020-10-02", "2020-12-06", "2021-02-12", "2021-04-10",
    "2021-06-08", "2021-08-06", "2021-10-04", "2021-12-02", "2022-11-02", "2023-01-03",
    "2023-05-03", "2023-08-03", "2023-11-03", "2024-02-04", "2024-05-04", "2024-08-04",
    "2024-11-04", "2025-01-05", "2025-05-05", "2025-07-05", "2025-11-05", "2026-02-06",
    "2026-04-06", "2026-06-06", "2026-10-06", "other",      "malformed",  "absent",
});
constexpr std::size_t kAbsent = kNames.size() - 1;
constexpr std::size_t kMalformed = kNames.size() - 2;
constexpr std::size_t kOther = kNames.size() - 3;
constexpr std::span kDates = std::span(kNames).first(kOther);
static_assert(std::ranges::is_sorted(kDates));

}  // namespace

std::span<const std::string_view> VersionGroupNames() {
  return kNames;
}

std::size_t VersionGroup(std::optional<std::string_view> sent) {
  if (!sent) return kAbsent;
  const auto found = std::ranges::lower_bound(kDates, *sent);
  if (found != kDates.end() && *found == *sent) {
    return static_cast<std::size_t>(found - kDates.begin());
  }
  return azure::IsVersionDate(*sent) ? kOther : kMalformed;
}

}  // namespace blobgate::gateway
