// TLS without a socket: records in, records out (RFC 8446, RFC 5246).
#pragma once

#include <openssl/ssl.h>

#include <boost/system/error_code.hpp>
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "base/buffer.h"

namespace blobgate::net {

/// The server's end of one connection. What arrived is put into it with PrepareInput and
/// CommitInput; what is to be sent is taken from output(). One thread. Not movable: OpenSSL's BIO
/// points to it.
class TlsSession {
 public:
  enum class Step {
    kDone,
    kNeedsInput,  ///< receive more, then call again
    kEnded,       ///< the peer said that no more follows
    kFailed,      ///< see failure(); the session is of no more use, but output() may hold an alert
  };

  /// The most plaintext of a record, bytes (RFC 8446, section 5.1).
  static constexpr std::size_t kRecord = 16 * 1024;

  /// Where records go as they are made. Not owned.
  class RecordSink {
   public:
    /// Takes the first bytes of `record`, so many, without a wait. `more`: another one follows.
    virtual std::size_t Send(Bytes record, bool more) = 0;

   protected:
    ~RecordSink() = default;
  };

  /// Of the plaintext of one Encrypt, bytes.
  struct Encrypted {
    std::size_t taken = 0;
    std::size_t held = 0;  ///< the last of those, of a record that waits in output()
  };

  /// Keeps no reference of `context`, which must outlive it.
  explicit TlsSession(SSL_CTX* context);
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  Step Handshake();
  /// False: Read would only say that it needs input.
  bool CanRead() const;
  /// `got`: at least 1 when it is kDone.
  Step Read(MutableBytes into, std::size_t& got);
  /// Takes the first bytes of `pieces`, at most `most`, until `sink` does not take all of a record:
  /// what is left of that one is output(). REQUIRES: output() is empty. kDone or kFailed.
  Step Encrypt(std::span<const Bytes> pieces, std::size_t most, RecordSink& sink, Encrypted& done);
  /// Says that no more follows, if the handshake was completed.
  void Shutdown();

  /// Room for what is received. Ends with the next call to the session.
  MutableBytes PrepareInput();
  void CommitInput(std::size_t count);
  /// Gives back its memory, if nothing is in it.
  void ReleaseInput();

  /// Records to be sent. Ends with the next call to the session.
  Bytes output() const { return Bytes(output_).subspan(sent_); }
  void ConsumeOutput(std::size_t count);
  /// What is left of it waits for long: gives back the memory of what was sent.
  void TrimOutput();

  /// After kFailed.
  boost::system::error_code failure() const { return failure_; }

  struct Bio;  ///< OpenSSL's view of the two buffers and the sink

 private:
  struct Free {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };

  struct Input {
    Input() = default;
    explicit Input(std::size_t count)
        : bytes(std::make_unique_for_overwrite<std::byte[]>(count)), size(count) {}
    std::unique_ptr<std::byte[]> bytes;
    std::size_t size = 0;
  };
  static Input& SpareInput();

  Step StepAfter(int result);
  void Keep(Bytes records);
  bool Put(Bytes plaintext, bool more);

  std::unique_ptr<SSL, Free> ssl_;
  // Received and not yet taken by OpenSSL: input_[begin_, end_).
  Input input_;
  std::size_t capacity_ = 0;  ///< of it, that is used
  std::size_t wanted_;        ///< capacity for the next receive
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  RecordSink* sink_ = nullptr;  ///< while Encrypt runs
  bool more_ = false;           ///< for its Send
  // Records that wait; the first sent_ bytes are sent.
  std::vector<std::byte> output_;
  std::size_t sent_ = 0;
  boost::system::error_code failure_;
};

}  // namespace blobgate::net
