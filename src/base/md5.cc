#include "base/md5.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace blobgate {
namespace {

static_assert(std::endian::native == std::endian::little, "blocks are read as words as they lie");

// RFC 1321 section 3.4: the 64 constants, and by how much each round rotates.
constexpr std::array<std::uint32_t, 64> kSines = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391};
constexpr int kRotations[4][4] = {
    {7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};

#define BG_INLINE [[gnu::always_inline]] inline

/// Step I of a block: `a` takes in the others and a word of `m`. Word is one number or a vector of
/// them. What does not need `b`, the result of the step before, comes first.
template <int I, class Word>
BG_INLINE void Step(Word& a, const Word& b, const Word& c, const Word& d, const Word* m) {
  constexpr int kRound = I / 16;
  constexpr int kTaken[] = {I % 16, (5 * I + 1) % 16, (3 * I + 5) % 16, 7 * I % 16};
  constexpr int kLeft = kRotations[kRound][I % 4];
  Word sum = a + (m[kTaken[kRound]] + kSines[I]);
  if constexpr (kRound == 0) {
    sum += ((c ^ d) & b) ^ d;
  } else if constexpr (kRound == 1) {
    sum += ~d & c;
    sum += d & b;
  } else if constexpr (kRound == 2) {
    sum += (c ^ d) ^ b;
  } else {
    sum += c ^ (b | ~d);
  }
  a = ((sum << kLeft) | (sum >> (32 - kLeft))) + b;
}

template <class Word, int... I>
BG_INLINE void Steps(Word& a, Word& b, Word& c, Word& d, const Word* m,
                     std::integer_sequence<int, I...> /*fours*/) {
  ((Step<4 * I>(a, b, c, d, m), Step<4 * I + 1>(d, a, b, c, m), Step<4 * I + 2>(c, d, a, b, m),
    Step<4 * I + 3>(b, c, d, a, m)),
   ...);
}

template <class Word>
BG_INLINE void Block(Word (&state)[4], const Word* m) {
  Word a = state[0], b = state[1], c = state[2], d = state[3];
  Steps(a, b, c, d, m, std::make_integer_sequence<int, 16>());
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
}

void CompressOne(std::uint32_t* words, const std::byte* data, std::size_t count) {
  std::uint32_t state[4];
  std::memcpy(state, words, sizeof state);
  for (; count > 0; --count, data += Md5::kBlock) {
    std::uint32_t m[16];
    std::memcpy(m, data, sizeof m);
    Block(state, m);
  }
  std::memcpy(words, state, sizeof state);
}

#if defined(__x86_64__)

#define BG_AVX2 [[gnu::target("avx2")]]

constexpr std::size_t kLanes = 8;
typedef std::uint32_t Lanes __attribute__((vector_size(4 * kLanes)));

bool HasAvx2() {
  static const bool has = __builtin_cpu_supports("avx2") > 0;
  return has;
}

/// Word i of lane j becomes word j of vector i.
BG_AVX2 BG_INLINE void Transpose(const std::byte* const (&data)[kLanes], std::size_t offset,
                                 Lanes* out) {
  __m256i rows[kLanes], pairs[kLanes], fours[kLanes];
  for (std::size_t i = 0; i < kLanes; ++i) {
    rows[i] = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(data[i] + offset));
  }
  for (std::size_t i = 0; i < kLanes; i += 2) {
    pairs[i] = _mm256_unpacklo_epi32(rows[i], rows[i + 1]);
    pairs[i + 1] = _mm256_unpackhi_epi32(rows[i], rows[i + 1]);
  }
  for (std::size_t i = 0; i < kLanes; i += 4) {
    fours[i] = _mm256_unpacklo_epi64(pairs[i], pairs[i + 2]);
    fours[i + 1] = _mm256_unpackhi_epi64(pairs[i], pairs[i + 2]);
    fours[i + 2] = _mm256_unpacklo_epi64(pairs[i + 1], pairs[i + 3]);
    fours[i + 3] = _mm256_unpackhi_epi64(pairs[i + 1], pairs[i + 3]);
  }
  for (std::size_t i = 0; i < 4; ++i) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + i),
                        _mm256_permute2x128_si256(fours[i], fours[i + 4], 0x20));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + i + 4),
                        _mm256_permute2x128_si256(fours[i], fours[i + 4], 0x31));
  }
}

