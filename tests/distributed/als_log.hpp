#pragma once
// Small logs, trained on any ranks: what tests of the sweeps share.

#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "distributed/als.hpp"

namespace rankwise {

/// A small whole log, the same on every rank.
struct Log {
  Index users;
  Index items;
  std::map<std::pair<Index, Index>, float> ratings;

  Log(Index user_count, Index item_count, Index draws, unsigned seed) : users(user_count), items(item_count) {
    std::mt19937 engine(seed);
    for (Index i = 0; i < draws; ++i) {
      const auto user = static_cast<Index>(engine()) % users;
      const auto item =
          static_cast<Index>(engine() % static_cast<unsigned>(items)) * static_cast<Index>(engine() % 100) / 100;
      ratings[{user, item}] = static_cast<float>(1 + engine() % 5);
    }
  }
};

enum class Orientation { by_user, by_item };

inline AlsSide side_of(const Communicator& comm, const Objective& objective, const Log& log, Orientation orientation,
                       const Partition& mine, const Partition& other, GatherLimit limit = {},
                       std::shared_ptr<const NodeGroup> nodes = nullptr) {
  const RowRange range = mine.range(comm.rank());
  std::map<std::pair<Index, Index>, float> rows;
  for (const auto& [pair, value] : log.ratings) {
    const Index row = orientation == Orientation::by_user ? pair.first : pair.second;
    const Index column = orientation == Orientation::by_user ? pair.second : pair.first;
    if (range.contains(row)) rows[{row - range.begin, column}] = value;
  }
  std::vector<Index> offsets(static_cast<std::size_t>(range.size()) + 1);
  std::vector<Index> columns;
  std::vector<float> values;
  for (const auto& [place, value] : rows) {
    ++offsets[static_cast<std::size_t>(place.first) + 1];
    columns.push_back(place.second);
    values.push_back(value);
  }
  for (std::size_t r = 1; r < offsets.size(); ++r) offsets[r] += offsets[r - 1];
  return make_als_side(comm, objective, mine, other, {offsets, columns, values}, limit, std::move(nodes));
}

/// All ranks' rows, on every rank.
inline std::vector<float> whole(const Communicator& comm, const FactorMatrix& factors) {
  const std::span<const float> local(factors.local.row(0), factors.local.bytes() / sizeof(float));
  return comm.all_gather_varied(local).values;
}

struct AlsRun {
  std::vector<float> users;
  std::vector<float> items;
  std::vector<double> losses;
};

inline AlsRun run_als(const Communicator& comm, const Objective& objective, const Log& log, Index width, int epochs,
                      const SolverOptions& solver = {}, GatherLimit user_limit = {}, GatherLimit item_limit = {},
                      const std::shared_ptr<const NodeGroup>& nodes = nullptr) {
  const auto partition_of = [&](Index rows) {
    const std::vector<double> costs(static_cast<std::size_t>(chunk_count(rows)), 1.0);
    return Partition::by_count(rows, comm.size()).in_portions(costs, exchange_portions(comm.size()));
  };
  const Partition user_rows = partition_of(log.users);
  const Partition item_rows = partition_of(log.items);
  AlsSide user_side = side_of(comm, objective, log, Orientation::by_user, user_rows, item_rows, user_limit, nodes);
  AlsSide item_side = side_of(comm, objective, log, Orientation::by_item, item_rows, user_rows, item_limit, nodes);
  const SolverPlan user_solver = plan_solver(solver, objective, user_side, width);
  const SolverPlan item_solver = plan_solver(solver, objective, item_side, width);
  const Index zero_columns = objective.biases ? 1 : 0;
  AlsFactors users = with_gramian(
      comm, objective, random_factors(comm, user_rows, width, zero_columns, {5, RandomPurpose::initial_users}));
  AlsFactors items = with_gramian(
      comm, objective, random_factors(comm, item_rows, width, zero_columns, {5, RandomPurpose::initial_items}));
  AlsRun run;
  for (int epoch = 0; epoch < epochs; ++epoch) {
    const HalfSweep first = half_sweep(comm, objective, user_solver, user_side, items, users, &item_side);
    const HalfSweep second =
        half_sweep(comm, objective, item_solver, item_side, users, items, epoch + 1 < epochs ? &user_side : nullptr);
    EXPECT_EQ(first.failed_row, -1);
    EXPECT_EQ(second.failed_row, -1);
    run.losses.push_back(second.observed + first.regularizer + second.regularizer +
                         unobserved_loss(objective, second, users, items));
  }
  run.users = whole(comm, users.factors);
  run.items = whole(comm, items.factors);
  return run;
}

inline std::vector<Objective> objectives() {
  std::vector<Objective> all(5);
  for (Objective& objective : all) objective.regularization = 0.02;
  all[1].weighting = Weighting::linear;
  all[1].alpha = 3;
  all[2].weighting = Weighting::logarithmic;
  all[3].loss = LossKind::explicit_feedback;
  all[4].loss = LossKind::explicit_feedback;
  all[4].biases = true;
  all[4].global_mean = 2.5;
  return all;
}

inline SolverOptions solver_of(SolverChoice choice) {
  SolverOptions solver;
  solver.choice = choice;
  solver.subspace_block = 16;
  return solver;
}

}  // namespace rankwise
