// The fused ranking against plain loops, on every SIMD target.

#include "kernels/ranking/rank_block.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <limits>
#include <numeric>
#include <random>

#include "kernels/ranking/best_candidates.hpp"
#include "kernels/ranking/coarse_block.hpp"
#include "kernels/ranking/coarse_codes.hpp"
#include "tests/kernels/random_data.hpp"
#include "tests/kernels/simd_targets.hpp"

namespace rankwise {
namespace {

using kernels::ItemPrecision;
using kernels::MarkedItems;
using kernels::PackedItems;
using kernels::PositionBits;

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float nan_value = std::numeric_limits<float>::quiet_NaN();

/// Small integers: products are exact, and many scores are equal.
Matrix small_integers(Index rows, Index columns, unsigned seed) {
  std::mt19937 engine(seed);
  Matrix matrix(rows, columns);
  for (Index r = 0; r < rows; ++r) {
    for (float& value : matrix.view().row_span(r)) value = static_cast<float>(static_cast<int>(engine() % 5) - 2);
  }
  return matrix;
}

/// What is ranked: every item but those that `order` leaves out; bits say which are marked.
struct Ranked {
  Matrix users;
  Matrix items;
  std::vector<Index> order;
  std::vector<std::vector<bool>> marked;  // by user, by item
};

Ranked random_ranked(Index users, Index items, Index width, unsigned seed) {
  std::mt19937 engine(seed);
  Ranked ranked{small_integers(users, width, seed), small_integers(items, width, seed + 1), {}, {}};
  for (Index i = 0; i < items; ++i) {
    if (engine() % 6 != 0) ranked.order.push_back(i);
  }
  std::ranges::shuffle(ranked.order, engine);
  ranked.marked.assign(static_cast<std::size_t>(users), std::vector<bool>(static_cast<std::size_t>(items)));
  for (auto& row : ranked.marked) {
    for (std::size_t i = 0; i < row.size(); ++i) row[i] = engine() % 4 == 0;
  }
  return ranked;
}

std::vector<ScoredItem> plain_best(const Ranked& ranked, Index user, MarkedItems rule, Index count) {
  std::vector<ScoredItem> best;
  for (const Index item : ranked.order) {
    const bool is_marked = ranked.marked[static_cast<std::size_t>(user)][static_cast<std::size_t>(item)];
    if (is_marked != (rule == MarkedItems::keep_only)) continue;
    float score = 0;
    for (Index c = 0; c < ranked.users.columns(); ++c)
      score = std::fma(ranked.users.row(user)[c], ranked.items.row(item)[c], score);
    best.push_back({score, item});
  }
  std::ranges::sort(best, better);
  best.resize(std::min(best.size(), static_cast<std::size_t>(count)));
  return best;
}

/// Offers the items in two blocks, cut at `cut_row`, the second one first.
TopItems rank(const Ranked& ranked, MarkedItems rule, Index count, Index cut_row,
              ItemPrecision precision = ItemPrecision::floats) {
  TopItems top(ranked.users.rows(), count);
  for (const RowRange block : {RowRange{cut_row, ranked.items.rows()}, RowRange{0, cut_row}}) {
    std::vector<Index> order;
    for (const Index item : ranked.order) {
      if (block.contains(item)) order.push_back(item - block.begin);
    }
    const PackedItems packed(ranked.items.view().middle_rows(block.begin, block.size()), block.begin, order, precision);
    PositionBits marks(ranked.users.rows(), packed.size());
    for (Index u = 0; u < ranked.users.rows(); ++u) {
      for (Index item = 0; item < ranked.items.rows(); ++item) {
        const std::int32_t position = packed.position(item);
        if (position >= 0 && ranked.marked[static_cast<std::size_t>(u)][static_cast<std::size_t>(item)])
          marks.set(u, position);
      }
    }
    kernels::rank_block(ranked.users.view(), packed, marks, rule, top, 0, precision);
  }
  return top;
}

void expect_equal(const std::vector<ScoredItem>& found, const std::vector<ScoredItem>& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i].item, expected[i].item) << "place " << i;
    EXPECT_EQ(std::memcmp(&found[i].score, &expected[i].score, sizeof(float)), 0) << "place " << i;
  }
}

