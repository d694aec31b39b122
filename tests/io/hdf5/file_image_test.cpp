#include "io/hdf5/library/file_image.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <iterator>
#include <random>
#include <vector>

namespace rankwise {
namespace {

TEST(FileImage, HoldsWhatAFileOfZerosWould) {
  constexpr Index size = 300;
  std::mt19937 chance(1);
  const auto below = [&chance](Index limit) { return static_cast<Index>(chance() % static_cast<unsigned>(limit)); };
  for (int trial = 0; trial < 200; ++trial) {
    std::string file(size, '\0');
    std::vector<bool> written(size, false);
    FileImage image;
    for (int step = 0; step < 20; ++step) {
      const Index first = below(size);
      const std::string bytes(static_cast<std::size_t>(below(std::min<Index>(size - first, 40) + 1)),
                              static_cast<char>('a' + step));
      image.write(first, bytes);
      std::ranges::copy(bytes, file.begin() + first);
      std::fill_n(written.begin() + first, bytes.size(), true);

      const Index from = below(size);
      const Index count = below(size - from + 1);
      std::string read(static_cast<std::size_t>(count), '?');
      image.read(from, count, read.data());
      ASSERT_EQ(read, file.substr(static_cast<std::size_t>(from), static_cast<std::size_t>(count)));
    }
    // Its pieces are what was written, apart from each other.
    Index end = -1;
    Index bytes = 0;
    for (const auto& [first, piece] : image.pieces()) {
      ASSERT_GT(first, end);
      ASSERT_FALSE(piece.empty());
      ASSERT_EQ(piece, file.substr(static_cast<std::size_t>(first), piece.size()));
      end = first + std::ssize(piece);
      bytes += std::ssize(piece);
    }
    ASSERT_EQ(bytes, std::ranges::count(written, true));
  }
}

}  // namespace
}  // namespace rankwise
