#include "bench/head_template.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/encoding.h"

namespace blobgate::bench {
namespace {

constexpr std::size_t kDigits = 9;  // of numbers in names and block ids

void AppendNumber(std::string& out, std::uint64_t value) {
  std::array<char, 20> text;
  const auto end = std::to_chars(text.begin(), text.end(), value).ptr;
  out.append(text.begin(), end);
}

void AppendPadded(std::string& out, std::uint64_t value) {
  std::array<char, kDigits> text;
  for (auto digit = text.rbegin(); digit != text.rend(); ++digit) {
    *digit = static_cast<char>('0' + value % 10);
    value /= 10;
  }
  out.append(text.begin(), text.end());
}

}  // namespace

std::string BlockId(unsigned block) {
  std::string digits;
  AppendPadded(digits, block);
  return Base64Encode(digits);
}

std::string BlockListBody(unsigned blocks) {
  std::string body = R"(<?xml version="1.0" encoding="utf-8"?><BlockList>)";
  for (unsigned i = 0; i < blocks; ++i) body += "<Latest>" + BlockId(i) + "</Latest>";
  return body + "</BlockList>";
}

/// What a head is made of, before it is known how it is signed.
struct HeadTemplate::Parts {
  std::string method;
  bool of_blob = true;  ///< otherwise of the container
  std::string prefix;
  bool has_body = false;
  bool has_range = false;
  bool is_put_blob = false;
  std::vector<std::pair<std::string, std::string>> query;  ///< sorted by name
  bool has_block = false;                                  ///< blockid, first in the query
  bool has_marker = false;                                 ///< marker, last in the query
};

void HeadTemplate::Add(std::vector<Piece>& pieces, std::string_view text) {
  if (pieces.empty() || pieces.back().then != Hole::kNone) pieces.emplace_back();
  pieces.back().literal += text;
}

void HeadTemplate::Add(std::vector<Piece>& pieces, Hole hole) {
  Add(pieces, "");
  pieces.back().then = hole;
}

HeadTemplate HeadTemplate::Make(const Plan& plan, Operation operation, std::string_view prefix) {
  Parts parts;
  parts.prefix = prefix;
  parts.method = "GET";
  switch (operation) {
    case Operation::kGet:
      break;
    case Operation::kRange:
      parts.has_range = true;
      break;
    case Operation::kHead:
      parts.method = "HEAD";
      break;
    case Operation::kDelete:
      parts.method = "DELETE";
      break;
    case Operation::kPut:
      parts.method = "PUT";
      parts.has_body = parts.is_put_blob = true;
      break;
    case Operation::kBlock:
      parts.method = "PUT";
      parts.has_body = parts.has_block = true;
      parts.query = {{"comp", "block"}};
      break;
    case Operation::kBlockList:
      parts.method = "PUT";
      parts.has_body = true;
      parts.query = {{"comp", "blocklist"}};
      break;
    case Operation::kList:
      parts.of_blob = false;
      parts.has_marker = true;
      parts.query = {{"comp", "list"},
                     {"delimiter", plan.list_delimiter},
                     {"maxresults", std::to_string(plan.list_page)},
                     {"prefix", plan.list_prefix},
                     {"restype", "container"}};
      break;
  }
  return Assemble(plan, parts);
}

HeadTemplate HeadTemplate::MakeCreate(const Plan& plan) {
  Parts parts;
  parts.method = "PUT";
  parts.of_blob = false;
  parts.has_body = true;
  parts.query = {{"restype", "container"}};
  return Assemble(plan, parts);
}

// Parameters without a value are left out; the marker has none on the first page.
void HeadTemplate::AddQuery(std::vector<Piece>& head, const Plan& plan, const Parts& parts) {
  char separator = '?';
  const auto next = [&] { return std::string(1, std::exchange(separator, '&')); };
  if (parts.has_block) {
    Add(head, next() + "blockid=");
    Add(head, Hole::kBlock);
  }
  for (const auto& [name, value] : parts.query) {
    if (!value.empty()) Add(head, next() + name + "=" + PercentEncode(value, "/"));
  }
  if (parts.has_marker) {
    Add(head, next() + "marker=");
    Add(head, Hole::kMarker);
  }
  if (!plan.target.sas.empty()) Add(head, next() + plan.target.sas);
}

void HeadTemplate::AddToSign(std::vector<Piece>& to_sign, const Plan& plan, const Parts& parts) {
  Add(to_sign, parts.method + "\n\n\n");
  if (parts.has_body) Add(to_sign, Hole::kLength);
  Add(to_sign, "\n\n\n\n\n\n\n\n");
  if (parts.has_range) {
    Add(to_sign, "bytes=");
    Add(to_sign, Hole::kRange);
  }
  Add(to_sign, "\n");
  if (parts.is_put_blob) Add(to_sign, "x-ms-blob-type:BlockBlob\n");
  Add(to_sign, "x-ms-date:");
  Add(to_sign, Hole::kDate);
  Add(to_sign,
      "\nx-ms-version:" + plan.target.api_version + "\n/" + plan.target.account + plan.target.path);
  if (parts.of_blob) {
    Add(to_sign, "/" + parts.prefix);
    Add(to_sign, Hole::kNumber);
  }
  if (parts.has_block) {
    Add(to_sign, "\nblockid:");
    Add(to_sign, Hole::kBlock);
  }
  for (const auto& [name, value] : parts.query) {
    if (parts.has_marker && name == "maxresults") {
      Add(to_sign, Hole::kRawMarker);  // sorts before it
    }
    if (!value.empty()) Add(to_sign, "\n" + name + ":" + value);
  }
}

HeadTemplate HeadTemplate::Assemble(const Plan& plan, const Parts& parts) {
  const Target& target = plan.target;
  const bool sign = target.azure && !target.key.empty();
  HeadTemplate made;
  auto& head = made.head_;
  Add(head, parts.method + " " + target.path);
  if (parts.of_blob) {
    Add(head, "/" + parts.prefix);
    Add(head, Hole::kNumber);
  }
  AddQuery(head, plan, parts);
  Add(head, " HTTP/1.1\r\nHost: " + target.authority + "\r\n");
  if (target.azure) Add(head, "x-ms-version: " + target.api_version + "\r\n");
  if (target.azure && parts.is_put_blob) Add(head, "x-ms-blob-type: BlockBlob\r\n");
  if (parts.has_range) {
    Add(head, "Range: bytes=");
    Add(head, Hole::kRange);
    Add(head, "\r\n");
  }
  if (parts.has_body) {
    Add(head, "Content-Length: ");
    Add(head, Hole::kLength);
    Add(head, "\r\n");
  }
  if (sign) {
    AddToSign(made.to_sign_, plan, parts);
    Add(head, "x-ms-date: ");
    Add(head, Hole::kDate);
    Add(head, "\r\nAuthorization: SharedKey " + target.account + ":");
    Add(head, Hole::kSignature);
    Add(head, "\r\n");
  }
  Add(head, "\r\n");
  return made;
}

void HeadTemplate::Fill(const std::vector<Piece>& pieces, const HeadValues& values,
                        std::string_view signature, std::string& out) {
  const bool signing = signature.empty();
  for (const Piece& piece : pieces) {
    out += piece.literal;
    switch (piece.then) {
      case Hole::kNone:
        break;
      case Hole::kNumber:
        AppendPadded(out, values.number);
        break;
      case Hole::kBlock:
        out += BlockId(values.block);
        break;
      case Hole::kLength:
        if (!signing || values.length > 0)
          AppendNumber(out, values.length);  // none is signed as ""
        break;
      case Hole::kRange:
        AppendNumber(out, values.first);
        out += '-';
        AppendNumber(out, values.last);
        break;
      case Hole::kDate:
        out += values.date;
        break;
      case Hole::kMarker:
        out += PercentEncode(values.marker);
        break;
      case Hole::kRawMarker:
        // An empty parameter is sent, so it is signed.
        out += "\nmarker:";
        out += values.marker;
        break;
      case Hole::kSignature:
        out += signature;
        break;
    }
  }
}

void HeadTemplate::Render(const HeadValues& values, Signer* signer, std::string& out) const {
  if (to_sign_.empty()) return Fill(head_, values, "-", out);
  std::string text;
  Fill(to_sign_, values, "", text);
  std::string signature;
  signer->AppendSignature(signature, text);
  Fill(head_, values, signature, out);
}

}  // namespace blobgate::bench