/// `count` blocks of each lane. `words[i]` are the i-th ones of all lanes.
BG_AVX2 void CompressLanes(std::uint32_t (&words)[4][kLanes],
                           const std::byte* const (&data)[kLanes], std::size_t count) {
  Lanes state[4];
  std::memcpy(state, words, sizeof state);
  for (std::size_t offset = 0; offset < count * Md5::kBlock; offset += Md5::kBlock) {
    Lanes m[16];
    Transpose(data, offset, m);
    Transpose(data, offset + Md5::kBlock / 2, m + kLanes);
    Block(state, m);
  }
  std::memcpy(words, state, sizeof state);
}

/// As many blocks of each of `jobs`, at most kLanes, as the shortest has. Lanes that are left over
/// go over the first one's again, for nothing.
void CompressShortest(std::span<Md5::Blocks* const> jobs) {
  std::uint32_t words[4][kLanes];
  const std::byte* data[kLanes];
  std::size_t count = jobs.front()->count;
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    const Md5::Blocks& job = *jobs[lane < jobs.size() ? lane : 0];
    for (std::size_t i = 0; i < 4; ++i) words[i][lane] = job.words[i];
    data[lane] = job.data;
    count = std::min(count, job.count);
  }
  CompressLanes(words, data, count);
  for (std::size_t lane = 0; lane < jobs.size(); ++lane) {
    Md5::Blocks& job = *jobs[lane];
    for (std::size_t i = 0; i < 4; ++i) job.words[i] = words[i][lane];
    job.data += count * Md5::kBlock;
    job.count -= count;
  }
}

#endif

}  // namespace

void Md5::CompressEach(std::span<Blocks> jobs) {
  for (Blocks& job : jobs) {
    if (job.count > 0) CompressOne(job.words, job.data, std::exchange(job.count, 0));
  }
}

void Md5::Compress(std::span<Blocks> jobs) {
#if defined(__x86_64__)
  std::array<Blocks*, kLanes> lanes;
  std::size_t taken = 0;
  for (std::size_t next = 0; HasAvx2();) {
    while (taken < kLanes && next < jobs.size()) {
      if (jobs[next].count > 0) lanes[taken++] = &jobs[next];
      ++next;
    }
    if (taken < 2) break;  // one lane of eight is slower than one word
    const std::span active(lanes.data(), taken);
    CompressShortest(active);
    taken -= std::ranges::remove(active, std::size_t{0}, &Blocks::count).size();
  }
#endif
  CompressEach(jobs);
}

Md5::Blocks Md5::Begin(Bytes data) {
  const std::size_t waiting = length_ % kBlock;
  length_ += data.size();
  if (waiting > 0) {
    const std::size_t more = std::min(data.size(), kBlock - waiting);
    std::copy_n(data.data(), more, tail_.data() + waiting);
    data = data.subspan(more);
    if (waiting + more < kBlock) return {};
    CompressOne(words_.data(), tail_.data(), 1);
  }
  const std::size_t whole = data.size() / kBlock;
  std::ranges::copy(data.subspan(whole * kBlock), tail_.data());
  return {words_.data(), data.data(), whole};
}

void Md5::Update(Bytes data) {
  Blocks blocks = Begin(data);
  CompressEach({&blocks, 1});
}

Md5Digest Md5::Final() {
  const std::uint64_t bits = length_ * 8;
  std::array<std::byte, 2 * kBlock> end{};
  const std::size_t waiting = length_ % kBlock;
  std::copy_n(tail_.data(), waiting, end.data());
  end[waiting] = std::byte{0x80};
  const std::size_t blocks = waiting < kBlock - sizeof bits ? 1 : 2;
  std::memcpy(end.data() + blocks * kBlock - sizeof bits, &bits, sizeof bits);
  CompressOne(words_.data(), end.data(), blocks);
  Md5Digest digest;
  std::memcpy(digest.data(), words_.data(), digest.size());
  return digest;
}

Md5Digest Md5Of(Bytes data) {
  Md5 md5;
  md5.Update(data);
  return md5.Final();
}

}  // namespace blobgate
