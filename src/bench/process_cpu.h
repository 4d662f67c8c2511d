// CPU time of a process and all below it.
#pragma once

namespace blobgate::bench {

/// Seconds, user and system, that `pid` and its living descendants have used so far, and what of
/// their ended children they have waited for (from /proc/PID/stat, in steps of 10 ms). 0 when there
/// is no such process.
double CpuSecondsOfTree(int pid);

/// Of this process, all threads.
double OwnCpuSeconds();

}  // namespace blobgate::bench
