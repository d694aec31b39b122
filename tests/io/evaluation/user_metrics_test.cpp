// Metrics of users come back as they were written, and what does not fit is refused.

#include "io/evaluation/user_metrics.hpp"

#include <bit>
#include <cmath>
#include <gtest/gtest.h>
#include <limits>

#include "io/dataset/id_file.hpp"
#include "io/dataset/provenance_attributes.hpp"
#include "io/hdf5/root_rows.hpp"
#include "io/hdf5/writer.hpp"
#include "io/verify/verify_file.hpp"
#include "tests/io/evaluation/sample_user_metrics.hpp"
#include "tests/io/sample_files.hpp"
#include "tests/io/shared_folder.hpp"

namespace rankwise {
namespace {

class UserMetricsTest : public testing::Test {
 protected:
  Communicator comm_ = Communicator::world();
  SharedFolder folder_{comm_};
  std::string path_ = folder_.file("users.h5");

  /// A file of this kind with a dataset of these values of three users beside /users/ids.
  void write_other(const std::string& dataset, const std::vector<double>& values, std::int64_t second_id) {
    Hdf5Writer file(comm_, path_, 100);
    Provenance provenance = sample_provenance();
    provenance.kind = user_metrics_kind;
    write_provenance(file, provenance);
    file.write_attribute("/", "model-digest", std::uint64_t{5});
    file.create_group("/users");
    const std::vector<std::int64_t> ids{1, second_id, 3};
    write_ids(
        comm_, file, "/users/ids",
        {.rows = root_rows(comm_, 3), .total_rows = 3, .ids = comm_.is_root() ? ids : std::vector<std::int64_t>{}});
    file.create_group("/metrics");
    write_from_root(comm_, file, dataset, values);
    file.write_attribute(dataset, "definition", std::string_view("text"));
    file.commit();
  }
  [[nodiscard]] std::vector<std::string> faults() const { return check_file(comm_, path_).faults; }
};

TEST_F(UserMetricsTest, ComeBackAsWritten) {
  for (const SampleIds kind : {SampleIds::integers, SampleIds::strings}) {
    const UserMetrics written = sample_user_metrics(comm_, 29, kind);
    write_user_metrics(comm_, path_, written, sample_provenance());
    const UserMetricsReader file(comm_, path_);
    EXPECT_EQ(file.users(), 29);
    EXPECT_EQ(file.names(), (std::vector<std::string>{"auc", "recall@20"}));
    EXPECT_EQ(file.model_digest(), written.model_digest);
    EXPECT_EQ(file.provenance().kind, user_metrics_kind);
    EXPECT_EQ(file.provenance().dataset_digest, sample_provenance().dataset_digest);
    EXPECT_EQ(file.user_ids(written.ids.rows).ids, written.ids.ids);
    const UserMetric recall = file.metric(1, written.ids.rows);
    EXPECT_EQ(recall.definition, written.metrics[0].definition);
    ASSERT_EQ(recall.values.size(), written.metrics[0].values.size());
    constexpr double no_value = std::numeric_limits<double>::quiet_NaN();
    for (std::size_t u = 0; u < recall.values.size(); ++u) {
      const double expected = written.metrics[0].values[u];
      EXPECT_EQ(std::bit_cast<std::uint64_t>(recall.values[u]),
                std::bit_cast<std::uint64_t>(std::isnan(expected) ? no_value : expected));
    }
    EXPECT_EQ(file.metric(0, written.ids.rows).values, written.metrics[1].values);
    EXPECT_EQ(faults(), std::vector<std::string>{});
  }
}

TEST_F(UserMetricsTest, OfNoUserOrWithoutMetricsIsAFile) {
  write_user_metrics(comm_, path_, sample_user_metrics(comm_, 0, SampleIds::integers), sample_provenance());
  EXPECT_EQ(UserMetricsReader(comm_, path_).users(), 0);
  EXPECT_EQ(faults(), std::vector<std::string>{});
  UserMetrics none = sample_user_metrics(comm_, 5, SampleIds::integers);
  none.metrics.clear();
  write_user_metrics(comm_, path_, none, sample_provenance());
  EXPECT_TRUE(UserMetricsReader(comm_, path_).names().empty());
}

TEST_F(UserMetricsTest, NamesThatAreNoDatasetsAreRefused) {
  for (const char* name : {"", ".", "a/b", "auc"}) {
    UserMetrics metrics = sample_user_metrics(comm_, 5, SampleIds::integers);
    metrics.metrics[0].name = name;
    EXPECT_EQ(error_of([&] { write_user_metrics(comm_, path_, metrics, sample_provenance()); }),
              "70: \"" + std::string(name) + "\" cannot name a metric's dataset");
  }
}

TEST_F(UserMetricsTest, WhatDoesNotFitIsAFault) {
  write_other("/metrics/auc", {0.5, std::numeric_limits<double>::quiet_NaN(), 1}, 2);
  EXPECT_EQ(faults(), std::vector<std::string>{});
  write_other("/metrics/auc", {0.5, 1}, 2);
  EXPECT_EQ(faults(), std::vector<std::string>{path_ + ": /metrics/auc and /users/ids differ in length"});
  write_other("/metrics/auc", {0.5, std::numeric_limits<double>::infinity(), 1}, 2);
  EXPECT_EQ(faults(), std::vector<std::string>{path_ + ": /metrics/auc: row 1 is infinite"});
  write_other("/metrics/auc", {0.5, 0.25, 1}, 3);
  ASSERT_EQ(faults().size(), 1U);
  EXPECT_TRUE(faults()[0].starts_with(path_ + ": /users/ids")) << faults()[0];
}

}  // namespace
}  // namespace rankwise
