// blobgate token: the local issuer of bearer tokens, for tests and for sites without a cloud.
#include <chrono>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "auth/signing_key.h"
#include "base/time.h"
#include "base/uuid.h"
#include "cli/commands.h"
#include "config/config.h"

namespace blobgate::cli {
namespace {

using nlohmann::json;

int Die(const Error& error) {
  std::fprintf(stderr, "blobgate token: %s\n", error.detail.c_str());
  return 1;
}

struct NewKeyOptions {
  std::string file;
  std::string type = "rsa";
};

int NewKey(const NewKeyOptions& options) {
  using Kind = auth::SigningKey::Kind;
  const auto key = auth::SigningKey::Generate(options.type == "ec" ? Kind::kEc : Kind::kRsa);
  if (!key) return Die(key.error());
  if (const auto saved = key->Save(options.file); !saved) return Die(saved.error());
  std::printf("%s\n", key->kid().c_str());
  return 0;
}

/// Who the issuer is: from the daemon's configuration, or told on the command line.
struct IssuerOptions {
  std::string config_file;
  config::LocalIssuerConfig issuer;
};

Result<config::LocalIssuerConfig> IssuerOf(const IssuerOptions& options) {
  if (options.config_file.empty()) return options.issuer;
  BG_TRY(const config::Config config, config::Load(options.config_file));
  if (config.oauth.local_issuer.key_file.empty()) {
    return Fail(Errc::kInvalidArgument, options.config_file + ": oauth.local_issuer is not set");
  }
  return config.oauth.local_issuer;
}

struct IssueOptions {
  IssuerOptions issuer;
  std::string oid;
  std::string sub;
  std::string appid;
  std::string audience = "https://storage.azure.com";
  std::vector<std::string> groups;
  std::vector<std::string> roles;
  int minutes = 60;
  std::string format = "token";
};

std::int64_t UnixSeconds(Time time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

std::string ClaimsOf(const IssueOptions& options, const config::LocalIssuerConfig& issuer, Time now,
                     Time expiry) {
  json claims{{"aud", options.audience},
              {"iss", issuer.issuer},
              {"iat", UnixSeconds(now)},
              {"nbf", UnixSeconds(now)},
              {"exp", UnixSeconds(expiry)},
              {"oid", options.oid},
              {"tid", issuer.tenant},
              {"sub", options.sub.empty() ? options.oid : options.sub},
              {"ver", "1.0"},
              {"uti", NewUuid()}};
  if (!options.appid.empty()) claims["appid"] = options.appid;
  if (!options.groups.empty()) claims["groups"] = options.groups;
  if (!options.roles.empty()) claims["roles"] = options.roles;
  return claims.dump();
}

/// What `az account get-access-token` prints: its expiresOn is local time, expires_on is not.
std::string AsAzureCli(const std::string& token, const std::string& tenant, Time expiry) {
  const std::time_t seconds = UnixSeconds(expiry);
  std::tm local{};
  localtime_r(&seconds, &local);
  char text[32];
  std::strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S.000000", &local);
  return json{{"accessToken", token},  {"expiresOn", text},
              {"expires_on", seconds}, {"subscription", "00000000-0000-0000-0000-000000000000"},
              {"tenant", tenant},      {"tokenType", "Bearer"}}
      .dump(2);
}

int Issue(const IssueOptions& options) {
  const auto issuer = IssuerOf(options.issuer);
  if (!issuer) return Die(issuer.error());
  if (issuer->key_file.empty() || issuer->issuer.empty() || issuer->tenant.empty()) {
    return Die({Errc::kInvalidArgument, "--config, or --key, --issuer and --tenant, are needed"});
  }
  const auto key = auth::SigningKey::Load(issuer->key_file);
  if (!key) return Die(key.error());
  const Time now = SystemClock().Now();
  const Time expiry = now + std::chrono::minutes(options.minutes);
  const auto token = key->Sign(ClaimsOf(options, *issuer, now, expiry));
  if (!token) return Die(token.error());
  const std::string out =
      options.format == "az" ? AsAzureCli(*token, issuer->tenant, expiry) : *token;
  std::printf("%s\n", out.c_str());
  return 0;
}

int PrintKeys(const IssuerOptions& options) {
  const auto issuer = IssuerOf(options);
  if (!issuer) return Die(issuer.error());
  const auto key = auth::SigningKey::Load(issuer->key_file);
  if (!key) return Die(key.error());
  std::printf("%s\n", key->PublicKeys().c_str());
  return 0;
}

void AddIssuerOptions(CLI::App& command, IssuerOptions& options) {
  auto* config = command.add_option("--config", options.config_file,
                                    "The daemon's configuration, for its oauth.local_issuer");
  command.add_option("--key", options.issuer.key_file, "The issuer's key file")->excludes(config);
  command.add_option("--issuer", options.issuer.issuer, "The token's iss")->excludes(config);
  command.add_option("--tenant", options.issuer.tenant, "The token's tid")->excludes(config);
}

void AddNewKey(CLI::App& token, int& exit_code) {
  auto options = std::make_shared<NewKeyOptions>();
  auto* command = token.add_subcommand("new-key", "Make a key file (mode 0600); prints its kid");
  command->add_option("file", options->file, "The file; must not exist")->required();
  command->add_option("--type", options->type, "rsa (3072 bits) or ec (P-256)")
      ->check(CLI::IsMember({"rsa", "ec"}))
      ->capture_default_str();
  command->callback([options, &exit_code] { exit_code = NewKey(*options); });
}

void AddIssue(CLI::App& token, int& exit_code) {
  auto options = std::make_shared<IssueOptions>();
  auto* command = token.add_subcommand("issue", "Print a token");
  AddIssuerOptions(*command, options->issuer);
  command->add_option("--oid", options->oid, "Object id of the bearer, a GUID")
      ->required()
      ->check([](const std::string& text) { return IsUuid(text) ? "" : "must be a GUID"; });
  command->add_option("--sub", options->sub, "Subject; as the object id by default");
  command->add_option("--appid", options->appid, "Application id");
  command->add_option("--audience", options->audience, "What the token is for")
      ->capture_default_str();
  command->add_option("--group", options->groups, "A group of the bearer; may be repeated");
  command->add_option("--role", options->roles, "An app role of the bearer; may be repeated");
  command->add_option("--minutes", options->minutes, "Valid from now for this long")
      ->check(CLI::Range(1, 24 * 60))
      ->capture_default_str();
  command->add_option("--format", options->format, "token, or az: as the Azure CLI prints it")
      ->check(CLI::IsMember({"token", "az"}))
      ->capture_default_str();
  command->callback([options, &exit_code] { exit_code = Issue(*options); });
}

void AddKeys(CLI::App& token, int& exit_code) {
  auto options = std::make_shared<IssuerOptions>();
  auto* command = token.add_subcommand("jwks", "Print the public key as a JSON Web Key Set");
  AddIssuerOptions(*command, *options);
  command->callback([options, &exit_code] { exit_code = PrintKeys(*options); });
}

}  // namespace

void AddToken(CLI::App& app, int& exit_code) {
  auto* token = app.add_subcommand("token", "Issue bearer tokens from a key of your own");
  token->require_subcommand(1);
  AddNewKey(*token, exit_code);
  AddIssue(*token, exit_code);
  AddKeys(*token, exit_code);
}

}  // namespace blobgate::cli
