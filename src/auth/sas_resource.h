// What a SAS of blobs covers, and the order in which its versions sign (auth.md sections 5 and 8).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "auth/sas_common.h"
#include "azure/errors.h"
#include "azure/permissions.h"
#include "azure/resource.h"

namespace blobgate::auth {

// The versions at which the string to sign or the kinds of resource changed. An absent sv compares
// below all of them.
namespace sas_version {
inline constexpr std::string_view kResponseHeaders = "2013-08-15";
inline constexpr std::string_view kBlobPrefix = "2015-02-21";
inline constexpr std::string_view kIpAndProtocol = "2015-04-05";
inline constexpr std::string_view kSignedResource = "2018-11-09";  ///< and user delegation
inline constexpr std::string_view kDirectory = "2020-02-10";       ///< and saoid, suoid, scid
inline constexpr std::string_view kEncryptionScope = "2020-12-06";
inline constexpr std::string_view kDelegatedUser = "2025-07-05";
inline constexpr std::string_view kSignedRequest = "2026-04-06";  ///< srh and srq
}  // namespace sas_version

/// `sr` is known, is as old as `sv`, and has the companions it needs (snapshot, versionid, sdd).
bool IsWellFormedResource(const SasFields& fields);

/// sdd; 0 when sr is not `d`. nullopt when it is no number.
std::optional<std::uint32_t> DirectoryDepth(const SasFields& fields);

/// The canonical name of what the token covers, as far as this URL tells it:
/// `[/blob]/account/container[/name]`. nullopt when a token of this kind cannot cover the URL. A
/// directory's token covers a listing whose `list_prefix` lies below the directory.
std::optional<std::string> CoveredResource(const SasFields& fields, std::string_view account,
                                           const azure::Resource& resource, std::uint32_t depth,
                                           std::string_view list_prefix);

/// The line that tells which snapshot or version a `bs` or `bv` is for; empty for other kinds.
std::string_view SnapshotLine(const SasFields& fields);

/// Response headers that the SAS overrides: {"Cache-Control", rscc} and so on; none before they
/// were signed.
std::vector<std::pair<std::string, std::string>> OverridesOf(const SasFields& fields);

/// The letters of `sp` that mean something for this kind of resource: a directory SAS has none for
/// versions, tags and immutability (auth.md section 7).
azure::Permissions LettersFor(std::string_view signed_resource, std::string_view sp);

/// The first `depth` segments of a blob's name; nullopt when it has fewer.
std::optional<std::string_view> DirectoryOf(std::string_view blob, std::uint32_t depth);

}  // namespace blobgate::auth
