#include "auth/sas_resource.h"

#include <algorithm>
#include <limits>

#include "base/encoding.h"

namespace blobgate::auth {
namespace {

// `sr` is not signed before 2018-11-09, so the kinds that came with it must not be believed there.
bool IsKnownResource(std::string_view sr, std::string_view sv) {
  if (sr == "b" || sr == "c") return true;
  if (sr == "bs" || sr == "bv") return sv >= sas_version::kSignedResource;
  return sr == "d" && sv >= sas_version::kDirectory;
}

// The same for a listing, which must ask for names below the directory: "d1/", not "d1".
std::optional<std::string_view> ListedDirectory(std::string_view prefix, std::uint32_t depth) {
  const auto directory = DirectoryOf(prefix, depth);
  if (!directory || (depth > 0 && directory->size() == prefix.size())) return std::nullopt;
  return directory;
}

}  // namespace

std::optional<std::string_view> DirectoryOf(std::string_view blob, std::uint32_t depth) {
  if (depth == 0) return std::string_view();
  std::size_t end = 0;
  for (std::uint32_t i = 0; i < depth; ++i) {
    if (end >= blob.size()) return std::nullopt;
    end = std::min(blob.find('/', i == 0 ? 0 : end + 1), blob.size());
  }
  return blob.substr(0, end);
}

bool IsWellFormedResource(const SasFields& fields) {
  if (!IsKnownResource(fields.sr, fields.sv)) return false;
  if (fields.sr == "bs" && (fields.snapshot.empty() || !fields.versionid.empty())) return false;
  if (fields.sr == "bv" && (fields.versionid.empty() || !fields.snapshot.empty())) return false;
  return fields.sr == "d" || fields.sdd.empty();
}

std::optional<std::uint32_t> DirectoryDepth(const SasFields& fields) {
  if (fields.sr != "d") return 0;
  const auto depth = ParseUnsigned(fields.sdd);
  if (!depth || *depth > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
  return static_cast<std::uint32_t>(*depth);
}

std::optional<std::string> CoveredResource(const SasFields& fields, std::string_view account,
                                           const azure::Resource& resource, std::uint32_t depth,
                                           std::string_view list_prefix) {
  if (resource.container.empty()) return std::nullopt;
  std::string_view inside;
  if (fields.sr == "d") {
    const auto directory = resource.blob.empty() ? ListedDirectory(list_prefix, depth)
                                                 : DirectoryOf(resource.blob, depth);
    if (!directory) return std::nullopt;
    inside = *directory;
  } else if (fields.sr != "c") {
    if (resource.blob.empty()) return std::nullopt;
    inside = resource.blob;
  }
  // A line break in a name would shift the fields after it; no blob may have one.
  if (inside.find('\n') != std::string_view::npos) return std::nullopt;
  std::string out;
  out.reserve(account.size() + resource.container.size() + inside.size() + 8);
  if (fields.sv >= sas_version::kBlobPrefix) out += "/blob";
  out.append("/").append(account).append("/").append(resource.container);
  if (fields.sr != "c" && !(fields.sr == "d" && depth == 0)) out.append("/").append(inside);
  return out;
}

std::string_view SnapshotLine(const SasFields& fields) {
  if (fields.sr == "bs") return fields.snapshot;
  return fields.sr == "bv" ? fields.versionid : std::string_view();
}

std::vector<std::pair<std::string, std::string>> OverridesOf(const SasFields& fields) {
  std::vector<std::pair<std::string, std::string>> out;
  if (fields.sv < sas_version::kResponseHeaders) return out;  // not signed then
  const std::pair<const char*, std::string_view> headers[] = {{"Cache-Control", fields.rscc},
                                                              {"Content-Disposition", fields.rscd},
                                                              {"Content-Encoding", fields.rsce},
                                                              {"Content-Language", fields.rscl},
                                                              {"Content-Type", fields.rsct}};
  for (const auto& [name, value] : headers) {
    if (!value.empty()) out.emplace_back(name, value);
  }
  return out;
}

azure::Permissions LettersFor(std::string_view signed_resource, std::string_view sp) {
  if (signed_resource != "d") return azure::Permissions(sp);
  std::string letters;
  for (const char c : sp) {
    if (std::string_view("racwdlmeop").find(c) != std::string_view::npos) letters += c;
  }
  return azure::Permissions(letters);
}

}  // namespace blobgate::auth
