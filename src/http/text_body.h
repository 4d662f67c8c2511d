// A request body that is in memory already.
#pragma once

#include <algorithm>
#include <cstring>
#include <string_view>

#include "http/body.h"

namespace blobgate::http {

/// Gives `text`, which outlives it. Empty: there is no body.
class TextBody final : public BodyReader {
 public:
  explicit TextBody(std::string_view text = {}) : rest_(text) {}
  Task<Result<std::size_t>> Read(MutableBytes into) override {
    const std::size_t size = std::min(into.size(), rest_.size());
    if (size > 0) std::memcpy(into.data(), rest_.data(), size);
    rest_.remove_prefix(size);
    co_return size;
  }

 private:
  std::string_view rest_;
};

}  // namespace blobgate::http
