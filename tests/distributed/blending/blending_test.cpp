// Score rows, normalized scores and blended lists against plain loops: in any rounds of users, with items kept or
// streamed, on any number of ranks.

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <limits>
#include <numeric>
#include <vector>

#include "distributed/blending/blended_lists.hpp"
#include "distributed/blending/score_rows.hpp"
#include "distributed/comm/communicator.hpp"
#include "distributed/rows/partition.hpp"
#include "distributed/rows/select_rows.hpp"
#include "tests/kernels/random_data.hpp"

namespace rankwise {
namespace {

constexpr Index item_count = 5000;  // more than one read of items
constexpr Index user_count = 23;
constexpr Index width = 5;

/// Users 0 to 22, each with a few items.
SparseRows histories(const Communicator& comm) {
  SparseRows rows{.rows = Partition::by_count(user_count, comm.size()).range(comm.rank()),
                  .total_rows = user_count,
                  .column_count = item_count,
                  .columns = {},
                  .values = {}};
  for (Index user = rows.rows.begin; user < rows.rows.end; ++user) {
    for (Index item = user % 4; item < item_count && item < 40 * user; item += 37) rows.columns.push_back(item);
    rows.offsets.push_back(std::ssize(rows.columns));
  }
  rows.values.resize(rows.columns.size(), 1);
  return rows;
}

/// Every item but each eleventh was trained on, less popular as the number rises.
Catalogue catalogue_without(const Communicator& comm, Index remainder) {
  const RowRange mine = Partition::by_count(item_count, comm.size()).range(comm.rank());
  std::vector<Index> entries;
  for (Index item = mine.begin; item < mine.end; ++item)
    entries.push_back(item % 11 == remainder ? 0 : item_count - item);
  return make_catalogue(comm, user_count, entries);
}

class BlendingTest : public ::testing::Test {
 protected:
  /// Of global user rows by local ones.
  [[nodiscard]] FillScores factor_scores(const ScoringItems& items) const {
    return [this, &items](std::span<const Index> rows, MatrixView scores) {
      std::vector<Index> users;
      for (const Index row : rows) users.push_back(histories_.rows.begin + row);
      items.fill(select_rows(user_vectors_.view(), users).view(), scores);
    };
  }
  [[nodiscard]] ItemVectors vectors() const {
    return [this](RowRange range) {
      std::vector<Index> rows(at(range.size()));
      std::iota(rows.begin(), rows.end(), range.begin);
      return select_rows(item_vectors_.view(), rows);
    };
  }
  /// Item i + 1 has what the user has of item i; a few negative weights.
  [[nodiscard]] static FillScores neighbour_scores(const SparseRows& histories, float sign) {
    return [&histories, sign](std::span<const Index> rows, MatrixView scores) {
      for (Index u = 0; u < std::ssize(rows); ++u) {
        std::ranges::fill(scores.row_span(u), 0.0F);
        for (const Index item : row_columns(histories, rows[at(u)])) {
          if (item + 1 < item_count) scores.row(u)[item + 1] = sign * static_cast<float>(1 + item % 3);
        }
      }
    };
  }
  [[nodiscard]] std::vector<Index> all_rows() const {
    std::vector<Index> rows(at(histories_.rows.size()));
    std::iota(rows.begin(), rows.end(), Index{0});
    return rows;
  }

