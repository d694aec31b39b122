#pragma once
// Small logs, trained on any ranks: what tests of the sweeps share.

#include <algorithm>
#include <gtest/gtest.h>
#include <limits>
#include <map>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "distributed/als/half_sweep.hpp"
#include "distributed/als/solver_plan.hpp"
#include "distributed/als/training.hpp"

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

/// Columns and values of every row.
inline std::vector<std::pair<std::vector<Index>, std::vector<float>>> rows_of(const Log& log, Orientation orientation) {
  const bool by_user = orientation == Orientation::by_user;
  std::vector<std::pair<std::vector<Index>, std::vector<float>>> rows(
      static_cast<std::size_t>(by_user ? log.users : log.items));
  for (const auto& [pair, value] : log.ratings) {
    auto& [columns, values] = rows[static_cast<std::size_t>(by_user ? pair.first : pair.second)];
    columns.push_back(by_user ? pair.second : pair.first);
    values.push_back(value);
  }
  return rows;
}

inline std::vector<Index> row_sizes(const Log& log, Orientation orientation) {
  std::vector<Index> sizes(static_cast<std::size_t>(orientation == Orientation::by_user ? log.users : log.items));
  for (const auto& [pair, value] : log.ratings) {
    ++sizes[static_cast<std::size_t>(orientation == Orientation::by_user ? pair.first : pair.second)];
  }
  return sizes;
}

inline SolverPlan solver_for(const SolverOptions& options, const Objective& objective, const Log& log,
                             Orientation orientation, Index width) {
  const Index opposite = orientation == Orientation::by_user ? log.items : log.users;
  return plan_solver(options, objective, rows_by_size(row_sizes(log, orientation)), opposite, width);
}

inline TrainingSide side_of(const Communicator& comm, const Objective& objective, const Log& log,
                            Orientation orientation, const Partition& mine, const Partition& other,
                            const Gathering& gathering = {}, const std::vector<SharedRow>& shared = {}) {
  const RowRange range = mine.range(comm.rank());
  const auto is_shared = [&](Index row) { return std::ranges::binary_search(shared, row, {}, &SharedRow::row); };
  std::map<std::pair<Index, Index>, float> own_rows;
  for (const auto& [pair, value] : log.ratings) {
    const Index row = orientation == Orientation::by_user ? pair.first : pair.second;
    const Index column = orientation == Orientation::by_user ? pair.second : pair.first;
    if (range.contains(row) && !is_shared(row)) own_rows[{row - range.begin, column}] = value;
  }
  std::vector<Index> offsets(static_cast<std::size_t>(range.size()) + 1);
  std::vector<Index> columns;
  std::vector<float> values;
  for (const auto& [place, value] : own_rows) {
    ++offsets[static_cast<std::size_t>(place.first) + 1];
    columns.push_back(place.second);
    values.push_back(value);
  }
  for (std::size_t r = 1; r < offsets.size(); ++r) offsets[r] += offsets[r - 1];
  SharedParts parts{shared, {}};
  const auto rows = shared.empty() ? decltype(rows_of(log, orientation)){} : rows_of(log, orientation);
  for (const SharedPart& part : parts_of(shared, comm.rank())) {
    const auto& [entry_columns, entry_values] = rows[static_cast<std::size_t>(part.row)];
    for (Index e = part.entries.begin; e < part.entries.end; ++e) {
      parts.parts.columns.push_back(entry_columns[static_cast<std::size_t>(e)]);
      parts.parts.values.push_back(entry_values[static_cast<std::size_t>(e)]);
    }
    parts.parts.offsets.push_back(static_cast<Index>(parts.parts.columns.size()));
  }
  return make_training_side(comm, objective, mine, other, {offsets, columns, values}, std::move(parts), gathering);
}

/// Shares every row of at least `least` entries: its parts go round the ranks, beginning anywhere.
inline std::vector<SharedRow> share_long_rows(const Communicator& comm, const Log& log, Orientation orientation,
                                              Index least) {
  std::vector<SharedRow> shared;
  const std::vector<Index> sizes = row_sizes(log, orientation);
  for (Index row = 0; row < static_cast<Index>(sizes.size()); ++row) {
    const Index entries = sizes[static_cast<std::size_t>(row)];
    if (entries < least) continue;
    SharedRow split{row, entries, {}};
    for (Index part = 0; part < kernels::part_count(entries); ++part) {
      split.ranks.push_back(static_cast<int>((row * 5 + part / 2) % comm.size()));
    }
    shared.push_back(std::move(split));
  }
  return shared;
}

