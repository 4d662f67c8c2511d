#include "bench/response_reader.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/encoding.h"

namespace blobgate::bench {
namespace {

constexpr std::size_t kMaxHead = 256 * 1024;

bool StartsWithIgnoreCase(std::string_view text, std::string_view start) {
  return text.size() >= start.size() && EqualsIgnoreCase(text.substr(0, start.size()), start);
}

}  // namespace

void ResponseReader::Begin(bool to_head) {
  state_ = State::kHead;
  to_head_ = to_head;
  began_ = chunked_ = has_length_ = in_chunk_ = in_trailer_ = false;
  keep_alive_ = true;
  status_ = 0;
  length_ = left_ = 0;
  kept_.clear();
}

// False when more is needed, or when there is no body (state_ says which). `data` is then what
// follows the head.
bool ResponseReader::TakeHead(Bytes& data) {
  began_ = began_ || !data.empty();
  std::string_view text = AsChars(data);
  const std::size_t kept = kept_.size();
  if (kept > 0) text = kept_.append(text);
  const std::size_t end = text.find("\r\n\r\n");
  if (end == text.npos) {
    if (kept == 0) kept_ = text;
    if (kept_.size() > kMaxHead) state_ = State::kBad;
    return false;
  }
  data = data.subspan(end + 4 - kept);
  if (!ParseHead(text.substr(0, end + 2))) {
    state_ = State::kBad;
    return false;
  }
  kept_.clear();
  const bool bodiless = to_head_ || status_ == 204 || status_ == 304;
  left_ = length_;
  state_ = bodiless || (!chunked_ && left_ == 0) ? State::kDone : State::kBody;
  if (!bodiless && !chunked_ && !has_length_) state_ = State::kBad;
  return true;
}

// `head` is the status line and the fields, each with its line end.
bool ResponseReader::ParseHead(std::string_view head) {
  if (!head.starts_with("HTTP/1.") || head.size() < 14) return false;
  const auto [_, error] = std::from_chars(head.data() + 9, head.data() + 12, status_);
  if (error != std::errc() || status_ < 200 || status_ > 599) return false;
  keep_alive_ = head[7] == '1';
  std::size_t at = head.find("\r\n") + 2;
  while (at < head.size()) {
    const std::size_t end = head.find("\r\n", at);
    ParseField(head.substr(at, end - at));
    at = end + 2;
  }
  return true;
}

// Only three fields matter; their first letter rules most others out.
void ResponseReader::ParseField(std::string_view line) {
  if (line.empty()) return;
  const char first = line[0];
  if (first == 'C' || first == 'c') {
    constexpr std::string_view kLength = "content-length:";
    constexpr std::string_view kConnection = "connection:";
    if (StartsWithIgnoreCase(line, kLength)) {
      if (const auto value = ParseUnsigned(Trim(line.substr(kLength.size())))) {
        length_ = *value;
        has_length_ = true;
      }
    } else if (StartsWithIgnoreCase(line, kConnection)) {
      keep_alive_ = EqualsIgnoreCase(Trim(line.substr(kConnection.size())), "keep-alive");
    }
  } else if (first == 'T' || first == 't') {
    constexpr std::string_view kEncoding = "transfer-encoding:";
    if (StartsWithIgnoreCase(line, kEncoding)) {
      chunked_ = EqualsIgnoreCase(Trim(line.substr(kEncoding.size())), "chunked");
    }
  }
}

Bytes ResponseReader::Next(Bytes& data) {
  const Bytes piece = data.first(std::min<std::uint64_t>(left_, data.size()));
  data = data.subspan(piece.size());
  left_ -= piece.size();
  if (left_ == 0) state_ = State::kDone;
  return piece;
}

ResponseReader::State ResponseReader::Drop(std::uint64_t bytes) {
  left_ -= std::min(left_, bytes);
  if (left_ == 0) state_ = State::kDone;
  return state_;
}

// A piece of a chunk's data, or nothing after a part of a line was taken.
Bytes ResponseReader::NextOfChunks(Bytes& data) {
  if (in_chunk_) {
    const Bytes piece = data.first(std::min<std::uint64_t>(left_, data.size()));
    data = data.subspan(piece.size());
    left_ -= piece.size();
    in_chunk_ = left_ > 0;
    return piece;
  }
  const std::string_view text = AsChars(data);
  const std::size_t end = text.find('\n');
  const std::size_t taken = end == text.npos ? text.size() : end + 1;
  kept_ += text.substr(0, taken);
  data = data.subspan(taken);
  if (kept_.size() > kMaxHead) state_ = State::kBad;
  if (end != text.npos) ChunkLine();
  return {};
}

// A whole line is in kept_: the end of the data before, a chunk's size, or a part of the trailer.
void ResponseReader::ChunkLine() {
  const std::string line = std::exchange(kept_, {});
  if (line == "\r\n") {
    if (in_trailer_) state_ = State::kDone;
    return;
  }
  if (in_trailer_) return;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), left_, 16);
  if (error != std::errc() || end == line.data()) {
    state_ = State::kBad;
  } else if (left_ == 0) {
    in_trailer_ = true;
  } else {
    in_chunk_ = true;
  }
}

}  // namespace blobgate::bench
