// Assignments come back as they were written, and what does not fit is refused.

#include "io/campaign/assignment_file.hpp"

#include <fstream>
#include <functional>
#include <gtest/gtest.h>
#include <sstream>

#include "distributed/rows/partition.hpp"
#include "io/verify/verify_file.hpp"
#include "tests/io/campaign/sample_assignment.hpp"
#include "tests/io/shared_folder.hpp"

namespace rankwise {
namespace {

class AssignmentFileTest : public testing::Test {
 protected:
  Communicator comm_ = Communicator::world();
  SharedFolder folder_{comm_};
  std::string path_ = folder_.file("assignment.h5");

  [[nodiscard]] std::vector<std::string> faults() const { return check_file(comm_, path_).faults; }
};

TEST_F(AssignmentFileTest, ComesBackAsWritten) {
  for (const Index users : {0, 1, 150}) {
    for (const SampleIds kind : {SampleIds::integers, SampleIds::strings}) {
      write_assignment(comm_, path_, sample_assignment(comm_, users, kind), sample_provenance(), users > 1 ? 3 : 0);
      const AssignmentReader file(comm_, path_);
      EXPECT_EQ(file.users(), users);
      EXPECT_EQ(file.provenance().kind, assignment_kind);
      EXPECT_EQ(file.provenance().dataset_digest, sample_provenance().dataset_digest);
      const RowRange mine = Partition::by_count(users, comm_.size()).range(comm_.rank());
      const CampaignAssignment read = file.read(mine);
      const CampaignAssignment all = sample_assignment(Communicator::single(), users, kind);
      EXPECT_EQ(read.terms.campaign, all.terms.campaign);
      EXPECT_EQ(read.terms.goal, all.terms.goal);
      EXPECT_EQ(read.terms.start_microseconds, all.terms.start_microseconds);
      EXPECT_EQ(read.terms.end_microseconds(), all.terms.start_microseconds + 28 * 86'400 * millionths);
      EXPECT_EQ(read.terms.created_microseconds, all.terms.created_microseconds);
      EXPECT_EQ(read.terms.hold_out_millionths, all.terms.hold_out_millionths);
      EXPECT_EQ(read.terms.global_hold_out_millionths, all.terms.global_hold_out_millionths);
      EXPECT_EQ(read.terms.key_id, all.terms.key_id);
      EXPECT_EQ(read.terms.settings, all.terms.settings);
      EXPECT_EQ(read.offers.names, all.offers.names);
      EXPECT_EQ(read.offers.categories, all.offers.categories);
      EXPECT_EQ(read.offers.channels, all.offers.channels);
      EXPECT_EQ(read.offers.cost_millionths, all.offers.cost_millionths);
      EXPECT_EQ(read.offers.margin_millionths, all.offers.margin_millionths);
      EXPECT_EQ(read.offers.capacity, all.offers.capacity);
      EXPECT_EQ(read.strata, all.strata);
      EXPECT_EQ(read.segments, all.segments);
      ASSERT_EQ(std::ssize(read.groups), mine.size());
      for (Index row = 0; row < mine.size(); ++row) {
        const auto here = static_cast<std::size_t>(row);
        const auto there = static_cast<std::size_t>(mine.begin + row);
        EXPECT_EQ(id_text(read.ids.ids, row), id_text(all.ids.ids, mine.begin + row));
        EXPECT_EQ(read.groups[here], all.groups[there]);
        EXPECT_EQ(read.stratum_of[here], all.stratum_of[there]);
        EXPECT_EQ(read.segment_of[here], all.segment_of[there]);
        EXPECT_EQ(read.past_money_millionths[here], all.past_money_millionths[there]);
        EXPECT_EQ(read.predicted_value_millionths[here], all.predicted_value_millionths[there]);
        const Index entries = read.lines.offsets[here + 1] - read.lines.offsets[here];
        ASSERT_EQ(entries, all.lines.offsets[there + 1] - all.lines.offsets[there]);
        for (Index e = 0; e < entries; ++e) {
          const auto a = static_cast<std::size_t>(read.lines.offsets[here] + e);
          const auto b = static_cast<std::size_t>(all.lines.offsets[there] + e);
          EXPECT_EQ(read.lines.offers[a], all.lines.offers[b]);
          EXPECT_EQ(read.lines.value_millionths[a], all.lines.value_millionths[b]);
          EXPECT_EQ(read.lines.intended[a], all.lines.intended[b]);
          EXPECT_EQ(read.lines.sent[a], all.lines.sent[b]);
        }
      }
      EXPECT_EQ(faults(), std::vector<std::string>{});
    }
  }
}

TEST_F(AssignmentFileTest, WhatContradictsItselfIsRefused) {
  struct Change {
    const char* words;
    bool is_shared;
    std::function<void(CampaignAssignment&)> change;
  };
  const std::vector<Change> changes{
      {"/users/predicted_value", false, [](auto& a) { a.predicted_value_millionths[0] += 1; }},
      {"held out and is sent", false,
       [](auto& a) {
         for (std::size_t c = 0; c < a.groups.size(); ++c) {
           if (a.lines.offsets[c] < a.lines.offsets[c + 1]) a.groups[c] = CustomerGroup::control;
         }
         for (std::int32_t& sent : a.lines.sent) sent = 1;
       }},
      {"/users/stratum: row ", false, [](auto& a) { a.stratum_of.back() = 2; }},
      {"/users/segment: row ", false, [](auto& a) { a.segment_of.back() = -2; }},
      {"/users/offers/offer: row ", false, [](auto& a) { a.lines.offers.back() = 3; }},
      {"neither intended nor sent", false,
       [](auto& a) {
         a.lines.intended.back() = 0;
         a.lines.sent.back() = 0;
       }},
      {"/offers/capacity: holds -2", true, [](auto& a) { a.offers.capacity[0] = -2; }},
      {"holds a name twice", true, [](auto& a) { a.offers.names[1] = "books"; }},
      {"horizon_seconds", true, [](auto& a) { a.terms.horizon_seconds = 0; }},
      {"same id", false,
       [](auto& a) {
         if (a.ids.rows.contains(1)) std::get<0>(a.ids.ids)[static_cast<std::size_t>(1 - a.ids.rows.begin)] = 1000;
       }},
  };
  for (const auto& [words, is_shared, change] : changes) {
    CampaignAssignment sample = sample_assignment(comm_, 150, SampleIds::integers);
    // Terms and offers are the same on every rank; a rank without customers has nothing else to change.
    if (!sample.groups.empty() || is_shared) change(sample);
    write_assignment(comm_, path_, sample, sample_provenance());
    ASSERT_EQ(faults().size(), 1U) << words;
    EXPECT_NE(faults().front().find(words), std::string::npos) << faults().front();
  }
}

TEST_F(AssignmentFileTest, AnotherKindIsRefused) {
  EXPECT_THROW(AssignmentReader(comm_, folder_.file("absent.h5")), AgreedError);
}

}  // namespace
}  // namespace rankwise
