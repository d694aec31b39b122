// The global allocator of this program: kernels/base/large_allocation.cpp.

#include "kernels/base/large_allocation.hpp"

#include <cstdint>
#include <gtest/gtest.h>
#include <limits>
#include <new>
#include <numeric>
#include <vector>

namespace rankwise {
namespace {

std::uintptr_t address_of(const void* memory) {
  return reinterpret_cast<std::uintptr_t>(memory);
}
constexpr std::size_t huge_page_bytes = std::size_t{2} << 20;

/// The address sanitizer brings an operator new of its own, so ours is not there to test.
class LargeAllocation : public ::testing::Test {
 protected:
  void SetUp() override {
#ifdef __SANITIZE_ADDRESS__
    GTEST_SKIP() << "the address sanitizer replaces operator new";
#endif
  }
};

TEST_F(LargeAllocation, BigVectorsStandOnHugePages) {
  for (const std::size_t bytes : {4 * huge_page_bytes, 4 * huge_page_bytes + 1, std::size_t{50'000'017}}) {
    std::vector<unsigned char> values(bytes);
    EXPECT_EQ(address_of(values.data()) % huge_page_bytes, 0U);
    std::iota(values.begin(), values.end(), static_cast<unsigned char>(0));
    values.resize(2 * bytes);  // moves
    for (std::size_t i = 0; i < 2 * bytes; i += 4097) ASSERT_EQ(values[i], i < bytes ? i % 256 : 0);
  }
}

TEST_F(LargeAllocation, AlignmentIsKept) {
  for (const std::size_t alignment : {std::size_t{16}, std::size_t{64}, std::size_t{4096}, 2 * huge_page_bytes}) {
    for (const std::size_t bytes : {std::size_t{1}, std::size_t{100}, 5 * huge_page_bytes + 3}) {
      void* const memory = ::operator new[](bytes, std::align_val_t(alignment));
      EXPECT_EQ(address_of(memory) % alignment, 0U) << alignment << " " << bytes;
      ::operator delete[](memory, std::align_val_t(alignment));
    }
  }
}

TEST_F(LargeAllocation, TheImpossibleThrows) {
  volatile std::size_t too_much = std::numeric_limits<std::size_t>::max() - 5;  // the compiler would refuse a constant
  EXPECT_THROW(::operator delete(::operator new(too_much)), std::bad_alloc);
  EXPECT_EQ(refused_bytes(), too_much);
  volatile std::size_t too_much_too = too_much - 1;
  EXPECT_EQ(::operator new(too_much_too, std::nothrow), nullptr);
  EXPECT_EQ(refused_bytes(), too_much);
}

}  // namespace
}  // namespace rankwise
