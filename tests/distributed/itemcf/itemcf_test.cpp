#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <map>
#include <omp.h>
#include <random>
#include <vector>

#include "distributed/itemcf/dense_ridge.hpp"
#include "distributed/itemcf/entry_weights.hpp"
#include "distributed/itemcf/item_layout.hpp"
#include "distributed/itemcf/long_users.hpp"
#include "distributed/itemcf/neighbours.hpp"
#include "distributed/itemcf/pair_matrix.hpp"
#include "distributed/itemcf/ridge_weights.hpp"

namespace rankwise {
namespace {

using Row = std::map<Index, float>;

/// All of a small log: some users have much, some one item, one has everything, the last items have nobody.
std::vector<Row> small_log(Index users, Index items) {
  std::mt19937 random(17);
  std::vector<Row> rows(at(users));
  for (Index u = 0; u < users; ++u) {
    const Index size = u == 3 ? items : u % 5 == 0 ? 1 : static_cast<Index>(random() % 12);
    while (std::ssize(rows[at(u)]) < std::min(size, items)) {
      const double skewed = std::pow(static_cast<double>(random() % 1000) / 1000, 2);
      const Index item = u == 3 ? std::ssize(rows[at(u)]) : static_cast<Index>(skewed * static_cast<double>(items));
      rows[at(u)][item] = static_cast<float>(1 + random() % 5);
    }
  }
  return rows;
}

SparseRows share_of(const Communicator& comm, const std::vector<Row>& rows, Index items) {
  const auto users = std::ssize(rows);
  SparseRows mine{.rows = Partition::by_count(users, comm.size()).range(comm.rank()),
                  .total_rows = users,
                  .column_count = items,
                  .columns = {},
                  .values = {}};
  for (Index u = mine.rows.begin; u < mine.rows.end; ++u) {
    for (const auto& [item, value] : rows[at(u)]) {
      mine.columns.push_back(item);
      mine.values.push_back(value);
    }
    mine.offsets.push_back(std::ssize(mine.columns));
  }
  return mine;
}

/// Neighbours or weights of all items, on every rank.
std::vector<Row> gathered(const Communicator& comm, const SparseRows& rows) {
  std::vector<Index> sizes;
  for (std::size_t r = 0; r + 1 < rows.offsets.size(); ++r) sizes.push_back(rows.offsets[r + 1] - rows.offsets[r]);
  sizes = comm.all_gather_varied(std::span<const Index>(sizes)).values;
  const std::vector<Index> columns = comm.all_gather_varied(std::span<const Index>(rows.columns)).values;
  const std::vector<float> values = comm.all_gather_varied(std::span<const float>(rows.values)).values;
  std::vector<Row> all;
  std::size_t next = 0;
  for (const Index size : sizes) {
    Row row;
    for (Index e = 0; e < size; ++e, ++next) row[columns[next]] = values[next];
    all.push_back(std::move(row));
  }
  return all;
}

struct Counted {
  WeighedRows plain;
  ItemSums sums;
  ItemLayout layout;
};

Counted counted(const Communicator& comm, const std::vector<Row>& log, Index items, EntryWeighting weighting) {
  Counted found{weigh_entries(comm, share_of(comm, log, items), weighting), {}, {}};
  found.sums = sum_items(comm, found.plain);
  found.layout = lay_out_items(comm, found.plain.rows, found.sums.entries);
  return found;
}

std::vector<Row> neighbours_of(const Communicator& comm, const Counted& counted, const SimilaritySettings& similarity,
                               const NeighbourRule& rule, Index budget_bytes) {
  const WeighedRows weighed =
      reweighs(similarity.kind) ? reweigh(comm, counted.plain, counted.sums, similarity) : counted.plain;
  const ItemSums sums = sum_items(comm, weighed);
  const std::vector<double> sizes =
      similarity_sizes(similarity.kind, counted.sums, counted.plain.quantum, sums, weighed.quantum);
  const PairMatrix matrix = make_pair_matrix(comm, counted.layout, weighed);
  return gathered(comm, find_neighbours(comm, counted.layout, matrix, similarity, sizes, rule, budget_bytes));
}

/// Every pair by plain loops in double, from the log itself.
struct BruteForce {
  std::vector<std::vector<double>> common;
  std::vector<std::vector<Index>> users;
  std::vector<double> sums;