TEST(RankBlock, FindsWhatPlainLoopsFindWithTiesToTheLowestItem) {
  testing::on_every_simd_target([] {
    unsigned seed = 0;
    for (const Index width : {Index{1}, Index{16}, Index{33}}) {
      for (const Index users : {Index{0}, Index{1}, Index{9}, Index{24}}) {
        for (const Index items : {Index{0}, Index{1}, Index{47}, Index{48}, Index{49}, Index{1700}}) {
          const Ranked ranked = random_ranked(users, items, width, ++seed);
          for (const Index count : {Index{0}, Index{1}, Index{5}, Index{100}, Index{900}}) {
            for (const MarkedItems rule : {MarkedItems::leave_out, MarkedItems::keep_only}) {
              TopItems top = rank(ranked, rule, count, items / 3);
              for (Index u = 0; u < users; ++u) {
                const std::vector<ScoredItem> expected = plain_best(ranked, u, rule, count);
                expect_equal(top.sorted(u), expected);
                top.settle(u);
                expect_equal(top.sorted(u), expected);
              }
            }
          }
        }
      }
    }
  });
}

TEST(RankBlock, GivesTheSameBitsOnEveryTargetWithFma) {
  const std::vector<std::string> targets = testing::fma_targets();
  if (targets.size() < 2) GTEST_SKIP() << "this processor has fewer than two SIMD targets with FMA";
  Ranked ranked = random_ranked(13, 1701, 65, 1);
  ranked.users = testing::random_matrix(13, 65, 1);
  ranked.items = testing::random_matrix(1701, 65, 2);
  for (const std::string& target : targets) {
    SCOPED_TRACE(target);
    kernels::choose_simd_target(target);
    const TopItems top = rank(ranked, MarkedItems::leave_out, 100, 700);
    for (Index u = 0; u < 13; ++u) expect_equal(top.sorted(u), plain_best(ranked, u, MarkedItems::leave_out, 100));
  }
  kernels::choose_simd_target("auto");
}

TEST(RankBlock, WhatIsNoNumberComesFirst) {
  testing::on_every_simd_target([] {
    for (const Index place : {Index{0}, Index{37}, Index{698}}) {
      Ranked ranked{Matrix(1, 1), Matrix(700, 1), std::vector<Index>(700), {std::vector<bool>(700)}};
      std::iota(ranked.order.begin(), ranked.order.end(), Index{0});
      ranked.users.row(0)[0] = 1;
      for (Index i = 0; i < 700; ++i) ranked.items.row(i)[0] = static_cast<float>(i);
      ranked.items.row(place)[0] = nan_value;
      ranked.items.row(50)[0] = infinity;
      ranked.items.row(699)[0] = -nan_value;
      for (const Index cut_row : {0, 300, 699}) {
        const std::vector<ScoredItem> best = rank(ranked, MarkedItems::leave_out, 3, cut_row).sorted(0);
        ASSERT_EQ(best.size(), 3U);
        EXPECT_EQ(best[0].item, place);
        EXPECT_EQ(best[1].item, 699);
        EXPECT_EQ(best[2].item, 50);
      }
    }
  });
}

TEST(RankBlock, AFirstPassInCodesChangesNoBit) {
  if (!kernels::has_coarse_products()) GTEST_SKIP() << "this processor has no AVX-512 VNNI";
  unsigned seed = 100;
  for (const Index width : {Index{1}, Index{3}, Index{64}, Index{70}}) {
    for (const Index users : {Index{1}, Index{8}, Index{21}}) {
      for (const Index items : {Index{1}, Index{49}, Index{2000}}) {
        for (const bool are_integers : {true, false}) {
          Ranked ranked = random_ranked(users, items, width, ++seed);
          if (!are_integers) {
            ranked.users = testing::random_matrix(users, width, seed);
            ranked.items = testing::random_matrix(items, width, seed + 1);
            for (Index i = 0; i < items; ++i) {  // items of all sizes, some of them tiny or zero
              const float size = i % 11 == 0 ? 0.0F : std::ldexp(1.0F, static_cast<int>(i % 40) - 30);
              for (float& value : ranked.items.view().row_span(i)) value *= size;
            }
          }
          for (const Index count : {Index{1}, Index{10}, Index{300}}) {
            for (const MarkedItems rule : {MarkedItems::leave_out, MarkedItems::keep_only}) {
              const TopItems plain = rank(ranked, rule, count, items / 3);
              const TopItems coded = rank(ranked, rule, count, items / 3, ItemPrecision::floats_and_codes);
              for (Index u = 0; u < users; ++u) expect_equal(coded.sorted(u), plain.sorted(u));
            }
          }
        }
      }
    }
  }
}

