// Memory to a socket without a copy.
#pragma once

#include <cstddef>
#include <span>

#include "base/buffer.h"
#include "net/io_result.h"

namespace blobgate::net {

/// The pages themselves become part of what the socket sends (vmsplice(2), splice(2)): 32 KiB cost
/// a quarter of what copying them does. The kernel refers to them until the peer has taken them,
/// which LendablePages knows how to live with. One of each thread; holds nothing between calls.
class LendingPipe {
 public:
  /// From so many bytes on it is worth the calls.
  static constexpr std::size_t kLeast = 8 * 1024;

  static LendingPipe& OfThread();
  LendingPipe(const LendingPipe&) = delete;
  LendingPipe& operator=(const LendingPipe&) = delete;

  /// Without a wait: so many bytes of `pieces`, from the first on, are sent. 0 when the socket
  /// takes nothing, when the first piece has no lender, and where the system does not let us: to be
  /// copied then. REQUIRES: `socket` is non-blocking; SIGPIPE is
  /// blocked or ignored.
  IoResult Send(int socket, std::span<const SharedBytes> pieces);

 private:
  LendingPipe();
  ~LendingPipe();

  bool Open();
  void Close();
  std::size_t Fill(std::span<const SharedBytes> pieces);
  void Drop(std::size_t bytes);

  int out_ = -1;           ///< of the pipe, what is lent comes out
  int in_ = -1;            ///< of the pipe
  int null_ = -1;          ///< takes what the socket did not
  std::size_t pages_ = 0;  ///< that the pipe holds
  bool refused_ = false;   ///< by the system: not tried again
};

}  // namespace blobgate::net