  BruteForce(const std::vector<Row>& log, Index items, EntryWeighting weighting, const SimilaritySettings& similarity)
      : common(at(items), std::vector<double>(at(items))),
        users(at(items), std::vector<Index>(at(items))),
        sums(at(items)) {
    std::vector<Index> entries(at(items));
    double whole = 0;
    for (const Row& row : log) {
      for (const auto& [item, value] : row) {
        sums[at(item)] += entry_weight(weighting, value);
        whole += entry_weight(weighting, value);
        ++entries[at(item)];
      }
    }
    const auto used = static_cast<double>(std::ranges::count_if(entries, [](Index n) { return n > 0; }));
    for (const Row& row : log) {
      double user_sum = 0;
      for (const auto& [item, value] : row) user_sum += entry_weight(weighting, value);
      const double rarity = std::log((1 + used) / (1 + static_cast<double>(row.size())));
      const auto weight = [&](Index item, float value) {
        const double w = entry_weight(weighting, value);
        switch (similarity.kind) {
          case SimilarityKind::tfidf:
            return std::sqrt(w) * rarity;
          case SimilarityKind::bm25:
            return w * 2.2 / (1.2 * (0.25 + 0.75 * sums[at(item)] / (whole / used)) + w) * rarity;
          case SimilarityKind::rp3beta:
            return std::pow(w, similarity.walk_exponent) / std::pow(user_sum, similarity.walk_exponent / 2);
          default:
            return w;
        }
      };
      for (const auto& [i, of_i] : row) {
        for (const auto& [j, of_j] : row) {
          common[at(i)][at(j)] += weight(i, of_i) * weight(j, of_j);
          ++users[at(i)][at(j)];
        }
      }
    }
  }

