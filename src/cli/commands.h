// The subcommands of `blobgate`. Each adds itself to the command line and, when chosen, sets what
// main returns.
#pragma once

#include <CLI/CLI.hpp>

namespace blobgate::cli {

void AddServe(CLI::App& app, int& exit_code);
void AddCheckConfig(CLI::App& app, int& exit_code);
void AddDocs(CLI::App& app, int& exit_code);
void AddBench(CLI::App& app, int& exit_code);
void AddFsck(CLI::App& app, int& exit_code);
void AddSnapshot(CLI::App& app, int& exit_code);
void AddStats(CLI::App& app, int& exit_code);
void AddDiag(CLI::App& app, int& exit_code);
void AddConsoleToken(CLI::App& app, int& exit_code);
void AddSas(CLI::App& app, int& exit_code);
void AddToken(CLI::App& app, int& exit_code);
void AddAccount(CLI::App& app, int& exit_code);
void AddInitTls(CLI::App& app, int& exit_code);
/// The hidden command that writes manual pages and shell completion: last, as it shows the others.
void AddManual(CLI::App& app, int& exit_code);

}  // namespace blobgate::cli
