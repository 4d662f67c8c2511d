// Which state of a blob a URL names: the base blob, a snapshot or a version.
#pragma once

#include "azure/errors.h"
#include "base/time.h"
#include "http/request_head.h"

namespace blobgate::operations {

struct StateName {
  enum class Kind : std::uint8_t { kBase, kSnapshot, kVersion };
  Kind kind = Kind::kBase;
  Time id{};

  bool is_base() const { return kind == Kind::kBase; }
};

/// From `snapshot` or `versionid`. 400 InvalidQueryParameterValue when one is no timestamp, or both
/// are there (operations.md 1.16).
azure::Outcome<StateName> ParseStateName(const http::Query& query);

}  // namespace blobgate::operations
