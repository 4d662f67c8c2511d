// What the dfs face reads of a request: ACLs, modes, x-ms-properties, paths; and the rows and keys
// of hierarchical containers. An ACL that is accepted must read as itself again.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "blob/acl.h"
#include "blob/append_overlay.h"
#include "blob/path_keys.h"
#include "blob/path_name.h"
#include "blob/path_record.h"
#include "operations/path/path_headers.h"

namespace {

using namespace blobgate;

void FuzzAcl(std::string_view text) {
  for (const bool directory : {false, true}) {
    auto acl = blob::Acl::Parse(text, directory);
    if (!acl) continue;
    const std::string canonical = acl->Text();
    const auto again = blob::Acl::Parse(canonical, directory);
    if (!again || again->Text() != canonical) __builtin_trap();
    if (blob::ParseMode(acl->Symbolic(true)) == std::nullopt) __builtin_trap();
    (void)acl->ForChild(directory, {}, {}).Text();
    if (const auto entries = blob::ParseAclEntries(text, true)) {
      if (!acl->Modify(*entries, directory)) __builtin_trap();
      (void)acl->Remove(*entries);
    }
  }
  (void)blob::ParseAclEntries(text, false);
}

void FuzzProperties(std::string_view text) {
  http::HeaderView headers;
  headers.Add("x-ms-properties", text);
  const auto metadata = operations::ParsePathProperties(headers);
  if (!metadata) return;
  const std::string written = operations::PathPropertiesText(*metadata);
  http::HeaderView again;
  again.Add("x-ms-properties", written);
  const auto same = operations::ParsePathProperties(again);
  if (!same || *same != *metadata) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  FuzzAcl(text);
  FuzzProperties(text);
  (void)blob::ParseMode(text);
  (void)blob::ParseUmask(text);
  (void)blob::SplitPath(text);
  (void)blob::PartsOfEntryName(text);
  (void)blob::PartsOfDeletedKey(text);
  (void)blob::DirectoryOfKey(text);
  if (const auto piece = blob::ParseAppendPieceId(text)) {
    if (blob::AppendPieceId(piece->position, piece->arrival) != text) __builtin_trap();
  }
  if (const auto state = blob::PathState::Decode(text)) {
    if (!blob::PathState::Decode(state->Encode())) __builtin_trap();
  }
  if (const auto inode = blob::Inode::Decode(text)) {
    if (!blob::Inode::Decode(inode->Encode())) __builtin_trap();
  }
  return 0;
}
