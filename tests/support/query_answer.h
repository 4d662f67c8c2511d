// Runs a query over bytes and reads its Avro answer back, apart from the code under test.
#pragma once

#include <array>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "query/query_run.h"

namespace blobgate::test {

struct QueryAnswer {
  struct Error {
    bool fatal = false;
    std::string name;
    std::string description;
    std::int64_t position = 0;
    bool operator==(const Error&) const = default;
  };
  std::string data;
  std::vector<Error> errors;
  std::vector<std::int64_t> progress;
  std::int64_t end = -1;           ///< total bytes; -1: there was no end
  std::int64_t first_branch = -1;  ///< of the union: 0 data, 1 error, 2 progress, 3 end
};

/// Reads an Avro object container file of Query Blob Contents. Throws std::runtime_error for
/// anything that is not exactly one.
class AnswerReader {
 public:
  explicit AnswerReader(std::string_view file) : rest_(file) {}

  QueryAnswer Read() {
    if (Take(4) != std::string_view("Obj\x01", 4)) throw std::runtime_error("no Avro file");
    for (std::int64_t entries = Long(); entries > 0; --entries) {
      const auto key = Bytes();
      const auto value = Bytes();
      if (key == "avro.codec" && value != "null") throw std::runtime_error("a codec");
    }
    if (Long() != 0) throw std::runtime_error("more metadata");
    const auto marker = Take(16);
    while (!rest_.empty()) {
      const std::int64_t objects = Long();
      const std::int64_t size = Long();
      const std::size_t before = rest_.size();
      for (std::int64_t i = 0; i < objects; ++i) Object();
      if (before - rest_.size() != static_cast<std::size_t>(size)) {
        throw std::runtime_error("the size of a block is wrong");
      }
      if (Take(16) != marker) throw std::runtime_error("no marker");
    }
    return std::move(answer_);
  }

 private:
  std::string_view Take(std::size_t size) {
    if (size > rest_.size()) throw std::runtime_error("cut off");
    const auto taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  std::int64_t Long() {
    std::uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
      const auto byte = static_cast<unsigned char>(Take(1).front());
      value |= std::uint64_t{byte & 0x7Fu} << shift;
      if (byte < 0x80) break;
    }
    return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
  }
  std::string_view Bytes() { return Take(static_cast<std::size_t>(Long())); }

  void Object() {
    if (answer_.end >= 0) throw std::runtime_error("something follows the end");
    const std::int64_t branch = Long();
    if (answer_.first_branch < 0) answer_.first_branch = branch;
    switch (branch) {
      case 0:
        answer_.data += Bytes();
        break;
      case 1: {
        QueryAnswer::Error error;
        error.fatal = Take(1).front() != 0;
        error.name = Bytes();
        error.description = Bytes();
        error.position = Long();
        answer_.errors.push_back(std::move(error));
        break;
      }
      case 2:
        answer_.progress.push_back(Long());
        Long();
        break;
      case 3:
        answer_.end = Long();
        break;
      default:
        throw std::runtime_error("no branch of the union");
    }
  }

  std::string_view rest_;
  QueryAnswer answer_;
};

/// The answer to a query over `blob`, given to it in pieces of `piece` bytes, or as it wants it.
/// Throws what AnswerReader does, and std::invalid_argument for what is no query.
inline QueryAnswer RunQuery(const azure::QueryRequest& request, std::string_view blob,
                            std::size_t piece = 64 * 1024, Time now = {}) {
  using State = query::QueryRun::State;
  auto run = query::QueryRun::Create(request, blob.size(), now);
  if (!run) throw std::invalid_argument(run.error().detail);
  std::string file;
  for (State state = State::kNeedInput; state != State::kDone;) {
    std::string_view input;
    if (const auto range = (*run)->wanted(); range && state == State::kNeedInput) {
      input = blob.substr(range->offset, range->length);
      if (input.size() != range->length) throw std::runtime_error("a range beyond the blob");
    } else if (state == State::kNeedInput) {
      input = blob.substr(0, piece);
      blob.remove_prefix(input.size());
    }
    state = (*run)->Work(input, file);
  }
  return AnswerReader(file).Read();
}

}  // namespace blobgate::test
