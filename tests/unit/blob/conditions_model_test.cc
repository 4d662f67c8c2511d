// A million random conditional requests beside a model: for reads the boolean formula of the
// documentation, for writes its one pair (operations.md 1.5).
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "blob/conditions.h"
#include "support/random_steps.h"

namespace blobgate::blob {
namespace {

constexpr std::uint64_t kEtag = 0x8DE000000000000;

/// One request: what each header says, in the model's own terms.
struct Request {
  std::optional<std::vector<int>> match, none_match;  ///< 0: the blob's ETag, 1: another, 2: `*`
  std::optional<int> modified, unmodified;            ///< seconds from the blob's Last-Modified
};

std::string Join(const std::vector<int>& etags, std::mt19937& random) {
  std::string text;
  for (const int etag : etags) {
    if (!text.empty()) text += random() % 2 == 0 ? "," : ", ";
    text += etag == 2 ? "*" : EtagText(kEtag + static_cast<std::uint64_t>(etag));
  }
  return text;
}

class Walk {
 public:
  explicit Walk(std::uint32_t seed) : random_(seed) {}

  bool Step() {
    Draw();
    const ConditionHeaders headers = Headers();
    const ConditionSubject subject{kEtag, modified_, nullptr};
    exists_ = random_() % 4 != 0;
    creates_ = random_() % 2 == 0;
    if (random_() % 2 == 0) {
      what_ = "read";
      expected_ = Read();
      got_ = CodeOf(CheckRead(headers, subject));
    } else {
      what_ = exists_ ? "write" : "write to nothing";
      expected_ = Write();
      got_ = CodeOf(CheckWrite(headers, exists_ ? &subject : nullptr, creates_));
    }
    return got_ == expected_;
  }
  std::string Describe() const {
    auto list = [](const auto& etags) {
      std::string text = "-";
      if (!etags) return text;
      for (const int etag : *etags) text += std::to_string(etag);
      return text;
    };
    auto date = [](const std::optional<int>& d) { return d ? std::to_string(*d) : "-"; };
    return what_ + (creates_ ? " creating" : "") + " match " + list(request_.match) + " none " +
           list(request_.none_match) + " modified " + date(request_.modified) + " unmodified " +
           date(request_.unmodified) + ": expected " + expected_ + ", got " + got_;
  }

 private:
  static std::string CodeOf(const azure::Outcome<void>& outcome) {
    if (outcome) return "ok";
    return std::to_string(outcome.error().http_status()) + " " +
           std::string(azure::InfoOf(outcome.error().code).code);
  }

  std::optional<std::vector<int>> Etags() {
    if (random_() % 2 == 0) return std::nullopt;
    if (random_() % 4 == 0) return std::vector<int>{2};
    std::vector<int> etags(1 + random_() % 2 * (random_() % 2));
    for (int& etag : etags) etag = static_cast<int>(random_() % 2);
    return etags;
  }
  std::optional<int> Date() {
    if (random_() % 2 == 0) return std::nullopt;
    return static_cast<int>(random_() % 3) - 1;
  }
  void Draw() {
    request_ = {Etags(), Etags(), Date(), Date()};
    if (random_() % 2 == 0) (random_() % 2 == 0 ? request_.match : request_.none_match).reset();
    if (random_() % 2 == 0) (random_() % 2 == 0 ? request_.modified : request_.unmodified).reset();
    modified_ = Time(std::chrono::days(20'000)) + Ticks(random_() % 10'000'000);
  }
  ConditionHeaders Headers() {
    ConditionHeaders headers;
    if (request_.match) headers.if_match = Join(*request_.match, random_);
    if (request_.none_match) headers.if_none_match = Join(*request_.none_match, random_);
    const Time whole = FloorSeconds(modified_);
    if (request_.modified)
      headers.if_modified_since = whole + std::chrono::seconds(*request_.modified);
    if (request_.unmodified) {
      headers.if_unmodified_since = whole + std::chrono::seconds(*request_.unmodified);
    }
    return headers;
  }

  static bool Names(const std::vector<int>& etags) {
    return std::ranges::any_of(etags, [](int etag) { return etag != 1; });
  }
  bool ModifiedSince() const { return 0 > *request_.modified; }
  bool UnmodifiedSince() const { return 0 <= *request_.unmodified; }

  /// If-Match && If-Unmodified-Since && (If-None-Match || If-Modified-Since), an absent header
  /// being neutral; 412 beats 304.
  std::string Read() const {
    if (request_.none_match == std::vector<int>{2}) return "400 UnsatisfiableCondition";
    if (request_.match && !Names(*request_.match)) return "412 ConditionNotMet";
    if (request_.unmodified && !UnmodifiedSince()) return "412 ConditionNotMet";
    if (!request_.none_match && !request_.modified) return "ok";
    const bool none = request_.none_match && !Names(*request_.none_match);
    const bool modified = request_.modified && ModifiedSince();
    return none || modified ? "ok" : "304 ConditionNotMet";
  }

  std::string Write() const {
    const bool first = request_.match || request_.unmodified;
    const bool second = request_.none_match || request_.modified;
    auto several = [](const auto& etags) { return etags && etags->size() > 1; };
    if ((first && second) || several(request_.match) || several(request_.none_match)) {
      return "400 MultipleConditionHeadersNotSupported";
    }
    if (!exists_) return request_.match ? "412 ConditionNotMet" : "ok";
    if (request_.match) return Names(*request_.match) ? "ok" : "412 ConditionNotMet";
    if (request_.none_match) {
      if (!Names(*request_.none_match)) return "ok";
      const bool any = request_.none_match->front() == 2;
      return any && creates_ ? "409 BlobAlreadyExists" : "412 ConditionNotMet";
    }
    if (request_.modified) return ModifiedSince() ? "ok" : "412 ConditionNotMet";
    if (request_.unmodified) return UnmodifiedSince() ? "ok" : "412 ConditionNotMet";
    return "ok";
  }

  std::mt19937 random_;
  Request request_;
  Time modified_{};
  bool exists_ = true;
  bool creates_ = false;
  std::string what_, expected_, got_;
};

TEST(ConditionsModel, AMillionRandomRequests) {
  test::WalkAMillionSteps<Walk>();
}

}  // namespace
}  // namespace blobgate::blob
