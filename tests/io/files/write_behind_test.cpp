// Rows that another thread writes while the ranks go on: the same file as without, or none.

#include "io/files/write_behind.hpp"

#include <filesystem>
#include <gtest/gtest.h>
#include <thread>

#include "distributed/rows/partition.hpp"
#include "io/hdf5/reader.hpp"
#include "io/hdf5/verify_digests.hpp"
#include "io/hdf5/writer.hpp"
#include "tests/io/shared_folder.hpp"

namespace rankwise {
namespace {

class WriteBehindTest : public testing::Test {
 protected:
  /// This rank's part of a matrix whose value at (r, c) is r * 1000 + c.
  [[nodiscard]] Matrix rows_of(const Partition& partition, Index columns) const {
    const RowRange mine = partition.range(comm_.rank());
    Matrix rows(mine.size(), columns);
    for (Index r = 0; r < rows.rows(); ++r) {
      for (Index c = 0; c < columns; ++c) rows.row(r)[c] = static_cast<float>((mine.begin + r) * 1000 + c);
    }
    return rows;
  }
  [[nodiscard]] std::unique_ptr<WriteBehind> start(const std::string& path, const Partition& partition,
                                                   const Matrix& rows, std::function<void()> then = {}) const {
    Hdf5Writer file(comm_, path, 0);
    const Index first_byte = file.lay_out_matrix("/rows", partition.rows(), partition.range(comm_.rank()), rows.view());
    return std::make_unique<WriteBehind>(background_, file.close(), std::vector<RowsAtByte>{{rows.view(), first_byte}},
                                         std::move(then));
  }

  Communicator comm_ = Communicator::world();
  Communicator background_ = comm_.split(0);
  SharedFolder folder_{comm_};
};

TEST_F(WriteBehindTest, MakesTheFileThatHdf5Makes) {
  for (const Index count : {0, 1, 7, 300, 100'003}) {
    for (const Index columns : {1, 16, 25}) {
      const Partition partition = Partition::by_count(count, comm_.size());
      const Matrix rows = rows_of(partition, columns);
      start(folder_.file("behind.h5"), partition, rows)->finish();
      Hdf5Writer file(comm_, folder_.file("whole.h5"), 0);
      file.write_matrix("/rows", count, partition.range(comm_.rank()), rows.view());
      file.commit();
      EXPECT_TRUE(file_content(folder_.file("behind.h5")) == file_content(folder_.file("whole.h5")))
          << count << " x " << columns;
      EXPECT_NO_THROW(verify_digests(comm_, folder_.file("behind.h5")));
    }
  }
}

TEST_F(WriteBehindTest, IsInPlaceOnceSomeProgressWasMadeAndThenCallsOnTheRoot) {
  const Partition partition = Partition::by_count(5000, comm_.size());
  const Matrix rows = rows_of(partition, 32);
  bool was_called = false;
  const std::string path = folder_.file("file.h5");
  const auto written = start(path, partition, rows, [&] { was_called = std::filesystem::exists(path); });
  EXPECT_EQ(written->seconds(), 0);
  while (comm_.min(Index{written->seconds() > 0}) == 0) {
    written->progress();
    std::this_thread::yield();
  }
  EXPECT_EQ(was_called, comm_.is_root());
  written->finish();
  EXPECT_NO_THROW(verify_digests(comm_, path));
}

TEST_F(WriteBehindTest, FailsOnEveryRankWhereOneCannotWrite) {
  const Partition partition = Partition::by_count(50'000, comm_.size());
  const Matrix rows = rows_of(partition, 8);
  std::unique_ptr<OutputFile> file;
  {
    Hdf5Writer writer(comm_, folder_.file("file.h5"), 0);
    static_cast<void>(writer.lay_out_matrix("/rows", 50'000, partition.range(comm_.rank()), rows.view()));
    file = writer.close();
  }
  // The last rank finds no place for its rows.
  const Index first_byte = comm_.rank() + 1 == comm_.size() ? -1'000'000'000 : 4096;
  WriteBehind written(background_, std::move(file), {{rows.view(), first_byte}});
  try {
    written.finish();
    ADD_FAILURE() << "expected an error";
  } catch (const AgreedError& error) {
    EXPECT_EQ(error.code(), ExitCode::io_error);
    EXPECT_NE(std::string(error.what()).find("file.h5: cannot write"), std::string::npos) << error.what();
  }
}

TEST_F(WriteBehindTest, LeavesNothingWhereItIsNotFinished) {
  const Partition partition = Partition::by_count(5000, comm_.size());
  const Matrix rows = rows_of(partition, 8);
  { const auto written = start(folder_.file("file.h5"), partition, rows); }
  comm_.barrier();
  EXPECT_TRUE(folder_.names().empty());
}

TEST_F(WriteBehindTest, WhatFollowsMayFail) {
  const Partition partition = Partition::by_count(5, comm_.size());
  const Matrix rows = rows_of(partition, 8);
  const auto written = start(folder_.file("file.h5"), partition, rows,
                             [] { throw Error(ExitCode::cannot_create, "no place for a note"); });
  EXPECT_THROW(written->finish(), AgreedError);
}

}  // namespace
}  // namespace rankwise
