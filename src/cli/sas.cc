// blobgate sas: an account SAS, made offline from a key (auth.md section 4).
#include <cstdio>
#include <memory>
#include <string>

#include "auth/make_sas.h"
#include "base/encoding.h"
#include "base/time.h"
#include "cli/commands.h"

namespace blobgate::cli {
namespace {

struct Options {
  std::string account;
  std::string key;
  std::string permissions = "rwdlacuptfi";
  std::string resource_types = "sco";
  int hours = 24;
  bool https_only = false;
};

int Run(const Options& options) {
  const auto key = Base64Decode(options.key);
  if (!key) {
    std::fprintf(stderr, "--key: not base64\n");
    return 2;
  }
  const auth::SasGrant grant{.permissions = options.permissions,
                             .expiry = SystemClock().Now() + std::chrono::hours(options.hours),
                             .https_only = options.https_only};
  const std::string sas =
      auth::MakeAccountSas({options.account, {*key}}, grant, options.resource_types);
  std::printf("%s\n", sas.c_str());
  return 0;
}

}  // namespace

void AddSas(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand("sas", "Print an account SAS (the query part of a URL)");
  command->add_option("--account", options->account, "Account name")->required();
  command->add_option("--key", options->key, "Account key, base64")->required();
  command->add_option("--permissions", options->permissions, "Letters")->capture_default_str();
  command->add_option("--resource-types", options->resource_types, "Of s, c, o")
      ->capture_default_str();
  command->add_option("--hours", options->hours, "Valid from now for this long")
      ->check(CLI::Range(1, 24 * 365 * 10))
      ->capture_default_str();
  command->add_flag("--https-only", options->https_only, "Refused over plain HTTP");
  command->callback([options, &exit_code] { exit_code = Run(*options); });
}

}  // namespace blobgate::cli
