// Structured messages. Even first byte: the rest is a message, which must decode alike however it
// arrives. Odd: the rest is content, which must come back, and not if a byte of the message flips.
#include <optional>
#include <string>

#include "azure/structured_message.h"
#include "fuzz/input.h"

namespace {

using namespace blobgate;
using fuzz::Require;

/// The content; nullopt: refused, or cut short.
std::optional<std::string> Decode(std::string_view message, std::uint64_t content, std::size_t in,
                                  std::size_t out) {
  azure::StructuredDecoder decoder(message.size(), content);
  std::string decoded;
  std::string room(out, '\0');
  while (!message.empty()) {
    const Bytes piece = AsBytes(message.substr(0, in));
    const auto step = decoder.Decode(piece, {reinterpret_cast<std::byte*>(room.data()), out});
    if (!step) return std::nullopt;
    Require(step->consumed > 0 && step->consumed <= piece.size() && step->produced <= out);
    decoded.append(room, 0, step->produced);
    message.remove_prefix(step->consumed);
  }
  Require(decoded.size() <= content);
  if (!decoder.complete()) return std::nullopt;
  Require(decoded.size() == content);
  return decoded;
}

std::string Encode(std::string_view content) {
  azure::StructuredEncoder encoder(content.size());
  std::string message = encoder.Framing();
  while (encoder.room() > 0) {
    const std::string_view piece = content.substr(0, std::min<std::uint64_t>(encoder.room(), 5));
    encoder.Sent(AsBytes(piece));
    message += piece;
    content.remove_prefix(piece.size());
    message += encoder.Framing();
  }
  return message;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text = fuzz::TextOf(data, size);
  const std::uint8_t choice = fuzz::TakeByte(text);
  (void)azure::IsStructuredBody(text);
  if (choice % 2 == 0) {
    const std::uint64_t content = choice / 2;
    const auto whole = Decode(text, content, text.size() + 1, 256);
    Require(whole == Decode(text, content, 1, 1));
    Require(whole == Decode(text, content, 7, 3));
    return 0;
  }
  std::string message = Encode(text);
  Require(message.size() == azure::StructuredEncoder::EncodedLength(text.size()));
  Require(Decode(message, text.size(), 3, 4) == text);
  message[choice / 2 % message.size()] ^= 0x10;
  Require(!Decode(message, text.size(), 1000, 1000));
  return 0;
}
