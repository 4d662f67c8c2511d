// blobgate: a server of the Azure Blob Storage REST API.
#include <CLI/CLI.hpp>

#include "base/copy_tuning.h"
#include "cli/commands.h"

#ifdef BLOBGATE_MIMALLOC
#include <mimalloc.h>
#endif

namespace {

/// Freed memory goes back to the system when it was not used again for a second, and not for 25 ms,
/// which is mimalloc's own: under load it was taken, cleared and given back forty times a second
/// (docs/performance.md). What the environment says of it counts (MIMALLOC_DECOMMIT_DELAY,
/// MIMALLOC_PURGE_DELAY from version 2.1 on).
void KeepFreedMemoryForASecond() {
#ifdef BLOBGATE_MIMALLOC
#if MI_MALLOC_VERSION < 210
  constexpr mi_option_t kDelay = mi_option_decommit_delay;
#else
  constexpr mi_option_t kDelay = mi_option_purge_delay;
#endif
  mi_option_set_default(kDelay, 1000);
#endif
}

}  // namespace

int main(int argc, char** argv) {
  blobgate::ExecForFastCopies(argv);
  KeepFreedMemoryForASecond();
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
