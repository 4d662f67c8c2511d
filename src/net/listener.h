// Listening sockets and the loop that accepts from one.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"
#include "base/task.h"

namespace blobgate::net {

/// For a TCP socket whose peer is on this machine, or a listener of such: Reno, which every kernel
/// has and allows, whatever the system's choice. There is no network to be careful with, and to
/// send by a timer, as BBR does, costs more than the sending. Where it cannot be, nothing changes.
void UseLocalCongestionControl(int fd);

/// The port that listeners of `address` are to have: `port`, or for 0 any free one. Errors as of
/// OpenListener, kIoError also when another process of the same user listens there with
/// SO_REUSEPORT: two daemons would each get some of the clients.
Result<std::uint16_t> ClaimPort(boost::asio::any_io_executor executor, const std::string& address,
                                std::uint16_t port);

/// Binds with SO_REUSEPORT, so that every io thread can have its own listener on one address, and
/// listens. `address` is numeric; an IPv6 one takes no IPv4. Port 0: any free port. Errors:
/// kInvalidArgument (no address), kIoError (not ours, or in use).
Result<boost::asio::ip::tcp::acceptor> OpenListener(boost::asio::any_io_executor executor,
                                                    const std::string& address, std::uint16_t port);

/// A duplicate of `fd`, a listening TCP socket that was handed to the process; `fd` stays the
/// caller's. Errors: kInvalidArgument (another kind of descriptor), kIoError.
Result<boost::asio::ip::tcp::acceptor> AdoptListener(boost::asio::any_io_executor executor, int fd);

/// Passes on what is accepted until it is cancelled; then closes the listener. When descriptors or
/// memory run out it pauses, and the clients wait in the queue. `sink` must not throw.
Task<void> AcceptLoop(boost::asio::ip::tcp::acceptor acceptor,
                      std::move_only_function<void(boost::asio::ip::tcp::socket)> sink);

}  // namespace blobgate::net
