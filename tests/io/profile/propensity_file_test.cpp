// Propensities come back as they were written, are a table of users, and verify sees what does not fit.

#include "io/profile/propensity_file.hpp"

#include <cmath>
#include <gtest/gtest.h>

#include "distributed/rows/partition.hpp"
#include "io/dataset/dataset_tables.hpp"
#include "io/verify/verify_file.hpp"
#include "tests/io/profile/sample_propensity.hpp"
#include "tests/io/shared_folder.hpp"

namespace rankwise {
namespace {

class PropensityFileTest : public testing::Test {
 protected:
  Communicator comm_ = Communicator::world();
  SharedFolder folder_{comm_};
  std::string path_ = folder_.file("scores.h5");

  [[nodiscard]] std::vector<std::string> faults() const { return check_file(comm_, path_).faults; }
};

TEST_F(PropensityFileTest, ComesBackAsWritten) {
  for (const Index terms : {1, 70}) {
    write_propensity(comm_, path_, sample_scores(comm_, 150, SampleIds::strings), sample_terms(terms), "2024-05-31",
                     sample_provenance(), 0);
    const PropensityReader file(comm_, path_);
    EXPECT_EQ(file.users(), 150);
    EXPECT_EQ(file.provenance().kind, propensity_kind);
    const RowRange mine = Partition::by_count(150, comm_.size()).range(comm_.rank());
    const Numbers found = agree_on(comm_, [&] { return file.scores().numbers("probability", mine); });
    for (Index row = 0; row < mine.size(); ++row) {
      const Index user = mine.begin + row;
      const double number = found[static_cast<std::size_t>(row)];
      if (user % 7 == 3) {
        EXPECT_TRUE(std::isnan(number));
      } else {
        EXPECT_EQ(number, 1.0 / static_cast<double>(user + 1));
      }
    }
    const Table model = agree_on(comm_, [&] { return file.terms().read({0, file.terms().rows()}); });
    EXPECT_EQ(file.terms().rows(), terms);
    EXPECT_EQ(std::get<Numbers>(model.find("coefficient")->values).front(), -1.5);
    EXPECT_EQ(id_text(file.term_names({0, 1}).ids, 0), "(intercept)");
    EXPECT_TRUE(faults().empty()) << faults().front();
  }
}

TEST_F(PropensityFileTest, IsATableOfUsers) {
  write_propensity(comm_, path_, sample_scores(comm_, 150, SampleIds::integers), sample_terms(3), "",
                   sample_provenance(), 0);
  const RowRange mine = Partition::by_count(150, comm_.size()).range(comm_.rank());
  const std::optional<Table> table = read_user_table(comm_, path_, mine);
  ASSERT_TRUE(table);
  EXPECT_EQ(table->columns.front().name, "probability");
  EXPECT_EQ(table->columns.front().type(), ColumnType::number);
}

TEST_F(PropensityFileTest, VerifySeesIdsThatDiffer) {
  Profile scores = sample_scores(comm_, 150, SampleIds::integers);
  for (std::int64_t& id : std::get<std::vector<std::int64_t>>(scores.ids.ids)) id = id == 1003 ? 1000 : id;
  write_propensity(comm_, path_, scores, sample_terms(3), "", sample_provenance(), 0);
  ASSERT_EQ(faults().size(), 1U);
  EXPECT_NE(faults().front().find("same id"), std::string::npos) << faults().front();
}

TEST_F(PropensityFileTest, OtherKindsAreRefused) {
  write_profile(comm_, path_, sample_profile(comm_, 20, SampleIds::integers), sample_provenance(), 0);
  EXPECT_THROW(PropensityReader(comm_, path_), AgreedError);
}

}  // namespace
}  // namespace rankwise
