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

constexpr std::size_t kRecord =
    16 * 1024;  // the most plaintext of a record (RFC 8446, section 5.1)
// A request head is one record of this at most, mostly; bodies soon get more.
constexpr std::size_t kLeastInput = 4 * 1024;
constexpr std::size_t kMostInput = 128 * 1024;
// A buffer that connections lend each other is kept up to this size.
constexpr std::size_t kSpareOutput = 2 * TlsSession::kBurst;

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
    const auto* const bytes = reinterpret_cast<const std::byte*>(data);
    session.output_.insert(session.output_.end(), bytes, bytes + size);
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

bool TlsSession::Put(Bytes plaintext) {
  std::size_t written = 0;  // all: the BIO takes everything
  ERR_clear_error();
  return StepAfter(SSL_write_ex(ssl_.get(), plaintext.data(), plaintext.size(), &written)) ==
         Step::kDone;
}

// Short pieces share a record: a head and the beginning of the body.
TlsSession::Step TlsSession::Encrypt(std::span<const Bytes> pieces, std::size_t most,
                                     std::size_t& taken) {
  thread_local std::array<std::byte, kRecord> joined;
  if (output_.capacity() == 0) output_.swap(SpareOutput());
  std::size_t filled = 0;
  taken = 0;
  for (Bytes piece : pieces) {
    piece = piece.first(std::min(piece.size(), most - taken));
    taken += piece.size();
    while (!piece.empty()) {
      const bool whole = filled == 0 && piece.size() >= kRecord;
      const std::size_t part =
          whole ? piece.size() / kRecord * kRecord : std::min(piece.size(), kRecord - filled);
      if (whole) {
        if (!Put(piece.first(part))) return Step::kFailed;
      } else {
        std::memcpy(joined.data() + filled, piece.data(), part);
        filled += part;
      }
      if (filled == kRecord) {
        if (!Put(joined)) return Step::kFailed;
        filled = 0;
      }
      piece = piece.subspan(part);
    }
  }
  if (filled > 0 && !Put(Bytes(joined).first(filled))) return Step::kFailed;
  return Step::kDone;
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
