// blobgate check-config, and the hidden commands that write the generated documents.
#include <cstdio>
#include <memory>
#include <string>

#include "azure/operation_docs.h"
#include "cli/commands.h"
#include "config/config.h"
#include "config/schema.h"
#include "server/lifecycle_policies.h"
#include "server/master_key.h"
#include "server/oauth_service.h"

namespace blobgate::cli {
namespace {

Status CheckFile(const std::string& file) {
  BG_TRY(const config::Config config, config::Load(file));
  if (auto rules = server::OAuthRulesOf(config); !rules) {
    return Fail(rules.error().code, file + ": " + rules.error().detail);
  }
  if (auto policies = server::LoadLifecyclePolicies(config); !policies) {
    return Fail(policies.error().code, file + ": " + policies.error().detail);
  }
  if (auto keys = server::MasterKeysOf(config); !keys) {
    return Fail(keys.error().code, file + ": " + keys.error().detail);
  }
  for (const std::string& warning : config::Warnings(config)) {
    std::fprintf(stderr, "%s: %s, unless it is made by command\n", file.c_str(), warning.c_str());
  }
  return {};
}

}  // namespace

void AddCheckConfig(CLI::App& app, int& exit_code) {
  auto file = std::make_shared<std::string>();
  auto* command = app.add_subcommand("check-config", "Check a configuration file");
  command->add_option("file", *file, "The file")->required();
  command->callback([file, &exit_code] {
    if (auto good = CheckFile(*file); !good) {
      std::fprintf(stderr, "%s\n", good.error().detail.c_str());
      exit_code = 1;
      return;
    }
    std::printf("%s: good\n", file->c_str());
  });
}

void AddDocs(CLI::App& app, int&) {
  auto* config = app.add_subcommand("config-docs", "Print docs/configuration.md");
  config->group("");
  config->callback([] { std::fputs(config::DocumentationMarkdown().c_str(), stdout); });
  auto* operations = app.add_subcommand("operation-docs", "Print docs/operations.md");
  operations->group("");
  operations->callback([] { std::fputs(azure::OperationTableMarkdown().c_str(), stdout); });
}

}  // namespace blobgate::cli
