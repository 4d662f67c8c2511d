// blobgate: a server of the Azure Blob Storage REST API.
#include <CLI/CLI.hpp>

#include "base/copy_tuning.h"
#include "cli/commands.h"

int main(int argc, char** argv) {
  blobgate::ExecForFastCopies(argv);
  CLI::App app{"blobgate: a server of the Azure Blob Storage REST API"};
  app.set_version_flag("--version", "blobgate " BLOBGATE_VERSION);
  app.require_subcommand(1);
  int exit_code = 0;
  blobgate::cli::AddServe(app, exit_code);
  blobgate::cli::AddCheckConfig(app, exit_code);
  blobgate::cli::AddBench(app, exit_code);
  blobgate::cli::AddFsck(app, exit_code);
  blobgate::cli::AddSnapshot(app, exit_code);
  blobgate::cli::AddStats(app, exit_code);
  blobgate::cli::AddDiag(app, exit_code);
  blobgate::cli::AddAccount(app, exit_code);
  blobgate::cli::AddInitTls(app, exit_code);
  blobgate::cli::AddConsoleToken(app, exit_code);
  blobgate::cli::AddSas(app, exit_code);
  blobgate::cli::AddToken(app, exit_code);
  blobgate::cli::AddDocs(app, exit_code);
  blobgate::cli::AddManual(app, exit_code);
  CLI11_PARSE(app, argc, argv);
  return exit_code;
}
