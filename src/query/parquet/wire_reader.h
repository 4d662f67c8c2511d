// Structures of parquet.thrift from bytes that a client made.
#pragma once

#include <thrift/protocol/TCompactProtocol.h>
#include <thrift/transport/TBufferTransports.h>
#include <thrift/transport/TTransportException.h>

#include <cstdint>
#include <memory>
#include <string_view>

namespace blobgate::query::parquet {

/// Thrift's compact protocol, with a bound on what lists make the generated code allocate: it makes
/// room for as many elements as a list says before it reads one. Lists that are skipped cost
/// nothing and do not count.
class WireProtocol final
    : public apache::thrift::protocol::TCompactProtocolT<apache::thrift::transport::TMemoryBuffer> {
 public:
  using Buffer = apache::thrift::transport::TMemoryBuffer;

  /// `most`: elements of all lists together. `size`: of what is read: no string is longer, and no
  /// container that is skipped has more elements, whose sizes Thrift would add up beyond an int.
  WireProtocol(const std::shared_ptr<Buffer>& buffer, std::int32_t most, std::int32_t size)
      : TCompactProtocolT(buffer, size, size), left_(static_cast<std::uint32_t>(most)) {}

  std::uint32_t readListBegin_virt(apache::thrift::protocol::TType& type,
                                   std::uint32_t& size) override {
    const std::uint32_t read = TCompactProtocolT::readListBegin(type, size);
    if (size > left_) {
      using apache::thrift::protocol::TProtocolException;
      throw TProtocolException(TProtocolException::SIZE_LIMIT);
    }
    left_ -= size;
    return read;
  }

 private:
  std::uint32_t left_;
};

enum class WireState : std::uint8_t { kWhole, kCutOff, kMalformed };

/// Reads one structure from the beginning of `bytes`; `read` is how many it has.
template <class T>
WireState ReadWire(std::string_view bytes, std::int32_t most, T& into, std::size_t& read) {
  using apache::thrift::transport::TTransportException;
  try {
    const auto size = static_cast<std::uint32_t>(bytes.size());
    // It does not write to what it observes.
    auto* data = reinterpret_cast<std::uint8_t*>(const_cast<char*>(bytes.data()));
    const auto buffer =
        std::make_shared<WireProtocol::Buffer>(data, size, WireProtocol::Buffer::OBSERVE);
    WireProtocol protocol(buffer, most, static_cast<std::int32_t>(size));
    into.read(&protocol);
    read = size - buffer->available_read();
    return WireState::kWhole;
  } catch (const TTransportException& e) {
    return e.getType() == TTransportException::END_OF_FILE ? WireState::kCutOff
                                                           : WireState::kMalformed;
  } catch (const std::exception&) {
    return WireState::kMalformed;
  }
}

}  // namespace blobgate::query::parquet
