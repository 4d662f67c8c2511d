#include "bench/process_cpu.h"

#include <sys/resource.h>
#include <unistd.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>

namespace blobgate::bench {
namespace {

struct Process {
  int parent = 0;
  double ticks = 0;
};

// Field numbers are those of proc(5); the name, field 2, may hold anything.
bool ReadStat(const std::string& pid, Process& process) {
  std::ifstream file("/proc/" + pid + "/stat");
  std::string line;
  if (!std::getline(file, line)) return false;
  std::istringstream rest(line.substr(line.rfind(')') + 1));
  std::string state;
  rest >> state >> process.parent;
  std::string skipped;
  for (int field = 5; field <= 13; ++field) rest >> skipped;
  for (int field = 14; field <= 17; ++field) {  // utime stime cutime cstime
    double ticks = 0;
    rest >> ticks;
    process.ticks += ticks;
  }
  return true;
}

std::map<int, Process> AllProcesses() {
  std::map<int, Process> all;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", ignored)) {
    const std::string name = entry.path().filename();
    int pid = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (error != std::errc() || end != name.data() + name.size()) continue;
    Process process;
    if (ReadStat(name, process)) all[pid] = process;
  }
  return all;
}

}  // namespace

double CpuSecondsOfTree(int pid) {
  const auto all = AllProcesses();
  std::set<int> tree{pid};
  for (bool grown = true; grown;) {
    grown = false;
    for (const auto& [child, process] : all) {
      if (tree.contains(process.parent)) grown |= tree.insert(child).second;
    }
  }
  double ticks = 0;
  for (const int member : tree) {
    if (const auto found = all.find(member); found != all.end()) ticks += found->second.ticks;
  }
  return ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

double OwnCpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace blobgate::bench