  const Communicator comm_ = Communicator::world();
  const SparseRows histories_ = histories(comm_);
  const Matrix user_vectors_ = testing::random_matrix(user_count, width, 3);
  const Matrix item_vectors_ = testing::random_matrix(item_count, width, 4);
  const Catalogue some_ = catalogue_without(comm_, 2);
  const Catalogue others_ = catalogue_without(comm_, 5);
};

TEST_F(BlendingTest, KeptAndStreamedItemsScoreTheSameBits) {
  const ScoringItems kept(item_count, vectors(), ItemStorage::kept);
  const ScoringItems streamed(item_count, vectors(), ItemStorage::streamed);
  Matrix one(user_count, item_count);
  Matrix other(user_count, item_count);
  kept.fill(user_vectors_.view(), one.view());
  streamed.fill(user_vectors_.view(), other.view());
  for (Index u = 0; u < user_count; ++u) {
    EXPECT_TRUE(std::ranges::equal(one.view().row_span(u), other.view().row_span(u)));
    for (Index i = 0; i < item_count; i += 7) {
      float expected = 0;
      for (Index c = 0; c < width; ++c) expected = std::fma(user_vectors_.row(u)[c], item_vectors_.row(i)[c], expected);
      EXPECT_NEAR(one.row(u)[i], expected, 1e-6);
    }
  }
}

TEST_F(BlendingTest, ListsHoldWhatAnyModelKnowsAndAreTheSameInAnyRounds) {
  const std::array catalogues{&some_, &others_};
  const Catalogue joint = joint_catalogue(comm_, catalogues);
  EXPECT_EQ(std::ssize(joint.by_popularity), item_count);
  const ScoringItems items(item_count, vectors(), ItemStorage::kept);
  const std::vector<BlendedModel> models{{"a", some_, {}, item_count, factor_scores(items)},
                                         {"b", others_, {}, item_count, neighbour_scores(histories_, -1)}};
  const std::vector<Index> rows = all_rows();
  const ScoredUsers users{histories_, rows, [](Index row) { return fmt::format("user {}", row); }};
  const std::vector<double> shares{0.75, 0.25};
  for (const auto seen : {SeenItems::exclude, SeenItems::allow, SeenItems::only}) {
    const ListRule rule{joint, seen};
    const auto lists = blended_lists(comm_, {models, ScoreNormalization::standard}, shares, rule, users, item_count);
    for (const Index score_bytes : {Index{1}, Index{3} * 2 * item_count * 4, Index{0}}) {
      std::vector<std::vector<ScoredItem>> found(rows.size());
      for_each_user_scores(
          comm_, models, ScoreNormalization::standard, rule, users,
          [&]() -> TakeUser {
            return [&, user = BlendedUser(item_count)](Index place, const UserScores& scores) mutable {
              if (user.blend(scores, shares)) found[at(place)] = user.best(scores);
            };
          },
          score_bytes);
      ASSERT_EQ(found.size(), lists.size());
      for (std::size_t u = 0; u < lists.size(); ++u) {
        ASSERT_EQ(found[u].size(), lists[u].size());
        for (std::size_t i = 0; i < lists[u].size(); ++i) {
          EXPECT_EQ(found[u][i].item, lists[u][i].item);
          EXPECT_EQ(found[u][i].score, lists[u][i].score);
          EXPECT_TRUE(rule.allows(lists[u][i].item, row_columns(histories_, static_cast<Index>(u))));
          EXPECT_TRUE(i == 0 || better(lists[u][i - 1], lists[u][i]));
        }
        Index allowed = 0;
        for (Index item = 0; item < item_count; ++item)
          allowed += rule.allows(item, row_columns(histories_, static_cast<Index>(u))) ? 1 : 0;
        EXPECT_EQ(std::ssize(lists[u]), allowed > 1 ? allowed : 0);  // one item alone is ordered by nothing
      }
    }
  }
}

TEST_F(BlendingTest, AModelWithoutAPartOrdersNothing) {
  const std::vector<BlendedModel> models{{"a", some_, {}, item_count, neighbour_scores(histories_, 0)},
                                         {"b", some_, {}, item_count, neighbour_scores(histories_, 1)}};
  const std::vector<Index> rows = all_rows();
  const ScoredUsers users{histories_, rows, [](Index row) { return fmt::format("user {}", row); }};
  const ListRule rule{some_, SeenItems::exclude};
  const auto none = blended_lists(comm_, {models, ScoreNormalization::rank}, std::vector<double>{1, 0}, rule, users, 9);
  for (const auto& list : none) EXPECT_TRUE(list.empty());
  const auto lists =
      blended_lists(comm_, {models, ScoreNormalization::rank}, std::vector<double>{0.5, 0.5}, rule, users, 9);
  for (std::size_t u = 0; u < lists.size(); ++u) {
    const bool has_items = !row_columns(histories_, static_cast<Index>(u)).empty();
    EXPECT_EQ(lists[u].size(), has_items ? 9U : 0U);
  }
}

TEST_F(BlendingTest, AScoreThatIsNotFiniteNamesModelUserAndItem) {
  const auto broken = [this](std::span<const Index> rows, MatrixView scores) {
    for (Index u = 0; u < std::ssize(rows); ++u) {
      std::ranges::fill(scores.row_span(u), 1.0F);
      if (histories_.rows.begin + rows[at(u)] == user_count - 1)
        scores.row(u)[6] = std::numeric_limits<float>::infinity();
    }
  };
  const std::vector<BlendedModel> models{{"good.h5", some_, {}, item_count, neighbour_scores(histories_, 1)},
                                         {"bad.h5", some_, {}, item_count, broken}};
  const std::vector<Index> rows = all_rows();
  const ScoredUsers users{histories_, rows,
                          [&](Index row) { return fmt::format("user {}", histories_.rows.begin + row); }};
  try {
    static_cast<void>(blended_lists(comm_, {models, ScoreNormalization::standard}, std::vector<double>{0.5, 0.5},
                                    {some_, SeenItems::allow}, users, 3));
    FAIL() << "expected an error";
  } catch (const AgreedError& error) {
    EXPECT_EQ(error.code(), ExitCode::bad_data);
    EXPECT_NE(std::string(error.what()).find("bad.h5: user 22: the score of item row 6 is inf"), std::string::npos)
        << error.what();
  }
}

}  // namespace
}  // namespace rankwise
