#include "gateway/structured_body.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "base/encoding.h"

namespace blobgate::gateway {
namespace {

constexpr http::FieldName kBody = "x-ms-structured-body";
constexpr http::FieldName kLength = "x-ms-structured-content-length";
constexpr std::size_t kPiece = 64 * 1024;

azure::Outcome<bool> HasStructuredBody(const http::RequestHead& head) {
  const std::string_view value = head.headers.Get(kBody.text());
  if (value.empty()) return false;
  if (!azure::IsStructuredBody(value)) {
    return azure::Fail(azure::InvalidHeader(kBody.text(), value));
  }
  return true;
}

azure::Outcome<void> CheckNoOtherChecksum(const http::RequestHead& head) {
  for (const std::string_view name : {"Content-MD5", "x-ms-content-crc64"}) {
    const std::string_view value = head.headers.Get(name);
    if (!value.empty()) return azure::Fail(azure::InvalidHeader(name, value));
  }
  return {};
}

SharedBytes Share(std::string text) {
  auto owner = std::make_shared<const std::string>(std::move(text));
  const Bytes view = AsBytes(*owner);
  return {std::move(owner), view};
}

/// All of a text as a stream.
class TextSource final : public http::BodySource {
 public:
  explicit TextSource(std::string text) : text_(Share(std::move(text))) {}
  Task<Result<SharedBytes>> Next() override { co_return std::exchange(text_, SharedBytes()); }

 private:
  SharedBytes text_;
};

/// The message around the content that another source gives.
class StructuredSource final : public http::BodySource {
 public:
  StructuredSource(std::unique_ptr<http::BodySource> content, std::uint64_t length)
      : content_(std::move(content)), encoder_(length) {}

  void LimitPieces(std::size_t most) override { content_->LimitPieces(most); }

  Task<Result<SharedBytes>> Next() override {
    if (std::string framing = encoder_.Framing(); !framing.empty()) {
      co_return Share(std::move(framing));
    }
    if (encoder_.room() == 0) co_return SharedBytes();
    if (piece_.empty()) {
      BG_CO_TRY(piece_, co_await content_->Next());
      if (piece_.empty()) co_return Fail(Errc::kInternal, "the content is shorter than announced");
    }
    const std::size_t size = std::min<std::uint64_t>(piece_.size(), encoder_.room());
    SharedBytes out = piece_.Sub(0, size);
    piece_ = piece_.Sub(size, piece_.size() - size);
    encoder_.Sent(out.view());
    co_return out;
  }

 private:
  std::unique_ptr<http::BodySource> content_;
  azure::StructuredEncoder encoder_;
  SharedBytes piece_;
};

}  // namespace

StructuredBody::StructuredBody(http::BodyReader& body, std::uint64_t encoded_length,
                               std::uint64_t content_length)
    : body_(body),
      content_length_(content_length),
      decoder_(encoded_length, content_length),
      buffer_(std::min<std::uint64_t>(encoded_length, kPiece)) {}

Task<Result<std::size_t>> StructuredBody::Read(MutableBytes into) {
  if (content_read_ == content_length_) co_return std::size_t{0};
  std::size_t got = 0;
  while (got == 0) {
    BG_CO_TRY(got, co_await Step(into));
  }
  content_read_ += got;
  if (content_read_ == content_length_) BG_CO_CHECK(co_await ReadRest());
  co_return got;
}

Task<Result<void>> StructuredBody::ReadEmpty() {
  co_return co_await ReadRest();
}

Task<Result<void>> StructuredBody::ReadRest() {
  while (!decoder_.complete() || !pending_.empty()) {
    BG_CO_CHECK(co_await Step({}));
  }
  co_return Result<void>();
}

/// Content bytes that came of what is pending, or of the next piece; perhaps none.
Task<Result<std::size_t>> StructuredBody::Step(MutableBytes into) {
  if (pending_.empty()) {
    BG_CO_TRY(const std::size_t got, co_await body_.Read(buffer_.span()));
    if (got == 0) {
      failure_ = azure::Error(azure::ErrorCode::kInvalidInput)
                     .WithDetail("Reason", "structured message: it ends early");
      co_return Fail(Errc::kInvalidArgument, "structured message");
    }
    pending_ = Bytes(buffer_.span()).first(got);
  }
  auto step = decoder_.Decode(pending_, into);
  if (!step) {
    failure_ = std::move(step).error();
    co_return Fail(Errc::kInvalidArgument, "structured message");
  }
  pending_ = pending_.subspan(step->consumed);
  co_return step->produced;
}

azure::Outcome<std::unique_ptr<StructuredBody>> OpenStructuredBody(const http::RequestHead& head,
                                                                   http::BodyReader& body) {
  BG_TRY(const bool structured, HasStructuredBody(head));
  if (!structured) return nullptr;
  if (!head.content_length) return azure::Fail(azure::ErrorCode::kMissingContentLengthHeader);
  BG_CHECK(CheckNoOtherChecksum(head));
  const std::string_view text = head.headers.Get(kLength.text());
  if (text.empty()) return azure::Fail(azure::MissingHeader(kLength.text()));
  const auto length = ParseUnsigned(text);
  if (!length || *length >= *head.content_length) {
    return azure::Fail(azure::InvalidHeader(kLength.text(), text));
  }
  return std::make_unique<StructuredBody>(body, *head.content_length, *length);
}

azure::Outcome<void> CheckStructuredAnswer(const http::RequestHead& head) {
  BG_CHECK(HasStructuredBody(head));
  return {};
}

void MakeStructured(http::Response& response) {
  const std::uint64_t length = response.stream ? response.content_length : response.text.size();
  if (!response.stream) {
    response.stream = std::make_unique<TextSource>(std::move(response.text));
    response.text.clear();
  }
  response.stream = std::make_unique<StructuredSource>(std::move(response.stream), length);
  response.content_length = azure::StructuredEncoder::EncodedLength(length);
  response.Set(kBody, std::string(azure::kStructuredBody));
  response.Set(kLength, std::to_string(length));
}

}  // namespace blobgate::gateway
