#include "operations/history/state_name.h"

#include <string_view>

namespace blobgate::operations {

azure::Outcome<StateName> ParseStateName(const http::Query& query) {
  const auto snapshot = query.Find("snapshot");
  const auto version = query.Find("versionid");
  if (snapshot && version) {
    return azure::Fail(azure::InvalidQueryParameter("versionid", *version,
                                                    "snapshot and versionid exclude each other."));
  }
  if (!snapshot && !version) return StateName{};
  const std::string_view name = snapshot ? "snapshot" : "versionid";
  const std::string_view text = snapshot ? *snapshot : *version;
  const auto id = ParseIso8601(text);
  if (!id) return azure::Fail(azure::InvalidQueryParameter(name, text));
  return StateName{snapshot ? StateName::Kind::kSnapshot : StateName::Kind::kVersion, *id};
}

}  // namespace blobgate::operations
