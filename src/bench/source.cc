#include "bench/source.h"

#include <algorithm>

namespace blobgate::bench {
namespace {

// Blobs above this size are filled in blocks.
constexpr std::uint64_t kWholePut = 256ull << 20;

// The next step of the upload that goes on.
void MakeUploadStep(const Plan& plan, std::uint64_t size, History& history, Request& request) {
  request.number = history.uploading;
  request.fresh = history.uploading_fresh;
  if (history.blocks_put == history.blocks_wanted) {
    request.operation = Operation::kBlockList;
    request.block = history.blocks_wanted;  // how many
    history.blocks_wanted = history.blocks_put = 0;
    return;
  }
  request.operation = Operation::kBlock;
  request.block = history.blocks_put++;
  request.offset = request.block * plan.block_bytes;
  request.length = std::min(plan.block_bytes, size - request.offset);
}

void BeginUpload(History& history, std::uint64_t number, bool fresh, unsigned blocks) {
  history.uploading = number;
  history.uploading_fresh = fresh;
  history.blocks_put = 0;
  history.blocks_wanted = blocks;
}

}  // namespace

bool FillSource::Next(Random&, History& history, Request& request) {
  request = {};
  if (history.blocks_wanted == 0) {
    const std::uint64_t number = next_++;
    if (number >= plan_.blobs) return false;
    const std::uint64_t size = SizeOf(plan_.size, number);
    if (size <= kWholePut || !plan_.target.azure) {
      request.operation = Operation::kPut;
      request.number = number;
      request.length = size;
      return true;
    }
    const std::uint64_t blocks = (size + plan_.block_bytes - 1) / plan_.block_bytes;
    BeginUpload(history, number, false, static_cast<unsigned>(blocks));
  }
  MakeUploadStep(plan_, SizeOf(plan_.size, history.uploading), history, request);
  return true;
}

MixSource::MixSource(const Plan& plan) : plan_(plan) {
  for (const Share& share : plan.mix) weights_ += share.weight;
}

Operation MixSource::Pick(Random& random) const {
  if (plan_.mix.size() == 1) return plan_.mix[0].operation;
  std::uint64_t at = random.Below(weights_);
  for (const Share& share : plan_.mix) {
    if (at < share.weight) return share.operation;
    at -= share.weight;
  }
  return plan_.mix.back().operation;
}

std::uint64_t MixSource::ExistingBlob(Random& random) {
  return plan_.sequential ? in_order_++ % plan_.blobs : random.Below(plan_.blobs);
}

void MixSource::MakePut(Random& random, Request& request) {
  request.operation = Operation::kPut;
  request.fresh = !plan_.overwrite;
  request.number = request.fresh ? fresh_++ : ExistingBlob(random);
  request.length = SizeOf(plan_.size, request.number);
}

void MixSource::MakeRange(Random& random, Request& request) const {
  const std::uint64_t size = SizeOf(plan_.size, request.number);
  request.length = std::min(plan_.range_bytes, size);
  const std::uint64_t places = (size - request.length) / plan_.range_alignment + 1;
  request.offset = random.Below(places) * plan_.range_alignment;
}

bool MixSource::Next(Random& random, History& history, Request& request) {
  request = {};
  request.operation = Pick(random);
  switch (request.operation) {
    case Operation::kGet:
    case Operation::kHead:
      request.number = ExistingBlob(random);
      request.length = SizeOf(plan_.size, request.number);
      break;
    case Operation::kRange:
      request.number = ExistingBlob(random);
      MakeRange(random, request);
      break;
    case Operation::kPut:
      MakePut(random, request);
      break;
    case Operation::kBlock:
    case Operation::kBlockList:
      if (history.blocks_wanted == 0) BeginUpload(history, fresh_++, true, plan_.blocks);
      MakeUploadStep(plan_, plan_.blocks * plan_.block_bytes, history, request);
      break;
    case Operation::kDelete:
      if (history.written.empty()) {
        MakePut(random, request);  // one that can be deleted later
        break;
      }
      request.fresh = true;
      request.number = history.written.back();
      history.written.pop_back();
      break;
    case Operation::kList:
      break;
  }
  return true;
}

}  // namespace blobgate::bench
