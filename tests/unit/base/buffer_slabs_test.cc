#include "base/buffer_slabs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "base/buffer.h"

namespace blobgate {
namespace {

constexpr std::size_t kSize = 32 * 1024;
constexpr std::size_t kPerSlab = BufferSlabs::kSlab / kSize;

bool HoldsOnly(const std::byte* buffer, int value) {
  return std::all_of(buffer, buffer + kSize,
                     [value](std::byte b) { return b == std::byte(value); });
}

TEST(BufferSlabs, BuffersAreAlignedAndApart) {
  BufferSlabs slabs(kSize);
  std::vector<std::byte*> buffers;
  for (std::size_t i = 0; i < 3 * kPerSlab; ++i) {
    buffers.push_back(slabs.Take());
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(buffers.back()) % kSize, 0U);
    std::memset(buffers.back(), static_cast<int>(i), kSize);
  }
  EXPECT_EQ(slabs.held(), 3 * BufferSlabs::kSlab);
  for (std::size_t i = 0; i < buffers.size(); ++i) {
    EXPECT_TRUE(HoldsOnly(buffers[i], static_cast<int>(i))) << i;
    slabs.Give(buffers[i]);
  }
}

TEST(BufferSlabs, EmptySlabsGoBackButOne) {
  BufferSlabs slabs(kSize);
  EXPECT_EQ(slabs.held(), 0U);
  std::vector<std::byte*> buffers;
  for (std::size_t i = 0; i < 3 * kPerSlab; ++i) buffers.push_back(slabs.Take());
  for (std::size_t i = 0; i < kPerSlab; ++i) slabs.Give(buffers[i]);
  EXPECT_EQ(slabs.held(), 3 * BufferSlabs::kSlab);
  for (std::size_t i = kPerSlab; i < buffers.size() - 1; ++i) slabs.Give(buffers[i]);
  EXPECT_EQ(slabs.held(), 2 * BufferSlabs::kSlab);  // one that is idle, one with the last buffer
  slabs.Give(buffers.back());
  EXPECT_EQ(slabs.held(), BufferSlabs::kSlab);
  slabs.Give(slabs.Take());
  EXPECT_EQ(slabs.held(), BufferSlabs::kSlab);
}

TEST(BufferSlabs, WhatWasGivenIsTakenBeforeANewSlab) {
  BufferSlabs slabs(kSize);
  std::vector<std::byte*> buffers;
  for (std::size_t i = 0; i < 2 * kPerSlab; ++i) buffers.push_back(slabs.Take());
  std::set<std::byte*> given;
  for (std::size_t i = 0; i < buffers.size(); i += 3) {
    slabs.Give(buffers[i]);
    given.insert(std::exchange(buffers[i], nullptr));
  }
  for (std::byte*& buffer : buffers) {
    if (buffer == nullptr) {
      buffer = slabs.Take();
      EXPECT_EQ(given.erase(buffer), 1U);
    }
  }
  EXPECT_TRUE(given.empty());
  EXPECT_EQ(slabs.held(), 2 * BufferSlabs::kSlab);
  for (std::byte* buffer : buffers) slabs.Give(buffer);
}

TEST(BufferSlabs, OfOtherSizes) {
  for (const std::size_t size : {std::size_t{256 * 1024}, BufferSlabs::kSlab}) {
    BufferSlabs slabs(size);
    std::set<std::byte*> buffers;
    for (std::size_t i = 0; i < 2 * BufferSlabs::kSlab / size; ++i) {
      std::byte* const buffer = slabs.Take();
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(buffer) % size, 0U);
      std::memset(buffer, 1, size);
      buffers.insert(buffer);
    }
    EXPECT_EQ(buffers.size(), 2 * BufferSlabs::kSlab / size);
    EXPECT_EQ(slabs.held(), 2 * BufferSlabs::kSlab);
    for (std::byte* buffer : buffers) slabs.Give(buffer);
    EXPECT_EQ(slabs.held(), BufferSlabs::kSlab);
  }
}

TEST(BufferSlabs, AlignedBuffersOfUsualSizesAreOfThem) {
  EXPECT_EQ(BufferSlabs::ForSize(4096), nullptr);
  for (const std::size_t size : {32 * 1024, 256 * 1024, 512 * 1024}) {
    BufferSlabs* const slabs = BufferSlabs::ForSize(size);
    ASSERT_NE(slabs, nullptr);
    const std::size_t before = slabs->held();
    std::vector<AlignedBuffer> buffers;
    for (std::size_t i = 0; i < 100; ++i) {
      buffers.emplace_back(size - i % 4096);
      EXPECT_EQ(buffers.back().size(), size);
    }
    EXPECT_GE(slabs->held(), before + 100 * size / BufferSlabs::kSlab * BufferSlabs::kSlab);
    AlignedBuffer moved = std::move(buffers.front());
    buffers.clear();
    moved = AlignedBuffer();
    EXPECT_LE(slabs->held(), before + BufferSlabs::kSlab);
  }
}

TEST(BufferSlabs, ThreadsDoNotShareBuffers) {
  BufferSlabs slabs(kSize);
  const auto work = [&slabs](int id) {
    std::mt19937 random(static_cast<unsigned>(id));
    std::vector<std::byte*> held;
    for (int step = 0; step < 3000; ++step) {
      if (held.empty() || random() % 2 == 0) {
        held.push_back(slabs.Take());
        std::memset(held.back(), id, kSize);
      } else {
        std::swap(held[random() % held.size()], held.back());
        EXPECT_TRUE(HoldsOnly(held.back(), id));
        slabs.Give(held.back());
        held.pop_back();
      }
    }
    for (std::byte* buffer : held) {
      EXPECT_TRUE(HoldsOnly(buffer, id));
      slabs.Give(buffer);
    }
  };
  {
    std::vector<std::jthread> threads;
    for (int id = 1; id <= 4; ++id) threads.emplace_back(work, id);
  }
  EXPECT_LE(slabs.held(), BufferSlabs::kSlab);
}

}  // namespace
}  // namespace blobgate
