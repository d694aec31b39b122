#pragma once
// A small dataset and a small model whose content is a pure function of global row numbers, cut over any ranks.

#include <algorithm>
#include <string>

#include "distributed/comm/communicator.hpp"
#include "io/dataset/dataset.hpp"
#include "io/dataset/dataset_writer.hpp"
#include "io/model/model.hpp"

namespace rankwise {

/// Rows of `rank`: uneven on purpose, in rank order; with few rows some ranks have none.
inline RowRange sample_range(Index rows, int rank, int ranks) {
  const auto cut = [&](Index r) { return rows * r * (r + 1) / (Index{ranks} * (ranks + 1)); };
  return {cut(rank), cut(rank + 1)};
}

inline RowRange sample_range(const Communicator& comm, Index rows) {
  return sample_range(rows, comm.rank(), comm.size());
}

/// Whether the sample log has the pair; a few users and items have no entry.
inline bool sample_pair(Index user, Index item) {
  return user % 7 != 3 && item % 11 != 5 && (user * 31 + item * 17) % 5 == 0;
}

inline float sample_value(Index user, Index item) {
  return static_cast<float>(1 + (user * 13 + item * 7) % 10) / 4;
}

inline std::int64_t sample_time(Index user, Index item) {
  return 1'600'000'000 - 1'000'003 * ((user * 29 + item * 53) % 101);
}

inline std::int32_t sample_fold(Index user, Index item) {
  return static_cast<std::int32_t>((user / 2 + item * 3) % 4);
}

/// Rows of the sample matrix, or of its transpose; `keep` picks every second pair for a held-out part.
inline SparseRows sample_matrix(RowRange rows, Index users, Index items, bool by_item, int keep = 0) {
  SparseRows matrix;
  matrix.rows = rows;
  matrix.total_rows = by_item ? items : users;
  matrix.column_count = by_item ? users : items;
  for (Index r = rows.begin; r < rows.end; ++r) {
    for (Index c = 0; c < matrix.column_count; ++c) {
      const Index user = by_item ? c : r;
      const Index item = by_item ? r : c;
      if (!sample_pair(user, item) || (user + item + keep) % 2 == 0) continue;
      matrix.columns.push_back(c);
      matrix.values.push_back(sample_value(user, item));
    }
    matrix.offsets.push_back(static_cast<Index>(matrix.columns.size()));
  }
  return matrix;
}

/// The rows of such a matrix with times and folds.
inline void mark_sample(SparseRows& matrix, bool by_item) {
  matrix.times_seconds.emplace();
  matrix.folds.emplace();
  for (Index r = 0; r < matrix.rows.size(); ++r) {
    const auto begin = static_cast<std::size_t>(matrix.offsets[static_cast<std::size_t>(r)]);
    const auto end = static_cast<std::size_t>(matrix.offsets[static_cast<std::size_t>(r) + 1]);
    for (std::size_t e = begin; e < end; ++e) {
      const Index user = by_item ? matrix.columns[e] : matrix.rows.begin + r;
      const Index item = by_item ? matrix.rows.begin + r : matrix.columns[e];
      matrix.times_seconds->push_back(sample_time(user, item));
      matrix.folds->push_back(sample_fold(user, item));
    }
  }
}

enum class SampleIds { integers, strings };

inline IdRows sample_ids(RowRange rows, Index total, SampleIds kind, const std::string& prefix) {
  IdRows ids{.rows = rows, .total_rows = total, .ids = {}};
  if (kind == SampleIds::integers) {
    std::vector<std::int64_t> values;
    for (Index r = rows.begin; r < rows.end; ++r) values.push_back(1000 + 3 * r);
    ids.ids = std::move(values);
  } else {
    std::vector<std::string> values;
    // Lengths differ by row, and not every character is ASCII.
    for (Index r = rows.begin; r < rows.end; ++r) {
      values.push_back(prefix + std::to_string(r * r) + (r % 3 == 0 ? "ü" : ""));
    }
    ids.ids = std::move(values);
  }
  return ids;
}

struct SampleSize {
  Index users = 0;
  Index items = 0;
  Index heldout_users = 0;  ///< 0: the held-out part is over all users
};

inline Dataset sample_dataset(const Communicator& comm, const SampleSize& size, SampleIds kind) {
  const RowRange users = sample_range(comm, size.users);
  const RowRange items = sample_range(comm, size.items);
  Dataset dataset;
  dataset.users = sample_ids(users, size.users, kind, "user ");
  dataset.items = sample_ids(items, size.items, kind, "item ");
  dataset.interactions = sample_matrix(users, size.users, size.items, false);
  dataset.interactions_by_item = sample_matrix(items, size.users, size.items, true);
  if (size.heldout_users > 0) {
    const RowRange heldout = sample_range(comm, size.heldout_users);
    dataset.heldout = {sample_matrix(heldout, size.heldout_users, size.items, false, 1),
                       sample_matrix(items, size.heldout_users, size.items, true, 1)};
    dataset.heldout_users = {sample_ids(heldout, size.heldout_users, kind, "held out "),
                             sample_matrix(heldout, size.heldout_users, size.items, false),
                             sample_matrix(items, size.heldout_users, size.items, true)};
  } else {
    dataset.heldout = {sample_matrix(users, size.users, size.items, false, 1),
                       sample_matrix(items, size.users, size.items, true, 1)};
  }
  return dataset;
}

/// The same with times and folds of the training part.
inline Dataset marked_dataset(const Communicator& comm, const SampleSize& size, SampleIds kind) {
  Dataset dataset = sample_dataset(comm, size, kind);
  mark_sample(dataset.interactions, false);
  mark_sample(dataset.interactions_by_item, true);
  return dataset;
}

/// Times of a pair's log rows, the last one that of its interaction.
inline std::vector<std::int64_t> sample_log_times(Index user, Index item) {
  std::vector<std::int64_t> times;
  const Index rows = (user + item) % 3 == 0 ? 2 + (user * item) % 2 : 0;
  for (Index row = rows; row > 0; --row)
    times.push_back(sample_time(user, item) - 777'777 * (row - 1) * (1 + user % 9));
  return times;
}

inline double sample_log_value(Index user, Index item, std::size_t row) {
  return row == 0 ? 0.1 * static_cast<double>(1 + user % 3) : -0.1 * static_cast<double>(1 + item % 4);
}

/// Every third pair of the training part has log rows, whose totals may be below 0.
inline LogRows sample_log_rows(RowRange rows, Index users, Index items, bool by_item) {
  const SparseRows pairs = sample_matrix(rows, users, items, by_item);
  LogRows log_rows{.rows = rows,
                   .total_rows = pairs.total_rows,
                   .column_count = pairs.column_count,
                   .columns = {},
                   .values = {},
                   .times_seconds = std::vector<std::int64_t>()};
  for (Index r = 0; r < rows.size(); ++r) {
    for (Index e = pairs.offsets[static_cast<std::size_t>(r)]; e < pairs.offsets[static_cast<std::size_t>(r) + 1];
         ++e) {
      const Index column = pairs.columns[static_cast<std::size_t>(e)];
      const Index user = by_item ? column : rows.begin + r;
      const Index item = by_item ? rows.begin + r : column;
      const std::vector<std::int64_t> times = sample_log_times(user, item);
      for (std::size_t row = 0; row < times.size(); ++row) {
        log_rows.columns.push_back(column);
        log_rows.values.push_back(sample_log_value(user, item, row));
        log_rows.times_seconds->push_back(times[row]);
      }
    }
    log_rows.offsets.push_back(static_cast<Index>(log_rows.columns.size()));
  }
  return log_rows;
}

/// The same with everything that a split in time leaves: repeated pairs, log rows and the rules.
inline Dataset split_dataset(const Communicator& comm, const SampleSize& size, SampleIds kind, MergeRules rules) {
  Dataset dataset = marked_dataset(comm, size, kind);
  const RowRange users = sample_range(comm, size.users);
  const RowRange items = sample_range(comm, size.items);
  dataset.repeated = {sample_matrix(users, size.users, size.items, false),
                      sample_matrix(items, size.users, size.items, true)};
  dataset.log_rows = {sample_log_rows(users, size.users, size.items, false),
                      sample_log_rows(items, size.users, size.items, true)};
  dataset.rules = rules;
  return dataset;
}

/// With users held out whole, and the pairs that the training part has not as its validation part.
inline Dataset validated_dataset(const Communicator& comm, const SampleSize& size, SampleIds kind) {
  Dataset dataset = sample_dataset(comm, size, kind);
  dataset.validation = ValidationPart{{sample_matrix(sample_range(comm, size.users), size.users, size.items, false, 1),
                                       sample_matrix(sample_range(comm, size.items), size.users, size.items, true, 1)},
                                      {},
                                      {}};
  return dataset;
}

/// Each user has as many orders as it is counted, but three at most; a line on each of some items, the first one twice.
inline Orders sample_orders(RowRange users, Index total_users, Index items) {
  Orders orders;
  orders.users = users;
  orders.total_users = total_users;
  orders.times_seconds.emplace();
  orders.lines.column_count = items;
  const auto orders_of = [](Index user) { return user % 4; };
  for (Index user = 0; user < total_users; ++user) {
    if (user == users.begin) orders.lines.rows.begin = orders.lines.total_rows;
    orders.lines.total_rows += orders_of(user);
    if (user < users.begin || user >= users.end) continue;
    for (Index order = 0; order < orders_of(user); ++order) {
      orders.times_seconds->push_back(1'700'000'000 + user * 1000 + order / 2);
      double amount = 0;
      for (Index line = 0; line < 1 + (user + order) % 3; ++line) {
        orders.lines.columns.push_back(std::max<Index>(0, line - 1) % items);
        orders.lines.values.push_back(0.1 * static_cast<double>(1 + user + line) - 0.3);
        orders.parts.push_back(static_cast<LinePart>((user + line) % line_part_count));
        amount += orders.lines.values.back();
      }
      orders.amounts.push_back(amount);
      orders.lines.offsets.push_back(static_cast<Index>(orders.lines.columns.size()));
    }
    orders.offsets.push_back(static_cast<Index>(orders.amounts.size()));
  }
  if (users.begin >= total_users) orders.lines.rows.begin = orders.lines.total_rows;
  orders.lines.rows.end = orders.lines.rows.begin + static_cast<Index>(orders.amounts.size());
  return orders;
}

/// With orders of all users.
inline Dataset ordered_dataset(const Communicator& comm, const SampleSize& size, SampleIds kind) {
  Dataset dataset = sample_dataset(comm, size, kind);
  const Index users = size.users + size.heldout_users;
  dataset.orders = sample_orders(sample_range(comm, users), users, size.items);
  return dataset;
}

inline float sample_factor(Index row, Index column) {
  return static_cast<float>((row * 37 + column * 11) % 101 - 50) / 64;
}

/// Counts of a side's rows; some rows have no entry.
inline std::vector<Index> sample_entries(RowRange rows) {
  std::vector<Index> entries;
  for (Index r = rows.begin; r < rows.end; ++r) entries.push_back(r * 5 % 7);
  return entries;
}

inline ModelSide sample_side(RowRange rows, Index total, SampleIds kind, const std::string& prefix, Index columns) {
  ModelSide side{sample_ids(rows, total, kind, prefix), Matrix(rows.size(), columns), sample_entries(rows)};
  for (Index r = 0; r < rows.size(); ++r) {
    for (Index c = 0; c < columns; ++c) side.factors.row(r)[c] = sample_factor(rows.begin + r, c);
  }
  return side;
}

inline Model sample_model(const Communicator& comm, const SampleSize& size, SampleIds kind, Index factors,
                          bool biases) {
  Model model;
  model.objective.loss = biases ? LossKind::explicit_feedback : LossKind::implicit_feedback;
  model.objective.weighting = Weighting::logarithmic;
  model.objective.alpha = 1.5;
  model.objective.unobserved_weight = 0.25;
  model.objective.regularization = 0.0625;
  model.objective.regularization_exponent = 0.75;
  model.objective.biases = biases;
  model.objective.global_mean = biases ? 3.5 : 0;
  model.factors = factors;
  model.best_epoch = 2;
  model.trained_on = TrainedOn::all;
  model.history = {{3, 2, 1}, {2.5, 1.5, 1.25}};
  const Index columns = factors + (biases ? 1 : 0);
  model.users = sample_side(sample_range(comm, size.users), size.users, kind, "user ", columns);
  model.items = sample_side(sample_range(comm, size.items), size.items, kind, "item ", columns);
  return model;
}

/// Features of every kind.
inline ModelFeatures sample_features(Index width) {
  ModelFeatures features;
  features.map.columns = {
      {.name = "brand", .labels = {"Elm", "Oak", "\xC3\x84sche"}, .has_missing = true},
      {.name = "maker", .kind = FeatureKind::hashed_categories, .buckets = 4},
      {.name = "price", .kind = FeatureKind::number, .mean = -2.5, .deviation = 0.125, .has_missing = true},
      {.name = "title", .kind = FeatureKind::words, .labels = {"1", "lamp"}},
      {.name = "text", .kind = FeatureKind::hashed_words, .buckets = 2, .has_missing = true}};
  features.penalty = 12.5;
  features.weights = Matrix(features.map.width(), width);
  for (Index r = 0; r < features.weights.rows(); ++r) {
    for (Index c = 0; c < width; ++c) features.weights.row(r)[c] = sample_factor(r, c);
  }
  return features;
}

inline Provenance sample_provenance() {
  Provenance provenance;
  provenance.version = "1.2.3 (abcdef)";
  provenance.configuration = "epochs = 3\nseed = 7\n";
  provenance.seed = 18446744073709551557U;  // does not fit into int64
  provenance.dataset_digest = 77;
  return provenance;
}

}  // namespace rankwise
