// blobgate check-config, and the hidden commands that write the generated documents.
#include <cstdio>
#include <memory>
#include <string>

#include "azure/operation_docs.h"
#include "cli/commands.h"
#include "config/config.h"
#include "config/schema.h"

namespace blobgate::cli {

void AddCheckConfig(CLI::App& app, int& exit_code) {
  auto file = std::make_shared<std::string>();
  auto* command = app.add_subcommand("check-config", "Check a configuration file");
  command->add_option("file", *file, "The file")->required();
  command->callback([file, &exit_code] {
    auto config = config::Load(*file);
    if (config) {
      std::printf("%s: good\n", file->c_str());
      return;
    }
    std::fprintf(stderr, "%s\n", config.error().detail.c_str());
    exit_code = 1;
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
