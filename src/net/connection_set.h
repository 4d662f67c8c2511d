// The connections of one io thread, so that all of them can be told to end.
#pragma once

#include <boost/intrusive/list.hpp>

namespace blobgate::net {

/// What a drain needs of a connection. In the set of its io thread from construction to
/// destruction.
class ConnectionSet;
class ManagedConnection : public boost::intrusive::list_base_hook<
                              boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  explicit ManagedConnection(ConnectionSet& set);
  virtual ~ManagedConnection() = default;
  ManagedConnection(const ManagedConnection&) = delete;
  ManagedConnection& operator=(const ManagedConnection&) = delete;

  /// Ends at once when it waits for a further request, and a moment later when none has come yet: a
  /// client that has just connected sends one. Otherwise ends after the response in flight.
  virtual void Drain() = 0;
  /// Closes the socket: every wait on it fails from now on. Nothing is destroyed in the call.
  virtual void Cut() = 0;
};

/// One io thread; outlives its connections.
class ConnectionSet {
 public:
  /// After Drain: a response that begins now says `Connection: close`.
  bool draining() const { return draining_; }
  void Drain() {
    draining_ = true;
    for (ManagedConnection& connection : connections_) connection.Drain();
  }
  void Cut() {
    for (ManagedConnection& connection : connections_) connection.Cut();
  }

 private:
  friend class ManagedConnection;
  boost::intrusive::list<ManagedConnection, boost::intrusive::constant_time_size<false>>
      connections_;
  bool draining_ = false;
};

inline ManagedConnection::ManagedConnection(ConnectionSet& set) {
  set.connections_.push_back(*this);
}

}  // namespace blobgate::net