TEST(RankBlock, CodesAreLeftAsideIfASumLeavesTheRangeOfFloats) {
  for (const float size : {1e17F, 1e19F, 1e30F}) {  // products fit, sums overflow on their way, products overflow
    Ranked large = random_ranked(9, 2000, 16, 7);
    for (Matrix* matrix : {&large.users, &large.items}) {
      for (Index r = 0; r < matrix->rows(); ++r) {
        for (float& value : matrix->view().row_span(r)) value *= size;
      }
    }
    const TopItems plain = rank(large, MarkedItems::leave_out, 10, 200);
    const TopItems coded = rank(large, MarkedItems::leave_out, 10, 200, ItemPrecision::floats_and_codes);
    for (Index u = 0; u < 9; ++u) {
      const std::vector<ScoredItem> expected = plain.sorted(u);
      const std::vector<ScoredItem> found = coded.sorted(u);
      ASSERT_EQ(found.size(), expected.size());
      for (std::size_t i = 0; i < found.size(); ++i) EXPECT_EQ(found[i].item, expected[i].item) << size;
    }
  }
}

TEST(RankBlock, CodesAreLeftAsideIfAValueIsNotFinite) {
  for (const float value : {nan_value, infinity}) {
    Ranked of_items = random_ranked(9, 700, 16, 7);
    of_items.items.row(333)[5] = value;
    Ranked of_users = random_ranked(9, 700, 16, 7);
    of_users.users.row(4)[5] = value;
    for (const Ranked* ranked : {&of_items, &of_users}) {
      const TopItems plain = rank(*ranked, MarkedItems::leave_out, 50, 200);
      const TopItems coded = rank(*ranked, MarkedItems::leave_out, 50, 200, ItemPrecision::floats_and_codes);
      for (Index u = 0; u < 9; ++u) {
        const std::vector<ScoredItem> expected = plain.sorted(u);
        const std::vector<ScoredItem> found = coded.sorted(u);
        ASSERT_EQ(found.size(), expected.size());
        for (std::size_t i = 0; i < found.size(); ++i) EXPECT_EQ(found[i].item, expected[i].item);
      }
    }
  }
}

/// The bound that lets a product of codes stand for a score holds for every pair.
TEST(ItemCodes, LoseNoMoreThanTheirBounds) {
  const Index width = 37;
  const Matrix users = testing::random_matrix(20, width, 1);
  const Matrix items = testing::random_matrix(100, width, 2);
  std::vector<Index> order(100);
  std::iota(order.begin(), order.end(), Index{0});
  const kernels::ItemCodes codes(items.view(), order);
  const kernels::UserCodes coded = kernels::user_codes(users.view());
  for (Index u = 0; u < 20; ++u) {
    for (Index i = 0; i < 100; ++i) {
      const Index panel = i / kernels::panel_items;
      const Index place = i % kernels::panel_items;
      double score = 0;
      Index product = codes.shifts(panel)[place];
      for (Index c = 0; c < width; ++c) {
        score += static_cast<double>(users.row(u)[c]) * static_cast<double>(items.row(i)[c]);
        product += Index{coded.codes[static_cast<std::size_t>(u * coded.stride + c)]} *
                   codes.panel(panel)[(c / 4 * kernels::panel_items + place) * 4 + c % 4];
      }
      const auto at = static_cast<std::size_t>(u);
      const kernels::PanelBounds& bounds = codes.bounds(panel);
      const double bound = coded.norms[at] * bounds.residual_norm + coded.residual_norms[at] * bounds.decoded_norm;
      EXPECT_LE(std::fabs(score - coded.scales[at] * bounds.scale * static_cast<double>(product)), bound + 1e-12);
      EXPECT_LE(bound, 0.05 * coded.norms[at] * bounds.norm);
    }
  }
}

TEST(RankBlock, AZeroIsWithoutSign) {
  Ranked ranked{Matrix(1, 1), Matrix(2, 1), {1, 0}, {std::vector<bool>(2)}};
  ranked.users.row(0)[0] = -1;
  ranked.items.row(1)[0] = 1e-45F;
  ranked.users.row(0)[0] = -1e-3F;  // their product underflows to -0
  const std::vector<ScoredItem> best = rank(ranked, MarkedItems::leave_out, 2, 0).sorted(0);
  ASSERT_EQ(best.size(), 2U);
  EXPECT_EQ(best[0].item, 0);
  EXPECT_FALSE(std::signbit(best[0].score));
  EXPECT_FALSE(std::signbit(best[1].score));
}

