// The body of an error answer (errors.md "Body forms").
#pragma once

#include <string>
#include <string_view>

#include "azure/errors.h"
#include "base/time.h"

namespace blobgate::azure {

/// The blob endpoint's XML form, with a byte order mark in front as Azure sends it. Content-Type is
/// application/xml. The error's cause and headers are not in it.
std::string ErrorXml(const Error& error, std::string_view request_id, Time now);

/// The error as the dfs face has it: its own codes, and leases of a resource.
Error ForDfsFace(Error error);

/// The dfs face's form. Content-Type is kErrorJsonType.
std::string ErrorJson(const Error& error, std::string_view request_id, Time now);
inline constexpr std::string_view kErrorJsonType = "application/json;charset=utf-8";

}  // namespace blobgate::azure
