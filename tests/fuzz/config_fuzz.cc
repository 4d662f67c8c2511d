// The configuration file, and one variable of the environment: the first line is NAME=VALUE. What
// is accepted is written and read again as the same.
#include <nlohmann/json.hpp>

#include "config/environment.h"
#include "config/schema.h"
#include "fuzz/input.h"

namespace {

using namespace blobgate;
using fuzz::Require;

void CheckAccount(std::string_view text) {
  const auto given = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  config::AccountConfig account;
  if (!config::ReadAccount(given, account)) return;
  const auto written = config::WriteAccount(account, config::Which::kNotDefault);
  config::AccountConfig again;
  Require(config::ReadAccount(written, again).has_value());
  Require(config::WriteAccount(again, config::Which::kAll) ==
          config::WriteAccount(account, config::Which::kAll));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text = fuzz::TextOf(data, size);
  CheckAccount(text);
  std::string_view line = fuzz::TakeLine(text);
  const std::string variable(fuzz::TakeUntil(line, '='));
  const std::string value(line);
  const auto environment = [&](const std::string& name) {
    return name == variable ? value.c_str() : nullptr;
  };
  (void)config::Parse(text, environment);
  const auto parsed = config::Parse(text);
  if (!parsed) return 0;
  Require(config::Check(*parsed).has_value());
  Require(config::Differences(*parsed, *parsed).empty());
  for (const auto& account : parsed->accounts) {
    if (!account.key_files.empty()) return 0;  // its keys are in the file too
  }
  const auto written = config::WriteConfig(*parsed, config::Which::kNotDefault);
  const auto again = config::Parse(written.dump());
  Require(again && config::Differences(*parsed, *again).empty());
  return 0;
}
