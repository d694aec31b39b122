// Profiles come back as they were written, and what does not fit is refused.

#include "io/profile/profile_file.hpp"

#include <cmath>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

#include "distributed/rows/partition.hpp"
#include "io/points/points_file.hpp"
#include "io/verify/verify_file.hpp"
#include "tests/io/profile/sample_profile.hpp"
#include "tests/io/shared_folder.hpp"

namespace rankwise {
namespace {

class ProfileFileTest : public testing::Test {
 protected:
  Communicator comm_ = Communicator::world();
  SharedFolder folder_{comm_};
  std::string path_ = folder_.file("customers.h5");

  [[nodiscard]] std::vector<std::string> faults() const { return check_file(comm_, path_).faults; }
};

TEST_F(ProfileFileTest, ComesBackAsWritten) {
  for (const SampleIds kind : {SampleIds::integers, SampleIds::strings}) {
    const Profile written = sample_profile(comm_, 150, kind);
    write_profile(comm_, path_, written, sample_provenance(), 0);
    const ProfileReader file(comm_, path_);
    EXPECT_EQ(file.users(), 150);
    EXPECT_EQ(file.provenance().kind, profile_kind);
    EXPECT_EQ(file.provenance().dataset_digest, sample_provenance().dataset_digest);
    const RowRange mine = Partition::by_count(150, comm_.size()).range(comm_.rank());
    const Profile expected = [&] {
      Profile alone = sample_profile(Communicator::single(), 150, kind);
      return alone;
    }();
    const Table read = agree_on(comm_, [&] { return file.table().read(mine); });
    ASSERT_EQ(read.columns.size(), expected.table.columns.size());
    for (std::size_t c = 0; c < read.columns.size(); ++c) {
      EXPECT_EQ(read.columns[c].name, expected.table.columns[c].name);
      for (Index r = 0; r < mine.size(); ++r) {
        EXPECT_EQ(value_text(read.columns[c].values, r), value_text(expected.table.columns[c].values, mine.begin + r));
      }
    }
    const IdRows ids = file.user_ids(mine);
    for (Index r = 0; r < mine.size(); ++r) EXPECT_EQ(id_text(ids.ids, r), id_text(expected.ids.ids, mine.begin + r));
    EXPECT_TRUE(faults().empty());
  }
}

TEST_F(ProfileFileTest, IsTextToo) {
  write_profile_csv(comm_, path_, sample_profile(comm_, 5, SampleIds::strings));
  comm_.barrier();
  std::ostringstream text;
  text << std::ifstream(path_).rdbuf();
  EXPECT_TRUE(text.str().starts_with("id,brand,price,title,orders\nuser 0ü,Ash,0,Stück 0,0\n")) << text.str();
  EXPECT_NE(text.str().find("\nuser 9ü,,,,3\n"), std::string::npos) << text.str();
}

TEST_F(ProfileFileTest, VerifySeesIdsThatDiffer) {
  Profile profile = sample_profile(comm_, 150, SampleIds::integers);
  for (std::int64_t& id : std::get<std::vector<std::int64_t>>(profile.ids.ids)) id = id == 1003 ? 1000 : id;
  write_profile(comm_, path_, profile, sample_provenance(), 0);
  ASSERT_EQ(faults().size(), 1U);
  EXPECT_NE(faults().front().find("same id"), std::string::npos) << faults().front();
}

TEST_F(ProfileFileTest, NumbersAreRowsToCluster) {
  write_profile(comm_, path_, sample_profile(comm_, 150, SampleIds::strings), sample_provenance(), 0);
  PointSource source;
  source.path = path_;
  const PointSet all = read_points(comm_, source);
  EXPECT_EQ(all.dimensions, std::vector<std::string>{"orders"});  // prices are missing
  EXPECT_EQ(all.points.count, 120);
  EXPECT_EQ(all.without_values, 30);
  EXPECT_EQ(all.ids.total_rows, 150);
  EXPECT_EQ(all.warnings.size(), 1U);
  source.columns = "price,orders";
  const PointSet chosen = read_points(comm_, source);
  Index expected = 0;
  for (Index user = 0; user < 150; ++user) expected += user % 5 != 0 && user % 4 != 3 ? 1 : 0;
  EXPECT_EQ(chosen.points.count, expected);
  for (const char* const columns : {"title", "absent", "price,price", ""}) {
    source.columns = columns;
    if (*columns == '\0') source.weights = "orders";
    EXPECT_THROW(static_cast<void>(read_points(comm_, source)), AgreedError) << columns;
  }
}

}  // namespace
}  // namespace rankwise
