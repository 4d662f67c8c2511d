// The schema: every option once, with what is needed to read it, check it and document it.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"

namespace blobgate::config {

/// What JSON an option is.
enum class Form : unsigned char { kText, kFlag, kNumber, kTexts };

/// One documented option, for docs/configuration.md and --help.
struct OptionDoc {
  std::string path;      ///< "limits.head_bytes", "accounts[].name"
  std::string type;      ///< "string", "integer 1..65535", "seconds 1..3600", ...
  std::string fallback;  ///< default as it would be written; "(required)" when there is none
  std::string help;
  bool needs_restart = true;  ///< false: a reload applies it
  bool secret = false;
  Form form = Form::kText;
};

/// An option in which two configurations differ, or an element of a list that only one has.
struct Change {
  enum class Kind : unsigned char { kChanged, kAdded, kRemoved };
  Kind kind = Kind::kChanged;
  std::string path{};    ///< "limits.head_bytes", "accounts[shop].versioning", "oauth.roles[2]"
  std::string before{};  ///< as JSON; empty for secrets, and unless it is kChanged
  std::string after{};
  bool needs_restart = true;
};

/// All options in the order of the example file.
std::vector<OptionDoc> Documentation();
/// docs/configuration.md, generated.
std::string DocumentationMarkdown();

/// In the order of the documentation. Elements with a name are told apart by it, others by their
/// place.
std::vector<Change> Differences(const Config& before, const Config& after);
/// "limits.head_bytes: 65536 -> 8192", "accounts[shop].keys: changed", "accounts[shop]: added".
std::string TextOf(const Change& change);
/// `running` with what a reload applies of `next`.
Config Reloaded(const Config& running, const Config& next);

/// Sets the options of `account` that `given` names, as in `accounts` of the file; others stay.
/// Errors name the option. What Check checks is not.
Status ReadAccount(const nlohmann::json& given, AccountConfig& account);
/// Which options are written: all; those that are not as by default; all but secrets.
enum class Which : unsigned char { kAll, kNotDefault, kPublic };
/// As the file has it.
nlohmann::json WriteConfig(const Config& config, Which which);
/// As in `accounts` of the file.
nlohmann::json WriteAccount(const AccountConfig& account, Which which);

}  // namespace blobgate::config
