// What a run of the load generator does.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace blobgate::bench {

/// kBlockList is not asked for: it follows the blocks of a blob.
enum class Operation { kGet, kRange, kHead, kPut, kBlock, kBlockList, kDelete, kList };

inline constexpr std::array<std::string_view, 8> kOperationNames = {
    "get", "range", "head", "put", "block", "blocklist", "delete", "list"};
inline constexpr std::size_t kOperations = kOperationNames.size();

inline constexpr std::size_t IndexOf(Operation operation) {
  return static_cast<std::size_t>(operation);
}

struct Share {
  Operation operation;
  unsigned weight;
};

/// Of blobs, bytes; the size of one follows from its number.
struct SizeRange {
  std::uint64_t min = 0;
  std::uint64_t max = 0;
};

/// Where, and how requests are made to be let in.
struct Target {
  bool secure = false;
  std::string authority;    ///< the Host header: host, and port unless it is the usual one
  std::string server_name;  ///< of the certificate
  std::string address;      ///< host or address to connect to
  std::uint16_t port = 0;
  std::string path;          ///< of the container, `/` before each part, as sent
  bool azure = true;         ///< false: plain GET, HEAD, PUT and DELETE (WebDAV)
  std::string api_version;   ///< x-ms-version
  std::string account, key;  ///< Shared Key when the key (decoded) is not empty
  std::string sas;           ///< without `?`
  std::string ca_file;       ///< empty: the system's
  std::string tls13_suites;  ///< OpenSSL names; empty: the default
};

/// Fixed while a run goes on.
struct Plan {
  Target target;
  std::vector<Share> mix;
  std::uint64_t blobs = 1000;  ///< that exist, or are put first: numbers 0 and on
  SizeRange size{1024, 1024};
  std::string prefix = "b";  ///< of their names; needs no escaping
  bool prepare = false;      ///< make the container and put the blobs first
  bool sequential = false;   ///< blobs in order instead of at random
  bool overwrite = false;    ///< puts replace those blobs, otherwise every put is a new name

  std::uint64_t range_bytes = 32 * 1024;
  std::uint64_t range_alignment = 1;
  std::uint64_t block_bytes = 8 * 1024 * 1024;
  unsigned blocks = 8;  ///< a blob

  unsigned list_page = 5000;
  std::string list_prefix, list_delimiter;  ///< need no escaping
  std::string list_marker;                  ///< not empty: always this page; else page after page

  unsigned threads = 1;
  unsigned connections = 64;  ///< in all
  double rate = 0;            ///< requests a second in all; 0: closed loop
  double warmup_seconds = 1;
  double seconds = 10;
  bool verify = false;   ///< compare bytes, not only statuses and lengths
  bool discard = false;  ///< let the kernel drop bodies instead of copying them (plain HTTP)
  std::uint64_t seed = 1;

  unsigned idle_connections = 0;  ///< further ones that ask for nothing
  unsigned slow_readers = 0;      ///< further ones that take blobs slowly
  unsigned slow_heads = 0;        ///< further ones whose heads come slowly and do not end
  unsigned slow_bodies = 0;       ///< further ones whose bodies come slowly
  std::uint64_t slow_bytes_per_second = 1024;

  unsigned crowd() const { return idle_connections + slow_readers + slow_heads + slow_bodies; }

  int watched_pid = 0;  ///< the server: its CPU time and that of its children is reported
};

}  // namespace blobgate::bench
