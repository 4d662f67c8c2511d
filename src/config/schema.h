// The schema: every option once, with what is needed to read it, check it and document it.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"

namespace blobgate::config {

/// One documented option, for docs/configuration.md and --help.
struct OptionDoc {
  std::string path;      ///< "limits.head_bytes", "accounts[].name"
  std::string type;      ///< "string", "integer 1..65535", "seconds 1..3600", ...
  std::string fallback;  ///< default as it would be written; "(required)" when there is none
  std::string help;
  bool needs_restart = true;
  bool secret = false;
};

/// All options in the order of the example file.
std::vector<OptionDoc> Documentation();
/// docs/configuration.md, generated.
std::string DocumentationMarkdown();

}  // namespace blobgate::config
