// blobgate bench: a load generator for this and other servers of the same API.
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "base/encoding.h"
#include "bench/run.h"
#include "cli/bench_report.h"
#include "cli/commands.h"

namespace blobgate::cli {
namespace {

struct Options {
  bench::Plan plan;
  std::string url;
  std::string connect;
  std::string api = "azure";
  std::string key;
  std::string mix = "get=1";
  std::string size = "1KiB";
  std::string json_file;
};

std::unexpected<Error> Bad(const std::string& option, const std::string& what) {
  return Fail(Errc::kInvalidArgument, option + ": " + what);
}

/// `host[:port]`, an IPv6 address in brackets.
Status SplitAuthority(const std::string& text, std::string& host, std::uint16_t& port) {
  const std::size_t close = text.find(']');
  const std::size_t colon = text.find(':', close == text.npos ? 0 : close);
  host = text.substr(0, colon);
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  if (host.empty()) return Bad(text, "no host");
  if (colon == text.npos) return {};
  const auto number = ParseUnsigned(text.substr(colon + 1));
  if (!number || *number == 0 || *number > 65535) return Bad(text, "not a port");
  port = static_cast<std::uint16_t>(*number);
  return {};
}

Status ReadUrl(const Options& options, bench::Target& target) {
  const std::string& url = options.url;
  target.secure = url.starts_with("https://");
  if (!target.secure && !url.starts_with("http://")) return Bad(url, "http:// or https:// it is");
  const std::size_t begin = url.find("://") + 3;
  const std::size_t slash = std::min(url.find('/', begin), url.size());
  target.authority = url.substr(begin, slash - begin);
  target.path = url.substr(slash);
  while (target.path.ends_with('/')) target.path.pop_back();
  target.port = target.secure ? 443 : 80;
  BG_CHECK(SplitAuthority(target.authority, target.address, target.port));
  target.server_name = target.address;
  if (options.connect.empty()) return {};
  return SplitAuthority(options.connect, target.address, target.port);
}

/// A number of bytes with a unit: KiB, MiB, GiB, or none.
Result<std::uint64_t> ReadBytes(const std::string& text) {
  constexpr std::pair<const char*, int> kUnits[] = {{"KiB", 10}, {"MiB", 20}, {"GiB", 30}, {"", 0}};
  for (const auto& [unit, shift] : kUnits) {
    if (!text.ends_with(unit)) continue;
    const auto number = ParseUnsigned(text.substr(0, text.size() - std::string(unit).size()));
    if (!number || *number > (1ull << 43 >> shift)) break;
    return *number << shift;
  }
  return Bad(text, "not a number of bytes (4096, 32KiB, 64MiB, 1GiB)");
}

/// One size, or MIN-MAX.
Status ReadSize(const std::string& text, bench::SizeRange& size) {
  const std::size_t dash = text.find('-');
  BG_TRY(size.min, ReadBytes(text.substr(0, dash)));
  size.max = size.min;
  if (dash != text.npos) {
    BG_TRY(size.max, ReadBytes(text.substr(dash + 1)));
  }
  return size.max < size.min ? Bad(text, "the larger size first") : Status();
}

Status ReadMix(const std::string& text, bool azure, std::vector<bench::Share>& mix) {
  using bench::Operation;
  for (const std::string& part : CLI::detail::split(text, ',')) {
    const std::size_t equals = part.find('=');
    const auto* name = std::ranges::find(bench::kOperationNames, part.substr(0, equals));
    if (name == bench::kOperationNames.end() || *name == "blocklist") {
      return Bad(part, "not one of get, range, head, put, block, delete, list");
    }
    const auto weight =
        equals == part.npos ? 1 : ParseUnsigned(part.substr(equals + 1)).value_or(0);
    if (weight == 0 || weight > 1'000'000) return Bad(part, "the weight is from 1 to 1,000,000");
    const auto operation = Operation(name - bench::kOperationNames.begin());
    if (!azure && (operation == Operation::kBlock || operation == Operation::kList)) {
      return Bad(part, "only with --api azure");
    }
    mix.push_back({operation, static_cast<unsigned>(weight)});
  }
  return {};
}

Status Complete(Options& options) {
  bench::Plan& plan = options.plan;
  plan.target.azure = options.api == "azure";
  BG_CHECK(ReadUrl(options, plan.target));
  BG_CHECK(ReadSize(options.size, plan.size));
  BG_CHECK(ReadMix(options.mix, plan.target.azure, plan.mix));
  if (const char* key = std::getenv("AZURE_STORAGE_KEY"); key != nullptr && options.key.empty()) {
    options.key = key;
  }
  if (!options.key.empty() && plan.target.sas.empty() && plan.target.azure) {
    const auto key = Base64Decode(options.key);
    if (!key || key->empty()) return Bad("--key", "not base64");
    if (plan.target.account.empty()) return Bad("--account", "needed for the key");
    plan.target.key = *key;
  }
  if (plan.target.sas.starts_with('?')) plan.target.sas.erase(0, 1);
  plan.threads = std::min(plan.threads, plan.connections);
  return {};
}

int Run(Options& options) {
  const auto die = [](const Error& error) {
    std::fprintf(stderr, "blobgate bench: %s\n", error.detail.c_str());
    return error.code == Errc::kInvalidArgument ? 2 : 1;
  };
  if (const auto complete = Complete(options); !complete) return die(complete.error());
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to connections that the server has reset
  const auto report = bench::RunPlan(options.plan);
  if (!report) return die(report.error());
  const std::string json = ReportAsJson(options.plan, *report);
  if (options.json_file == "-") {
    std::fputs(json.c_str(), stdout);
  } else {
    std::fputs(ReportAsText(options.plan, *report).c_str(), stdout);
    if (!options.json_file.empty() && !(std::ofstream(options.json_file) << json).flush()) {
      return die({Errc::kIoError, options.json_file + ": cannot be written"});
    }
  }
  return report->totals.failures.empty() ? 0 : 1;
}

/// Bytes of an option in any unit of ReadBytes.
void AddBytes(CLI::App& command, const std::string& name, std::uint64_t& into,
              const std::string& help) {
  command.add_option_function<std::string>(
      name,
      [&into, name](const std::string& text) {
        const auto bytes = ReadBytes(text);
        if (!bytes || *bytes == 0) throw CLI::ValidationError(name, text + ": not a size");
        into = *bytes;
      },
      help + " [" + std::to_string(into) + "]");
}

void AddTarget(CLI::App& command, Options& options) {
  bench::Target& target = options.plan.target;
  command.add_option("url", options.url, "URL of the container, host or path style")->required();
  command.add_option("--connect", options.connect,
                     "HOST[:PORT] to connect to instead of the URL's");
  command.add_option("--api", options.api, "azure; or plain: GET, HEAD, WebDAV's PUT and DELETE")
      ->check(CLI::IsMember({"azure", "plain"}))
      ->capture_default_str();
  target.api_version = "2021-12-02";
  command.add_option("--api-version", target.api_version, "x-ms-version")->capture_default_str();
  command.add_option("--account", target.account, "For Shared Key");
  command.add_option("--key", options.key, "Account key, base64; or AZURE_STORAGE_KEY");
  command.add_option("--sas", target.sas, "SAS, instead of the key");
  command.add_option("--ca-file", target.ca_file, "PEM file of CAs; otherwise the system's");
  command.add_option("--tls13-suites", target.tls13_suites,
                     "Offered suites, as OpenSSL names them");
}

void AddLoad(CLI::App& command, bench::Plan& plan) {
  command.add_option("--connections,-c", plan.connections, "In all")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  command.add_option("--threads,-t", plan.threads, "That share them")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  command
      .add_option("--rate,-r", plan.rate,
                  "Open loop: requests a second in all, latency from when each was due; 0: closed")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command.add_option("--seconds,-s", plan.seconds, "0: only --prepare")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command.add_option("--warmup", plan.warmup_seconds, "Seconds before counting begins")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command.add_option("--idle-connections", plan.idle_connections, "Further ones, silent");
  command.add_option("--slow-readers", plan.slow_readers, "Further ones that read blobs slowly");
  command.add_option("--slow-heads", plan.slow_heads, "Further ones whose heads never end");
  command.add_option("--slow-bodies", plan.slow_bodies, "Further ones that put blobs slowly");
  AddBytes(command, "--slow-rate", plan.slow_bytes_per_second, "Bytes a second of each");
}

void AddWork(CLI::App& command, Options& options) {
  bench::Plan& plan = options.plan;
  command
      .add_option(
          "--mix,-m", options.mix,
          "Operations and weights (get=9,put=1) of get, range, head, put, block (a Put Block, "
          "or the Put Block List after --blocks of them), delete, list")
      ->capture_default_str();
  command.add_flag("--prepare", plan.prepare, "First make the container and put the blobs");
  command.add_option("--blobs", plan.blobs, "That are read")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{999'999'999}))
      ->capture_default_str();
  command.add_option("--size", options.size, "Of blobs: 1KiB, or 1KiB-1MiB")->capture_default_str();
  command.add_option("--prefix", plan.prefix, "Of the names of blobs")->capture_default_str();
  command.add_flag("--sequential", plan.sequential, "Blobs in order, not at random");
  command.add_flag("--overwrite", plan.overwrite, "Puts replace blobs; otherwise names are new");
  AddBytes(command, "--range", plan.range_bytes, "Bytes of a range");
  AddBytes(command, "--range-alignment", plan.range_alignment, "Ranges begin at multiples of it");
  AddBytes(command, "--block", plan.block_bytes, "Bytes of a block");
  command.add_option("--blocks", plan.blocks, "Of a blob")
      ->check(CLI::Range(1, 50'000))
      ->capture_default_str();
  command.add_option("--list-page", plan.list_page, "Names of a page")
      ->check(CLI::Range(1, 5000))
      ->capture_default_str();
  command.add_option("--list-prefix", plan.list_prefix, "Listed names begin so");
  command.add_option("--list-delimiter", plan.list_delimiter, "Of directories");
  command.add_option("--list-marker", plan.list_marker, "Always this page, not page after page");
  command.add_option("--seed", plan.seed, "Of what is random")->capture_default_str();
}

void AddOutput(CLI::App& command, Options& options) {
  command.add_flag("--verify", options.plan.verify, "Compare the bytes that are read");
  command.add_flag("--discard", options.plan.discard,
                   "Plain HTTP: bodies are dropped by the kernel, not copied to the client");
  command.add_option("--watch-pid", options.plan.watched_pid,
                     "Tell the CPU time of this process and its children");
  command.add_option("--json", options.json_file, "Write the report there; -: to stdout, alone");
}

}  // namespace

void AddBench(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand(
      "bench", "Put load on a server of the API (or plain HTTP) and tell throughput and latency");
  AddTarget(*command, *options);
  AddLoad(*command, options->plan);
  AddWork(*command, *options);
  AddOutput(*command, *options);
  command->callback([options, &exit_code] { exit_code = Run(*options); });
}

}  // namespace blobgate::cli