  [[nodiscard]] double similarity(const SimilaritySettings& s, Index i, Index j) const {
    const double c = common[at(i)][at(j)];
    const double a = common[at(i)][at(i)];
    const double b = common[at(j)][at(j)];
    switch (s.kind) {
      case SimilarityKind::jaccard:
        return c / (a + b - c + s.shrinkage);
      case SimilarityKind::conditional:
        return c / (a * std::pow(b, s.popularity_exponent) + s.shrinkage);
      case SimilarityKind::rp3beta:
        return c / (std::pow(sums[at(i)], s.walk_exponent) * std::pow(sums[at(j)], s.popularity_exponent));
      default:
        return c / (std::pow(a, s.asymmetry) * std::pow(b, 1 - s.asymmetry) + s.shrinkage);
    }
  }
};

constexpr Index users = 150;
constexpr Index items = 200;  // more than a chunk for each of three ranks

/// Everything that similarities may be asked for.
std::vector<SimilaritySettings> all_similarities() {
  return {{},
          {.shrinkage = 7.5},
          {.asymmetry = 0.2},
          {.kind = SimilarityKind::jaccard, .shrinkage = 2},
          {.kind = SimilarityKind::conditional, .popularity_exponent = 0.4},
          {.kind = SimilarityKind::tfidf},
          {.kind = SimilarityKind::bm25, .shrinkage = 1},
          {.kind = SimilarityKind::rp3beta, .popularity_exponent = 0.6, .walk_exponent = 0.8}};
}

TEST(ItemNeighboursTest, AllPairsAreThoseOfBruteForce) {
  const Communicator comm = Communicator::world();
  const std::vector<Row> log = small_log(users, items);
  for (const EntryWeighting weighting : {EntryWeighting::one, EntryWeighting::value, EntryWeighting::logarithm}) {
    const Counted counts = counted(comm, log, items, weighting);
    EXPECT_EQ(counts.plain.kind == EntryWeights::ones, weighting == EntryWeighting::one);
    for (const SimilaritySettings& similarity : all_similarities()) {
      const BruteForce brute(log, items, weighting, similarity);
      const std::vector<Row> found = neighbours_of(comm, counts, similarity, {}, 0);
      ASSERT_EQ(std::ssize(found), items);
      const bool is_exact = !reweighs(similarity.kind) && weighting != EntryWeighting::logarithm;
      const double tolerance = is_exact ? 1e-6 : 2e-3;  // of weights in fixed point
      for (Index j = 0; j < items; ++j) {
        Index expected = 0;
        for (Index i = 0; i < items; ++i) {
          const bool is_pair = i != j && std::abs(brute.common[at(i)][at(j)]) > 1e-12;
          const double value = is_pair ? brute.similarity(similarity, i, j) : 0;
          const auto each = found[at(j)].find(i);
          if (value > 1e-5) ++expected;
          const double got = each == found[at(j)].end() ? 0 : static_cast<double>(each->second);
          ASSERT_NEAR(got, value, tolerance * std::max(value, 1e-3)) << i << " " << j;
        }
        ASSERT_GE(std::ssize(found[at(j)]), expected);
      }
    }
  }
}

TEST(ItemNeighboursTest, TheNearestAreExactWithTiesToTheLowerItem) {
  const Communicator comm = Communicator::world();
  const std::vector<Row> log = small_log(users, items);
  const Counted counts = counted(comm, log, items, EntryWeighting::value);
  const SimilaritySettings similarity;
  const BruteForce brute(log, items, EntryWeighting::value, similarity);
  for (const Index least_users : {Index{1}, Index{2}}) {
    const NeighbourRule rule{7, 0.01, least_users};
    const std::vector<Row> found = neighbours_of(comm, counts, similarity, rule, 0);
    for (Index j = 0; j < items; ++j) {
      std::vector<std::pair<float, Index>> order;
      for (Index i = 0; i < items; ++i) {
        if (i == j || brute.users[at(i)][at(j)] < least_users) continue;
        const auto value = static_cast<float>(brute.common[at(i)][at(j)] / (std::sqrt(brute.common[at(i)][at(i)]) *
                                                                            std::sqrt(brute.common[at(j)][at(j)])));
        if (value >= 0.01F) order.emplace_back(-value, i);
      }
      std::ranges::sort(order);
      order.resize(std::min<std::size_t>(order.size(), 7));
      Row expected;
      for (const auto& [negative, i] : order) expected[i] = -negative;
      EXPECT_EQ(found[at(j)], expected) << "item " << j;
    }
  }
}

TEST(ItemNeighboursTest, BudgetsAndThreadsChangeNoBit) {
  const Communicator comm = Communicator::world();
  const std::vector<Row> log = small_log(users, items);
  const int threads = omp_get_max_threads();
  for (const EntryWeighting weighting : {EntryWeighting::one, EntryWeighting::value}) {
    const Counted counts = counted(comm, log, items, weighting);
    const NeighbourRule rule{20, 0, 1};
    const std::vector<Row> expected = neighbours_of(comm, counts, {}, rule, 0);
    for (const int some : {1, 3}) {
      omp_set_num_threads(some);
      for (const Index budget : {Index{1000}, Index{8000}})  // the first is less than a user has
        EXPECT_EQ(neighbours_of(comm, counts, {}, rule, budget), expected) << budget;
    }
    omp_set_num_threads(threads);
  }
}

TEST(ItemNeighboursTest, OneUserWithEverythingAndEqualRowsAreNoSpecialCase) {
  const Communicator comm = Communicator::world();
  Row everything;
  for (Index i = 0; i < 5; ++i) everything[i] = 1;
  for (const Index same : {1, 4}) {
    const std::vector<Row> log(at(same), everything);
    const Counted counts = counted(comm, log, 5, EntryWeighting::one);
    for (const Row& row : neighbours_of(comm, counts, {}, {2, 0, 1}, 0)) {
      EXPECT_EQ(row.size(), 2U);
      for (const auto& [item, value] : row) EXPECT_EQ(value, 1.0F);
    }
    // Nothing is rare about a user with everything.
    for (const Row& row : neighbours_of(comm, counts, {.kind = SimilarityKind::tfidf}, {2, 0, 1}, 0))
      EXPECT_TRUE(row.empty());
  }
  const std::vector<Row> apart{{{0, 1.0F}}, {{1, 1.0F}}, {}};
  for (const Row& row : neighbours_of(comm, counted(comm, apart, 3, EntryWeighting::one), {}, {2, 0, 1}, 0))
    EXPECT_TRUE(row.empty());
}

/// (G_SS + penalty I) b = G_Sj by Gaussian elimination.
std::vector<double> solved(std::vector<std::vector<double>> a, std::vector<double> b) {
  const std::size_t n = b.size();
  for (std::size_t p = 0; p < n; ++p) {
    for (std::size_t r = p + 1; r < n; ++r) {
      const double factor = a[r][p] / a[p][p];
      for (std::size_t c = p; c < n; ++c) a[r][c] -= factor * a[p][c];
      b[r] -= factor * b[p];
    }
  }
  for (std::size_t p = n; p-- > 0;) {
    for (std::size_t c = p + 1; c < n; ++c) b[p] -= a[p][c] * b[c];
    b[p] /= a[p][p];
  }
  return b;
}

struct Ridge {
  std::vector<Row> neighbourhoods;
  std::vector<Row> dense;
};

Ridge ridge_of(const Communicator& comm, const Counted& counts, const RidgeSettings& settings,
               const NeighbourRule& rule, Index budget_bytes) {
  const PairMatrix matrix = make_pair_matrix(comm, counts.layout, counts.plain);
  const std::vector<double> sizes =
      similarity_sizes(SimilarityKind::cosine, counts.sums, counts.plain.quantum, counts.sums, counts.plain.quantum);
  const RidgeScaling scaling(counts.sums, counts.plain.quantum, counts.plain.rows.total_rows, settings.normalization);
  SparseRows neighbours = find_neighbours(comm, counts.layout, matrix, {}, sizes, rule, budget_bytes);
  return {
      gathered(
          comm,
          ridge_weights(comm, counts.layout, matrix, scaling, settings, std::move(neighbours), budget_bytes).weights),
      gathered(comm, dense_ridge(comm, counts.layout, matrix, counts.sums, scaling, settings, budget_bytes).weights)};
}

TEST(RidgeTest, NeighbourhoodsAndAllItemsAreThoseOfPlainElimination) {
  const Communicator comm = Communicator::world();
  const std::vector<Row> log = small_log(users, items);
  const Counted counts = counted(comm, log, items, EntryWeighting::value);
  for (const double normalization : {0.0, 0.75}) {
    const RidgeSettings settings{normalization > 0 ? 0.5 : 20.0, normalization};
    const Ridge found = ridge_of(comm, counts, settings, {9, 0, 1}, 0);
    const BruteForce brute(log, items, EntryWeighting::value, {});
    const auto variance = [&](Index i) {
      return brute.common[at(i)][at(i)] - brute.sums[at(i)] * brute.sums[at(i)] / static_cast<double>(users);
    };
    const auto element = [&](Index i, Index j) {
      if (normalization == 0) return brute.common[at(i)][at(j)];
      return (brute.common[at(i)][at(j)] - brute.sums[at(i)] * brute.sums[at(j)] / static_cast<double>(users)) /
             std::pow(variance(i) * variance(j), normalization / 2);
    };
    for (const auto* rows : {&found.neighbourhoods, &found.dense}) {
      for (Index j = 0; j < items; ++j) {
        const Row& row = (*rows)[at(j)];
        ASSERT_EQ(row.size(), rows == &found.dense ? 199U : std::min<std::size_t>(row.size(), 9));
        std::vector<std::vector<double>> a;
        std::vector<double> b;
        for (const auto& [r, ignored] : row) {
          a.emplace_back();
          for (const auto& [c, also] : row) a.back().push_back(element(r, c) + (r == c ? settings.penalty : 0));
          b.push_back(element(r, j));
        }
        const std::vector<double> expected = solved(a, b);
        std::size_t next = 0;
        for (const auto& [i, weight] : row) {
          const double scaled = normalization == 0
                                    ? expected[next]
                                    : expected[next] * std::pow(variance(j) / variance(i), normalization / 2);
          ++next;
          ASSERT_NEAR(static_cast<double>(weight), scaled, 1e-5 * std::max(1.0, std::abs(scaled))) << i << " " << j;
        }
      }
    }
  }
}

TEST(RidgeTest, BudgetsChangeNoBit) {
  const Communicator comm = Communicator::world();
  const Counted counts = counted(comm, small_log(users, items), items, EntryWeighting::one);
  const RidgeSettings settings{5, 0};
  const Ridge expected = ridge_of(comm, counts, settings, {9, 0, 1}, 0);
  for (const Index budget : {Index{8000}, Index{100000}}) {
    const Ridge found = ridge_of(comm, counts, settings, {9, 0, 1}, budget);
    EXPECT_EQ(found.neighbourhoods, expected.neighbourhoods);
    EXPECT_EQ(found.dense, expected.dense);
  }
}

TEST(RidgeTest, HalfOfThePairsAreCountedForABatchAndNoMore) {
  const Communicator comm = Communicator::world();
  const std::vector<Row> log = small_log(users, items);
  const Counted counts = counted(comm, log, items, EntryWeighting::value);
  const PairMatrix matrix = make_pair_matrix(comm, counts.layout, counts.plain);
  const std::vector<double> sizes =
      similarity_sizes(SimilarityKind::cosine, counts.sums, counts.plain.quantum, counts.sums, counts.plain.quantum);
  const RidgeScaling scaling(counts.sums, counts.plain.quantum, users, 0);
  Index most = 0;
  for (const Row& row : log) most += std::ssize(row) * (std::ssize(row) - 1) / 2;
  // All neighbours of all items: every item is asked for all others of lower numbers, once.
  SparseRows all = find_neighbours(comm, counts.layout, matrix, {}, sizes, {}, 0);
  const RidgeWeights found = ridge_weights(comm, counts.layout, matrix, scaling, {50, 0}, std::move(all), 0);
  EXPECT_EQ(found.batches, 1);
  EXPECT_LE(found.counted_pairs, most);
  EXPECT_GT(found.counted_pairs, most * 9 / 10);
  EXPECT_GE(found.asked_pairs, (items - 1) * items / 2);  // one user has everything
  EXPECT_EQ(found.solved_in_double, 0);
  EXPECT_EQ(found.hardest.item, -1);
}

TEST(HardestSystemTest, IsTheSameOnAllRanksWithTiesToTheLowerItem) {
  const Communicator comm = Communicator::world();
  const HardestSystem mine{.item = 10 - comm.rank(), .condition = comm.rank() == 3 ? 4.0 : 5.0};
  const HardestSystem found = hardest_of(comm, mine);
  EXPECT_EQ(found.condition, 5.0);
  const int last = comm.size() - 1;
  EXPECT_EQ(found.item, 10 - last);
  EXPECT_EQ(hardest_of(comm, {}).item, -1);
}

TEST(LongUsersTest, TheCutIsTheSameWhoeverHoldsThem) {
  const Communicator comm = Communicator::world();
  const std::vector<Row> log = small_log(users, items);
  SparseRows rows = share_of(comm, log, items);
  const Index before = comm.sum(rows.entries());
  std::vector<std::uint64_t> user_keys;
  std::vector<std::uint64_t> item_keys;
  for (Index u = 0; u < users; ++u) user_keys.push_back(static_cast<std::uint64_t>(u) * 7919 + 1);
  for (Index i = 0; i < items; ++i) item_keys.push_back(static_cast<std::uint64_t>(i) * 104729 + 3);
  const DrawKeys mine{std::span<const std::uint64_t>(user_keys).subspan(at(rows.rows.begin), at(rows.rows.size())),
                      item_keys};
  const LongUsers found = cut_long_users(comm, rows, 10, mine, 42);
  EXPECT_EQ(found.longest, items);
  EXPECT_GT(found.users, 0);
  EXPECT_EQ(comm.sum(rows.entries()), before - found.dropped);
  const std::vector<Row> cut = gathered(comm, rows);
  Index longer = 0;
  for (Index u = 0; u < users; ++u) {
    EXPECT_EQ(std::ssize(cut[at(u)]), std::min<Index>(std::ssize(log[at(u)]), 10));
    longer += std::ssize(log[at(u)]) > 10 ? 1 : 0;
    for (const auto& [item, value] : cut[at(u)]) EXPECT_EQ(log[at(u)].at(item), value);
  }
  EXPECT_EQ(found.users, longer);
  // One rank alone draws the same.
  const Communicator alone = Communicator::single();
  SparseRows whole = share_of(alone, log, items);
  cut_long_users(alone, whole, 10, {user_keys, item_keys}, 42);
  EXPECT_EQ(gathered(alone, whole), cut);
}

}  // namespace
}  // namespace rankwise
