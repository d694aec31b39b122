// Chunks are those of the whole, whatever ranks hold the rows and in whatever pieces they come.

#include "io/hdf5/row_chunks.hpp"

#include <gtest/gtest.h>

#include "io/hdf5/row_digests.hpp"
#include "tests/io/sample_files.hpp"

namespace rankwise {
namespace {

std::vector<char> sample_bytes(RowRange rows, Index row_bytes) {
  std::vector<char> bytes;
  for (Index b = rows.begin * row_bytes; b < rows.end * row_bytes; ++b) bytes.push_back(static_cast<char>(b * b >> 7));
  return bytes;
}

/// One digest after another, over the whole content.
std::vector<std::uint64_t> expected_digests(Index rows, Index row_bytes) {
  const std::vector<char> all = sample_bytes({0, rows}, row_bytes);
  const Index chunk = rows_per_chunk(row_bytes);
  std::vector<std::uint64_t> digests;
  for (Index r = 0; r < rows; r += chunk) {
    const Index size = std::min(chunk, rows - r) * row_bytes;
    digests.push_back(digest_of({all.data() + r * row_bytes, static_cast<std::size_t>(size)}));
  }
  return digests;
}

std::vector<std::uint64_t> digests_of(const Communicator& comm, RowRange mine, Index row_bytes, Index piece_rows) {
  const std::vector<char> bytes = sample_bytes(mine, row_bytes);
  std::vector<std::uint64_t> digests;
  RowChunks chunks(mine, row_bytes, [&](std::string_view chunk) { digests.push_back(digest_of(chunk)); });
  for (Index r = 0; r < mine.size(); r += piece_rows) {
    chunks.add(bytes.data() + r * row_bytes, std::min(piece_rows, mine.size() - r));
  }
  chunks.finish(comm);
  return comm.all_gather_varied(std::span<const std::uint64_t>(digests)).values;
}

TEST(RowChunksTest, ChunksDependOnTheRowsSizeAlone) {
  EXPECT_EQ(rows_per_chunk(1), Index{1} << 20);
  EXPECT_EQ(rows_per_chunk(8), Index{1} << 17);
  EXPECT_EQ(rows_per_chunk(300), 3495);
  EXPECT_EQ(rows_per_chunk(Index{1} << 20), 1);
  EXPECT_EQ(rows_per_chunk(Index{1} << 30), 1);
}

TEST(RowChunksTest, DigestsAreThoseOfXxh3) {
  EXPECT_EQ(digest_of(""), 0x2d06800538d394c2U);  // from the reference implementation
}

TEST(RowChunksTest, AnyCutGivesTheSame) {
  const Communicator comm = Communicator::world();
  struct Shape {
    Index rows;
    Index row_bytes;
  };
  for (const Shape& shape : {Shape{0, 4}, Shape{1, 8}, Shape{5, 4}, Shape{1000, 12}, Shape{400'000, 8},
                             Shape{Index{7} * 3495, 300}, Shape{9, 700'000}, Shape{4, 1'500'000}}) {
    const std::vector<std::uint64_t> expected = expected_digests(shape.rows, shape.row_bytes);
    for (const Index piece_rows : {Index{1000}, Index{77'777}, shape.rows + 1}) {
      const RowRange uneven = sample_range(comm, shape.rows);
      EXPECT_EQ(digests_of(comm, uneven, shape.row_bytes, piece_rows), expected) << shape.rows;
    }
    // All rows on the last rank, all on the first.
    for (const int owner : {comm.size() - 1, 0}) {
      const RowRange mine = comm.rank() == owner  ? RowRange{0, shape.rows}
                            : comm.rank() < owner ? RowRange{}
                                                  : RowRange{shape.rows, shape.rows};
      EXPECT_EQ(digests_of(comm, mine, shape.row_bytes, 4096), expected) << shape.rows;
    }
  }
}

}  // namespace
}  // namespace rankwise