/// All ranks' rows, on every rank.
inline std::vector<float> whole(const Communicator& comm, const FactorMatrix& factors) {
  const std::span<const float> local(factors.local.row(0), factors.local.bytes() / sizeof(float));
  return comm.all_gather_varied(local).values;
}

/// How a training of a small log is set up.
struct LogTraining {
  SolverOptions solver = {};
  GatherLimit user_limit = {};
  GatherLimit item_limit = {};
  std::shared_ptr<const NodeGroup> nodes = nullptr;
  Index least_shared = std::numeric_limits<Index>::max();  ///< entries of rows that ranks share
  RowFormat format = RowFormat::float32;
};

inline AlsTraining training_of(const Communicator& comm, const Objective& objective, const Log& log, Index width,
                               Index epochs, const LogTraining& set_up = {}) {
  const auto partition_of = [&](Index rows) {
    const std::vector<double> costs(static_cast<std::size_t>(chunk_count(rows)), 1.0);
    return Partition::by_count(rows, comm.size()).in_portions(costs, exchange_portions(comm.size()));
  };
  const Partition user_rows = partition_of(log.users);
  const Partition item_rows = partition_of(log.items);
  const auto trained = [&](Orientation orientation, const Partition& mine, const Partition& other, GatherLimit limit,
                           RandomPurpose purpose) {
    FactorMatrix factors = random_factors(comm, mine, width, objective.biases ? 1 : 0, {5, purpose});
    return TrainedSide{solver_for(set_up.solver, objective, log, orientation, width),
                       side_of(comm, objective, log, orientation, mine, other, {limit, set_up.nodes, set_up.format},
                               share_long_rows(comm, log, orientation, set_up.least_shared)),
                       with_gramian(comm, objective, std::move(factors))};
  };
  return {
      .objective = objective,
      .solver = set_up.solver,
      .epochs = epochs,
      .users = trained(Orientation::by_user, user_rows, item_rows, set_up.user_limit, RandomPurpose::initial_users),
      .items = trained(Orientation::by_item, item_rows, user_rows, set_up.item_limit, RandomPurpose::initial_items)};
}

/// Lets a training run, and nothing else.
class PlainDriver : public TrainingDriver {
 public:
  void end_sweep(const HalfSweepTask& /*task*/, const HalfSweep& done) override { EXPECT_EQ(done.failed_row, -1); }
};

struct AlsRun {
  std::vector<float> users;
  std::vector<float> items;
  std::vector<double> losses;
};

inline AlsRun run_als(const Communicator& comm, const Objective& objective, const Log& log, Index width, int epochs,
                      const SolverOptions& solver = {}, GatherLimit user_limit = {}, GatherLimit item_limit = {},
                      const std::shared_ptr<const NodeGroup>& nodes = nullptr,
                      Index least_shared = std::numeric_limits<Index>::max(), RowFormat format = RowFormat::float32) {
  AlsTraining training =
      training_of(comm, objective, log, width, epochs, {solver, user_limit, item_limit, nodes, least_shared, format});
  PlainDriver driver;
  train(comm, training, driver);
  AlsRun run;
  for (const EpochLoss& loss : training.progress.history) run.losses.push_back(loss.total());
  run.users = whole(comm, training.users.factors.factors);
  run.items = whole(comm, training.items.factors.factors);
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

/// The row that a half-sweep over users names where users 70 and 190 have fewer entries than unknowns and nothing
/// regularizes.
inline Index first_unsolvable_user(const Communicator& comm, const std::shared_ptr<const NodeGroup>& nodes) {
  Objective objective = objectives()[3];
  objective.regularization = 0;
  Log log(200, 150, 0, 1);
  log.ratings[{190, 3}] = 1;
  log.ratings[{70, 140}] = 2;
  const Partition user_rows = Partition::by_count(log.users, comm.size());
  const Partition item_rows = Partition::by_count(log.items, comm.size());
  TrainingSide user_side = side_of(comm, objective, log, Orientation::by_user, user_rows, item_rows, {{}, nodes});
  TrainingSide item_side = side_of(comm, objective, log, Orientation::by_item, item_rows, user_rows, {{}, nodes});
  AlsFactors users =
      with_gramian(comm, objective, random_factors(comm, user_rows, 4, 0, {5, RandomPurpose::initial_users}));
  const AlsFactors items =
      with_gramian(comm, objective, random_factors(comm, item_rows, 4, 0, {5, RandomPurpose::initial_items}));
  const Index row = half_sweep(comm, objective, kernels::ExactRows{0}, user_side, items, users, &item_side).failed_row;
  item_side.complete();
  return row;
}

inline SolverOptions solver_of(SolverChoice choice) {
  SolverOptions solver;
  solver.choice = choice;
  solver.subspace_block = 16;
  return solver;
}

}  // namespace rankwise