/// Scores that are hard to part: none, few distinct ones, all equal, infinite, no numbers.
std::vector<std::vector<float>> awkward_scores(std::size_t size) {
  std::mt19937 engine(static_cast<unsigned>(size));
  std::vector<std::vector<float>> all(6, std::vector<float>(size));
  for (std::size_t i = 0; i < size; ++i) {
    all[0][i] = std::uniform_real_distribution<float>(-1, 1)(engine);
    all[1][i] = static_cast<float>(engine() % 7);
    all[2][i] = 0.5F;
    all[3][i] = engine() % 3 == 0 ? infinity : all[0][i];
    all[4][i] = engine() % 5 == 0 ? nan_value : all[0][i];
    all[5][i] = engine() % 2 == 0 ? 3e38F : -3e38F;
  }
  return all;
}

TEST(BestCandidates, ACutKeepsTheBestAndNoScoreThatFallsShortOfTheThreshold) {
  testing::on_every_simd_target([] {
    for (const std::size_t size : {1U, 15U, 16U, 17U, 300U, 1000U}) {
      for (const std::vector<float>& given : awkward_scores(size)) {
        for (const Index count : {Index{1}, Index{10}, Index{100}}) {
          std::vector<float> scores = given;
          std::vector<std::uint32_t> items(size);
          std::iota(items.rbegin(), items.rend(), 7U);
          std::vector<ScoredItem> expected(std::min(size, static_cast<std::size_t>(count)));
          kernels::sort_best(scores, items, expected);
          auto kept = static_cast<Index>(size);
          float threshold = -infinity;
          const Index most = count + count / 8;
          std::vector<float> upper_scores = scores;
          kernels::cut({scores.data(), upper_scores.data(), items.data(), kept, threshold, count, most}, most);
          EXPECT_TRUE(std::equal(scores.begin(), scores.begin() + kept, upper_scores.begin(),
                                 [](float a, float b) { return std::memcmp(&a, &b, sizeof(float)) == 0; }));
          EXPECT_LE(kept, std::max(most, Index{0}));
          std::vector<ScoredItem> best(expected.size());
          kernels::sort_best(std::span(scores).first(static_cast<std::size_t>(kept)), items, best);
          for (std::size_t i = 0; i < expected.size(); ++i) {
            EXPECT_EQ(best[i].item, expected[i].item);
            EXPECT_FALSE(expected[i].score < threshold);
          }
        }
      }
    }
  });
}

TEST(BestCandidates, AreSortedAsByPlainComparison) {
  testing::on_every_simd_target([] {
    for (const std::size_t size : {0U, 1U, 2U, 15U, 16U, 17U, 511U, 512U, 513U}) {
      for (const std::vector<float>& scores : awkward_scores(size)) {
        std::vector<std::uint32_t> items(size);
        std::iota(items.rbegin(), items.rend(), 7U);
        std::vector<ScoredItem> expected;
        for (std::size_t i = 0; i < size; ++i) expected.push_back({scores[i], Index{items[i]}});
        std::ranges::sort(expected, better);
        for (const std::size_t room : {std::size_t{0}, std::size_t{1}, size / 2, size, size + 9}) {
          std::vector<ScoredItem> best(room);
          const Index sorted = kernels::sort_best(scores, items, best);
          ASSERT_EQ(sorted, static_cast<Index>(std::min(room, size)));
          for (std::size_t i = 0; i < std::min(room, size); ++i) EXPECT_EQ(best[i].item, expected[i].item);
        }
      }
    }
  });
}

TEST(PositionBits, AreReadByPanels) {
  PositionBits bits(3, 101);
  for (const Index position : {0, 47, 48, 100}) bits.set(1, position);
  EXPECT_EQ(bits.panel(1, 0), (std::uint64_t{1} << 47) | 1U);
  EXPECT_EQ(bits.panel(1, 1), 1U);
  EXPECT_EQ(bits.panel(1, 2), std::uint64_t{1} << 4);
  for (Index panel = 0; panel < 3; ++panel) {
    EXPECT_EQ(bits.panel(0, panel), 0U);
    EXPECT_EQ(bits.panel(2, panel), 0U);
  }
  bits.clear(1, 47);
  EXPECT_EQ(bits.panel(1, 0), 1U);
}

}  // namespace
}  // namespace rankwise
