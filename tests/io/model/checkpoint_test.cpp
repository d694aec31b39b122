// Checkpoints as files, and the folder that they lie in.

#include "io/model/checkpoint.hpp"

#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <gtest/gtest.h>

#include "io/model/checkpoint_directory.hpp"
#include "tests/io/model/sample_checkpoint.hpp"
#include "tests/io/shared_folder.hpp"

namespace rankwise {
namespace {

constexpr SampleSize sample_size{.users = 29, .items = 17};
constexpr Index width = 5;

class CheckpointTest : public testing::Test {
 protected:
  [[nodiscard]] std::string sample() const {
    write_sample_checkpoint(comm_, folder_.file("half.h5"), sample_size, width, sample_progress());
    return folder_.file("half.h5");
  }
  [[nodiscard]] Checkpoint read(Index users, Index items, Index columns) const {
    return read_checkpoint(comm_, sample(), Partition::by_count(users, comm_.size()),
                           Partition::by_count(items, comm_.size()), columns);
  }
  /// On the root; all ranks wait for it.
  void make_files(const std::vector<std::string>& names) const {
    for (const std::string& name : names) {
      if (comm_.is_root()) std::ofstream(folder_.file(name));
    }
    comm_.barrier();
  }

  Communicator comm_ = Communicator::world();
  SharedFolder folder_{comm_};
};

TEST_F(CheckpointTest, WhatWasWrittenIsReadOnAnyRanks) {
  const Checkpoint read = CheckpointTest::read(sample_size.users, sample_size.items, width);
  EXPECT_EQ(read.progress.half_sweeps(), 5);
  EXPECT_EQ(read.progress.user_regularizer, sample_progress().user_regularizer);
  EXPECT_EQ(read.progress.history.back().total(), sample_progress().history.back().total());
  const Matrix expected = sample_factors(comm_, sample_size.users, width).local;
  for (Index r = 0; r < expected.rows(); ++r) {
    for (Index c = 0; c < width; ++c) EXPECT_EQ(read.users.row(r)[c], expected.row(r)[c]);
  }
  const CheckpointReader whole(comm_, folder_.file("half.h5"));
  EXPECT_EQ(whole.width(), width);
  EXPECT_EQ(whole.users(), sample_size.users);
  const Matrix items = whole.item_factors({0, whole.items()});
  for (Index r = 0; r < items.rows(); ++r) {
    for (Index c = 0; c < width; ++c) EXPECT_EQ(items.row(r)[c], sample_factor(r, c));
  }
}

TEST_F(CheckpointTest, AnotherTrainingsSizeIsRefused) {
  const auto refusal = [&](Index users, Index items, Index columns) {
    try {
      static_cast<void>(read(users, items, columns));
    } catch (const DamagedCheckpoint& damage) {
      return std::string(damage.what());
    }
    return std::string();
  };
  EXPECT_EQ(refusal(29, 17, 5), "");
  const std::string start = folder_.file("half.h5") + ": holds 29 users and 17 items of 5 factors, expected ";
  EXPECT_EQ(refusal(30, 17, 5), start + "30 and 17 of 5");
  EXPECT_EQ(refusal(29, 16, 5), start + "29 and 16 of 5");
  EXPECT_EQ(refusal(29, 17, 4), start + "29 and 17 of 4");
}

TEST_F(CheckpointTest, NamesThatTellNoEpochAreNoCheckpoints) {
  make_files({"epoch-000002.h5", "epoch-000002-half.h5", "epoch-000010.h5", "epoch-9223372036854775807.h5"});
  make_files({"epoch-.h5", "epoch--1.h5", "epoch-1x.h5", "epoch-9223372036854775808.h5", "epoch-000003-a\nb.h5",
              "step-000004.h5"});
  const std::vector<std::string> of_others{"epoch-000003-mine.h5",
                                           "epoch-000003-half-mine.h5",
                                           "epoch-000003-.h5",
                                           "epoch-000003.h5.h5",
                                           "epoch-3.h5",
                                           "epoch-0000003.h5",
                                           "epoch--00003.h5",
                                           "epoch-000003.hdf5",
                                           ".epoch-000003-mine.h5.1-0.partial",
                                           ".epoch-000003.h5.partial"};
  make_files(of_others);
  make_files({".epoch-000004.h5.123-0.partial", ".epoch-000004-half.h5.123-1.partial"});
  const CheckpointDirectory directory(comm_, folder_.file(""), "epoch", Locking::automatic, {"half"});
  std::vector<std::string> names;
  for (const std::string& path : directory.newest_first()) names.push_back(std::filesystem::path(path).filename());
  EXPECT_EQ(names, (std::vector<std::string>{"epoch-9223372036854775807.h5", "epoch-000010.h5", "epoch-000002-half.h5",
                                             "epoch-000002.h5"}));
  comm_.barrier();
  if (comm_.is_root()) directory.note_newest(folder_.file("epoch-000002.h5"), 1);
  comm_.barrier();
  EXPECT_EQ(directory.newest_first(), std::vector{folder_.file("epoch-000002.h5")});
  for (const std::string& name : of_others) EXPECT_TRUE(std::filesystem::exists(folder_.file(name))) << name;
  EXPECT_FALSE(std::filesystem::exists(folder_.file(".epoch-000004.h5.123-0.partial")));
  EXPECT_FALSE(std::filesystem::exists(folder_.file(".epoch-000004-half.h5.123-1.partial")));
  comm_.barrier();
}

TEST_F(CheckpointTest, WhoRunsHereIsToldInOneLine) {
  const CheckpointDirectory first(comm_, folder_.file(""), "epoch", Locking::automatic);
  if (comm_.is_root()) std::ofstream(folder_.file("lock")) << "process 1\non \33[31mnode";
  comm_.barrier();
  EXPECT_EQ(error_of([&] { const CheckpointDirectory second(comm_, folder_.file(""), "epoch", Locking::automatic); }),
            fmt::format("73: {}: cannot hold checkpoints: process 1?on ?[31mnode runs here", folder_.file("")));
}

}  // namespace
}  // namespace rankwise
