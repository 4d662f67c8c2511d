// The hidden command `manual`: blobgate(1) and blobgate.json(5) as troff, and bash completion, from
// the command line itself and the schema of the configuration.
#include <cstdio>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/commands.h"
#include "config/schema.h"

namespace blobgate::cli {
namespace {

/// Text for troff: no control lines, no hyphenated options, `code` in bold.
std::string Troff(std::string_view text) {
  std::string out;
  bool bold = false;
  bool line_start = true;
  for (const char c : text) {
    if (line_start && (c == '.' || c == '\'')) out += "\\&";
    line_start = c == '\n';
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else if (c == '`') {
      bold = !bold;
      out += bold ? "\\fB" : "\\fR";
    } else {
      out += c;
    }
  }
  return out;
}

std::string Bold(std::string_view text) {
  return "\\fB" + Troff(text) + "\\fR";
}

/// The commands that users see.
std::vector<CLI::App*> CommandsOf(CLI::App& app) {
  return app.get_subcommands([](const CLI::App* command) { return !command->get_group().empty(); });
}

/// Without --help, which each has.
std::vector<const CLI::Option*> OptionsOf(const CLI::App& app) {
  return app.get_options([&app](const CLI::Option* option) {
    return !option->get_group().empty() && option != app.get_help_ptr();
  });
}

/// A list as JSON, with places where a line may end.
std::string Spaced(std::string_view list) {
  std::string out;
  for (const char c : list) {
    out += c;
    if (c == ',') out += ' ';
  }
  return out;
}

std::string SpellingOf(const CLI::Option& option) {
  std::string names;
  for (const auto& name : option.get_snames()) names += "-" + name + ", ";
  for (const auto& name : option.get_lnames()) names += "--" + name + ", ";
  if (names.empty()) return option.get_name();
  return names.substr(0, names.size() - 2);
}

bool TakesValue(const CLI::Option& option) {
  return option.get_items_expected_max() > 0;
}

std::string OptionEntry(const CLI::Option& option) {
  std::string out = ".TP\n" + Bold(SpellingOf(option));
  if (!option.get_positional() && TakesValue(option)) out += " \\fIVALUE\\fR";
  out += "\n" + Troff(option.get_description());
  if (option.get_required()) out += " (required)";
  if (!option.get_default_str().empty()) out += " [" + Troff(option.get_default_str()) + "]";
  return out + "\n";
}

std::string OptionEntries(const CLI::App& app) {
  std::string out;
  for (const auto* option : OptionsOf(app)) out += OptionEntry(*option);
  return out;
}

/// A command with its options, then the commands below it.
std::string CommandSection(CLI::App& command, const std::string& path) {
  const std::string name = path + " " + command.get_name();
  std::string out = ".SS \"" + Troff(name) + "\"\n" + Troff(command.get_description()) + ".\n";
  const auto below = CommandsOf(command);
  if (below.empty()) out += OptionEntries(command);
  if (!command.get_footer().empty()) out += ".PP\n" + Troff(command.get_footer()) + "\n";
  for (auto* sub : below) out += CommandSection(*sub, name);
  return out;
}

std::string PageHead(const char* title, const char* section, const char* name) {
  return std::string(".TH ") + title + " " + section +
         " \"\" \"blobgate " BLOBGATE_VERSION "\"\n.nh\n.ad l\n.SH NAME\n" + Troff(name) + "\n";
}

std::string CommandPage(CLI::App& app) {
  std::string out =
      PageHead("BLOBGATE", "1", "blobgate - a server of the Azure Blob Storage REST API");
  out += ".SH SYNOPSIS\n.B blobgate\n.I COMMAND\n.RI [ OPTION ...]\n";
  out +=
      ".SH DESCRIPTION\n"
      "Serves containers and blobs from local disks to the clients of Azure Blob Storage and Data "
      "Lake Storage Gen2.\n"
      "As a service it runs\n.B blobgate serve \\-\\-config /etc/blobgate/blobgate.json\n"
      "as user blobgate; the store is in /var/lib/blobgate.\n";
  out += ".SH OPTIONS\n" + OptionEntries(app) + ".TP\n" + Bold("-h, --help") +
         "\nWhat a command does and takes.\n.SH COMMANDS\n";
  for (auto* command : CommandsOf(app)) out += CommandSection(*command, "blobgate");
  out +=
      ".SH SIGNALS\n"
      ".TP\n.B SIGTERM, SIGINT\nStops accepting, finishes the requests that run, closes the store "
      "and ends.\n"
      ".TP\n.B SIGHUP\nReads the TLS certificate files again.\n"
      ".SH FILES\n"
      ".TP\n.I /etc/blobgate/blobgate.json\nThe configuration.\n"
      ".TP\n.I /var/lib/blobgate\nThe store.\n"
      ".SH ENVIRONMENT\n"
      ".TP\n.B NOTIFY_SOCKET, WATCHDOG_USEC, LISTEN_FDS\nSet by systemd: readiness, keep\\-alive "
      "and passed sockets.\n"
      ".SH SEE ALSO\n.BR blobgate.json (5)\n";
  return out;
}

std::string ConfigPage() {
  std::string out = PageHead("BLOBGATE.JSON", "5", "blobgate.json - configuration of blobgate");
  out +=
      ".SH DESCRIPTION\n"
      "One JSON object; // comments are allowed. Unknown options are errors.\n"
      "Names below are paths of keys; [] is an element of a list.\n"
      ".B blobgate check\\-config\nchecks a file.\n"
      "It holds the keys of the accounts: only root and the daemon's group should read it.\n"
      ".SH OPTIONS\n";
  for (const auto& option : config::Documentation()) {
    out += ".TP\n" + Bold(option.path) + "\n" + Troff(option.type);
    out += option.fallback == "(required)" ? ", required."
                                           : ", [" + Troff(Spaced(option.fallback)) + "].";
    out += "\n" + Troff(option.help) + (option.secret ? " Secret." : "") +
           (option.needs_restart ? "" : " Applied by a reload.") + "\n";
  }
  return out + ".SH SEE ALSO\n.BR blobgate (1)\n";
}

void AddCompletionCases(CLI::App& app, const std::string& path, std::string& out) {
  std::string words = "--help ";
  for (const auto* option : OptionsOf(app)) {
    for (const auto& name : option->get_lnames()) words += "--" + name + " ";
  }
  for (auto* command : CommandsOf(app)) words += command->get_name() + " ";
  out += "    '" + path + "') words='" + words.substr(0, words.size() - 1) + "' ;;\n";
  for (auto* command : CommandsOf(app)) {
    AddCompletionCases(*command, path + " " + command->get_name(), out);
  }
}

/// Words by the path of commands that stand before; file names everywhere else.
std::string BashCompletion(CLI::App& app) {
  std::string cases;
  AddCompletionCases(app, "blobgate", cases);
  std::string names;
  for (auto* command : CommandsOf(app)) {
    names += names.empty() ? command->get_name() : " | " + command->get_name();
    for (auto* below : CommandsOf(*command)) names += " | " + below->get_name();
  }
  return "# bash completion for blobgate\n\n"
         "_blobgate() {\n"
         "  local path=blobgate words='' word\n"
         "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
         "    case $word in\n"
         "    " +
         names +
         ") path+=\" $word\" ;;\n"
         "    esac\n"
         "  done\n"
         "  case $path in\n" +
         cases +
         "  esac\n"
         "  COMPREPLY=($(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n"
         "}\n\n"
         "complete -o default -F _blobgate blobgate\n";
}

}  // namespace

void AddManual(CLI::App& app, int&) {
  auto* manual = app.add_subcommand("manual", "Print manual pages and shell completion");
  manual->group("");
  manual->require_subcommand(1);
  const auto add = [manual](const char* name, std::function<std::string()> page) {
    manual->add_subcommand(name)->callback(
        [page = std::move(page)] { std::fputs(page().c_str(), stdout); });
  };
  add("blobgate.1", [&app] { return CommandPage(app); });
  add("blobgate.json.5", ConfigPage);
  add("bash-completion", [&app] { return BashCompletion(app); });
}

}  // namespace blobgate::cli
