#include "net/tls_session.h"

#include <openssl/bio.h>
#include <openssl/err.h>

#include <algorithm>
#include <array>
#include <boost/asio/ssl/error.hpp>
#include <cstring>
#include <new>
#include <utility>

namespace blobgate::net {
namespace {

// Short pieces are copied into one record until they are so much; longer ones are encrypted from
// where they are.
constexpr std::size_t kJoined = 4 * 1024;
// A request head is one record of this at most, mostly; bodies soon get more.
constexpr std::size_t kLeastInput = 4 * 1024;
constexpr std::size_t kMostInput = 128 * 1024;
// A buffer that connections lend each other is kept up to this size.
constexpr std::size_t kSpareOutput = 2 * TlsSession::kRecord;

/// Of this thread: what an idle connection need not keep.
std::vector<std::byte>& SpareOutput() {
  thread_local std::vector<std::byte> spare;
  return spare;
}

/// An empty buffer, for the next connection that needs one.
void GiveOutput(std::vector<std::byte> buffer) {
  if (buffer.capacity() > kSpareOutput || SpareOutput().capacity() >= buffer.capacity()) return;
  SpareOutput().swap(buffer);
}

boost::system::error_code OpensslError() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return boost::asio::ssl::error::stream_truncated;
  return {static_cast<int>(code), boost::asio::error::get_ssl_category()};
}

/// What `pieces` hold, cut into the plaintexts of records. A piece outlives the record cut from it.
class RecordCutter {
 public:
  RecordCutter(std::span<const Bytes> pieces, std::size_t most) : pieces_(pieces) {
    std::size_t whole = 0;
    for (const Bytes piece : pieces) whole += piece.size();
    left_ = std::min(whole, most);
    if (left_ > 0) piece_ = pieces_.front();
  }

  std::size_t left() const { return left_; }

  /// REQUIRES: something is left. Valid until the next call in this thread.
  Bytes Next() {
    thread_local std::array<std::byte, kJoined> joined;
    const Bytes first = Take(TlsSession::kRecord);
    if (first.size() >= kJoined || left_ == 0) return first;
    std::size_t filled = std::ranges::copy(first, joined.begin()).out - joined.begin();
    while (filled < kJoined && left_ > 0) {
      const Bytes part = Take(kJoined - filled);
      filled = std::ranges::copy(part, joined.begin() + filled).out - joined.begin();
    }
    return Bytes(joined).first(filled);
  }

 private:
  /// Some of the piece that is next, at least one byte.
  Bytes Take(std::size_t most) {
    while (piece_.empty()) {
      pieces_ = pieces_.subspan(1);
      piece_ = pieces_.front();
    }
    const Bytes part = piece_.first(std::min({most, piece_.size(), left_}));
    piece_ = piece_.subspan(part.size());
    left_ -= part.size();
    return part;
  }

  std::span<const Bytes> pieces_;
  Bytes piece_;  // what is left of pieces_.front()
  std::size_t left_ = 0;
};

}  // namespace

/// Of this thread, as SpareOutput: for a connection that receives, from one that waits.
TlsSession::Input& TlsSession::SpareInput() {
  thread_local Input spare;
  return spare;
}

struct TlsSession::Bio {
  static TlsSession& Of(BIO* bio) { return *static_cast<TlsSession*>(BIO_get_data(bio)); }

  static int Write(BIO* bio, const char* data, std::size_t size, std::size_t* written) {
    TlsSession& session = Of(bio);
    const Bytes record(reinterpret_cast<const std::byte*>(data), size);
    const bool at_once = session.sink_ != nullptr && session.output_.empty();
    session.Keep(record.subspan(at_once ? session.sink_->Send(record, session.more_) : 0));
    *written = size;
    return 1;
  }

  static int Read(BIO* bio, char* data, std::size_t size, std::size_t* got) {
    TlsSession& session = Of(bio);
    BIO_clear_retry_flags(bio);
    *got = std::min(size, session.end_ - session.begin_);
    if (*got == 0) {
      BIO_set_retry_read(bio);
      return 0;
    }
    std::memcpy(data, session.input_.bytes.get() + session.begin_, *got);
    session.begin_ += *got;
    return 1;
  }

  static long Control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

  static int Create(BIO* bio) {
    BIO_set_init(bio, 1);
    return 1;
  }

  static const BIO_METHOD* Method() {
    static const BIO_METHOD* const method = [] {
      BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "blobgate");
      BIO_meth_set_write_ex(made, Write);
      BIO_meth_set_read_ex(made, Read);
      BIO_meth_set_ctrl(made, Control);
      BIO_meth_set_create(made, Create);
      return made;
    }();
    return method;
  }
};

