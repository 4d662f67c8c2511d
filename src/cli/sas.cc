// blobgate sas: an account SAS, made offline from a key (auth.md section 4).
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/encoding.h"
#include "base/time.h"
#include "cli/commands.h"

namespace blobgate::cli {
namespace {

constexpr const char* kVersion = "2022-11-02";

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
  const Time expiry = SystemClock().Now() + std::chrono::hours(options.hours);
  const std::string se = FormatIso8601Seconds(expiry);
  const std::string protocol = options.https_only ? "https" : "https,http";
  const std::string to_sign = options.account + "\n" + options.permissions + "\nb\n" +
                              options.resource_types + "\n\n" + se + "\n\n" + protocol + "\n" +
                              kVersion + "\n\n";
  const Sha256Digest mac = HmacSha256(AsBytes(*key), AsBytes(to_sign));
  std::printf("sv=%s&ss=b&srt=%s&spr=%s&se=%s&sp=%s&sig=%s\n", kVersion,
              options.resource_types.c_str(), PercentEncode(protocol).c_str(),
              PercentEncode(se).c_str(), options.permissions.c_str(),
              PercentEncode(Base64Encode(mac)).c_str());
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