TlsSession::TlsSession(SSL_CTX* context) : ssl_(SSL_new(context)), wanted_(kLeastInput) {
  BIO* const bio = ssl_ ? BIO_new(Bio::Method()) : nullptr;
  if (bio == nullptr) throw std::bad_alloc();
  BIO_set_data(bio, this);
  SSL_set_bio(ssl_.get(), bio, bio);
  SSL_set_accept_state(ssl_.get());
}

TlsSession::~TlsSession() = default;

TlsSession::Step TlsSession::StepAfter(int result) {
  if (result > 0) return Step::kDone;
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return Step::kNeedsInput;
    case SSL_ERROR_ZERO_RETURN:
      return Step::kEnded;
    default:
      failure_ = OpensslError();
      return Step::kFailed;
  }
}

TlsSession::Step TlsSession::Handshake() {
  ERR_clear_error();
  return StepAfter(SSL_do_handshake(ssl_.get()));
}

bool TlsSession::CanRead() const {
  return begin_ != end_ || SSL_has_pending(ssl_.get()) != 0;
}

// OpenSSL gives its buffers of 16 KiB back (SSL_MODE_RELEASE_BUFFERS) after records of data only:
// not after the last one, which says that no more follows.
//
// What a request took is free while it is served; who sends much keeps its larger buffer.
TlsSession::Step TlsSession::Read(MutableBytes into, std::size_t& got) {
  ERR_clear_error();
  const Step step = StepAfter(SSL_read_ex(ssl_.get(), into.data(), into.size(), &got));
  if (input_.size == kLeastInput) ReleaseInput();
  if (step == Step::kEnded) SSL_free_buffers(ssl_.get());
  return step;
}

/// For output().
void TlsSession::Keep(Bytes records) {
  if (records.empty()) return;
  if (output_.capacity() == 0) output_.swap(SpareOutput());
  output_.insert(output_.end(), records.begin(), records.end());
}

bool TlsSession::Put(Bytes plaintext, bool more) {
  std::size_t written = 0;  // all: the BIO takes everything
  more_ = more;
  ERR_clear_error();
  return StepAfter(SSL_write_ex(ssl_.get(), plaintext.data(), plaintext.size(), &written)) ==
         Step::kDone;
}

// A record goes from OpenSSL's buffer to the socket: gathered here to be sent together, each byte
// would be copied once more, and that takes longer than the calls.
TlsSession::Step TlsSession::Encrypt(std::span<const Bytes> pieces, std::size_t most,
                                     RecordSink& sink, Encrypted& done) {
  done = {};
  sink_ = &sink;
  bool made = true;
  for (RecordCutter cutter(pieces, most); made && cutter.left() > 0 && output_.empty();) {
    const Bytes plaintext = cutter.Next();
    made = Put(plaintext, cutter.left() > 0);
    done.taken += plaintext.size();
    done.held = output_.empty() ? 0 : plaintext.size();
  }
  sink_ = nullptr;
  return made ? Step::kDone : Step::kFailed;
}

void TlsSession::Shutdown() {
  ERR_clear_error();
  if (SSL_in_init(ssl_.get()) == 0) SSL_shutdown(ssl_.get());
  SSL_free_buffers(ssl_.get());
  ERR_clear_error();
}

MutableBytes TlsSession::PrepareInput() {
  if (begin_ == end_) {
    begin_ = end_ = 0;
    if (input_.size < wanted_) {
      if (SpareInput().size < wanted_) SpareInput() = Input(wanted_);
      input_ = std::exchange(SpareInput(), Input());
    }
    capacity_ = wanted_;
  } else if (end_ == capacity_) {  // OpenSSL wants more than it was given, and left some
    std::memmove(input_.bytes.get(), input_.bytes.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  return {input_.bytes.get() + end_, capacity_ - end_};
}

void TlsSession::ReleaseInput() {
  if (begin_ != end_) return;
  if (SpareInput().size < input_.size) std::swap(SpareInput(), input_);
  input_ = Input();
}

void TlsSession::CommitInput(std::size_t count) {
  if (count == 0) return;
  const std::size_t room = capacity_ - end_;
  end_ += count;
  if (count == room) {
    wanted_ = std::min(capacity_ * 4, kMostInput);
  } else if (count < capacity_ / 4) {
    wanted_ = std::max(capacity_ / 4, kLeastInput);
  }
}

void TlsSession::ConsumeOutput(std::size_t count) {
  sent_ += count;
  if (sent_ < output_.size()) return;
  output_.clear();
  sent_ = 0;
  GiveOutput(std::exchange(output_, std::vector<std::byte>()));
}

void TlsSession::TrimOutput() {
  if (output_.size() - sent_ > output_.capacity() / 2) return;
  std::vector<std::byte> rest(output_.begin() + static_cast<std::ptrdiff_t>(sent_), output_.end());
  output_.clear();
  GiveOutput(std::exchange(output_, std::move(rest)));
  sent_ = 0;
}

}  // namespace blobgate::net
