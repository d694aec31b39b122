#include "jobs/als/warm_start.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>

#include "distributed/als/fold_in.hpp"
#include "distributed/rows/id_matching.hpp"
#include "distributed/rows/select_rows.hpp"

namespace rankwise {

namespace {

/// One side of the training: what it is called, where its rows are, and how it gathers the other's.
struct Side {
  const char* label;
  const char* row_name;
  DatasetPart part;
  RandomPurpose purpose;
  Gathering gathering;
};

std::uint64_t bit_of(Index row) {
  return std::uint64_t{1} << (row % 64);
}

bool has_bit(const std::vector<std::uint64_t>& bits, Index row) {
  return (bits[static_cast<std::size_t>(row / 64)] & bit_of(row)) != 0;
}

/// A side on its way: this rank's rows, zero where the model has none, and which those are.
struct MatchedSide {
  AlsFactors factors;
  std::vector<Index> old_rows;         ///< the model's row of each of this rank's, or -1
  std::vector<std::uint64_t> matched;  ///< of the whole side, a bit per row: whether the model has it

  [[nodiscard]] bool has(Index row) const { return has_bit(matched, row); }
};

/// The model's rows `old_rows`, in their order; `held` are this rank's of the model. Collective over comm.
Matrix fetch_rows(const Communicator& comm, const FactorMatrix& held, const std::vector<Index>& old_rows) {
  std::vector<Index> needed;
  std::ranges::copy_if(old_rows, std::back_inserter(needed), [](Index row) { return row >= 0; });
  std::ranges::sort(needed);
  needed.erase(std::unique(needed.begin(), needed.end()), needed.end());
  const ExchangePlan plan(comm, NodeMap::alone(comm.size()), held.partition, needed);
  Matrix gathered(plan.needed_rows(), held.local.columns());
  plan.start(comm, held.local.view(), gathered.view()).wait();
  Matrix rows(static_cast<Index>(old_rows.size()), held.local.columns());
  for (Index r = 0; r < rows.rows(); ++r) {
    const Index old_row = old_rows[static_cast<std::size_t>(r)];
    if (old_row < 0) continue;
    const Index place = std::ranges::lower_bound(needed, old_row) - needed.begin();
    std::copy_n(gathered.row(place), gathered.stride(), rows.row(r));
  }
  return rows;
}

/// One bit per row of the whole side, set where `holds` of this rank's row, from 0, is true. Collective over comm.
template <class Holds>
std::vector<std::uint64_t> row_bits(const Communicator& comm, const Partition& rows, const Holds& holds) {
  std::vector<std::uint64_t> bits(static_cast<std::size_t>(rows.rows() / 64 + 1));
  const RowRange mine = rows.range(comm.rank());
  for (Index row = mine.begin; row < mine.end; ++row) {
    if (holds(static_cast<std::size_t>(row - mine.begin))) bits[static_cast<std::size_t>(row / 64)] |= bit_of(row);
  }
  comm.all_reduce_or(bits);
  return bits;
}

/// Of each row the model's row with its id, or -1: also if that one has no entry, so that its factors mean nothing.
/// `known` and `entries` are this rank's of the model. Collective over comm.
std::vector<Index> find_trained_rows(const Communicator& comm, const IdRows& ids, const IdRows& known,
                                     const Partition& held, const std::vector<Index>& entries) {
  const std::vector<std::uint64_t> trained = row_bits(comm, held, [&](std::size_t r) { return entries[r] > 0; });
  std::vector<Index> rows = find_rows_by_id(comm, ids, known);
  for (Index& row : rows) {
    if (row >= 0 && !has_bit(trained, row)) row = -1;
  }
  return rows;
}

/// The entries of the rows that the model does not have, where it has the other side's row. Collective.
SparseRows new_entries(const DatasetReader& dataset, DatasetPart part, RowRange mine, const MatchedSide& side,
                       const MatchedSide& other) {
  std::vector<Index> without;
  for (Index row = mine.begin; row < mine.end; ++row) {
    if (side.has(row)) without.push_back(row);
  }
  const SparseRows all = dataset.read(part, mine, without);
  SparseRows kept;
  kept.rows = all.rows;
  kept.total_rows = all.total_rows;
  kept.column_count = all.column_count;
  for (Index r = 0; r < mine.size(); ++r) {
    const auto end = static_cast<std::size_t>(all.offsets[static_cast<std::size_t>(r) + 1]);
    for (auto e = static_cast<std::size_t>(all.offsets[static_cast<std::size_t>(r)]); e < end; ++e) {
      if (!other.has(all.columns[e])) continue;
      kept.columns.push_back(all.columns[e]);
      kept.values.push_back(all.values[e]);
    }
    kept.offsets.push_back(static_cast<Index>(kept.columns.size()));
  }
  return kept;
}

/// The factors of rows that the model does not have: solved from `entries`, those without any at random. Collective.
Matrix new_rows(const JobContext& context, const Objective& objective, const Side& side, const SparseRows& entries,
                const AlsFactors& other, const Partition& rows) {
  const Communicator& comm = context.comm;
  const Index width = other.factors.local.columns();
  Matrix begun =
      random_factors(comm, rows, width, objective.biases ? 1 : 0, RandomStream(context.common.seed, side.purpose))
          .local;
  if (comm.sum(entries.entries()) == 0) return begun;
  const Matrix solved = fold_in(comm, objective, rows, entries, other, side.row_name, side.gathering);
  for (Index r = 0; r < begun.rows(); ++r) {
    if (!row_columns(entries, r).empty()) std::copy_n(solved.row(r), solved.stride(), begun.row(r));
  }
  return begun;
}

/// How many rows of a side began where. Collective.
void tell(JobContext& context, const Side& side, const MatchedSide& matched, const SparseRows& entries) {
  std::vector<Index> counts(3);  // matched, solved, random
  for (std::size_t r = 0; r < matched.old_rows.size(); ++r) {
    const bool is_solved = !row_columns(entries, static_cast<Index>(r)).empty();
    ++counts[matched.old_rows[r] >= 0 ? 0 : is_solved ? 1 : 2];
  }
  context.comm.all_reduce_sum(std::span<Index>(counts));
  context.report.line(fmt::format("warm start of {}: {} as in the model, {} new ones solved from those, {} at random",
                                  side.label, counts[0], counts[1], counts[2]));
  context.report.event(
      "warm_start",
      {{"side", std::string(side.label)}, {"matched", counts[0]}, {"solved", counts[1]}, {"random", counts[2]}});
}

void take_new_rows(AlsFactors& factors, const std::vector<Index>& old_rows, const Matrix& begun) {
  Matrix& rows = factors.factors.local;
  for (Index r = 0; r < rows.rows(); ++r) {
    if (old_rows[static_cast<std::size_t>(r)] < 0) std::copy_n(begun.row(r), begun.stride(), rows.row(r));
  }
}

}  // namespace

WarmStart::WarmStart(const Communicator& comm, std::string path, Index factors, const Objective& objective,
                     InputCheck check)
    : comm_(comm), path_(std::move(path)), check_(check) {
  const ModelReader model(comm, path_, check_);
  const auto refuse = [&](const std::string& theirs, const std::string& ours) {
    throw AgreedError(ExitCode::bad_data,
                      fmt::format("--warm-start {}: {}; this training has {}", path_, theirs, ours));
  };
  const auto loss_name = [](const Objective& some) {
    return some.loss == LossKind::implicit_feedback ? "implicit" : "explicit";
  };
  const auto bias_name = [](const Objective& some) { return some.biases ? "biases" : "no biases"; };
  const Objective& theirs = model.objective();
  if (model.content_digest() == 0) {
    throw AgreedError(ExitCode::bad_data,
                      fmt::format("--warm-start {}: holds no digests: an older version wrote it", path_));
  }
  if (theirs.loss != objective.loss) {
    refuse(fmt::format("its objective is {}", loss_name(theirs)), fmt::format("the {} one", loss_name(objective)));
  }
  if (theirs.biases != objective.biases) refuse(fmt::format("it has {}", bias_name(theirs)), bias_name(objective));
  if (model.factors() != factors) {
    refuse(fmt::format("it has {} factors", model.factors()), fmt::format("{}", factors));
  }
  digest_ = model.content_digest();
  if (digest_ != 0) lineage_.push_back(digest_);
  lineage_.insert(lineage_.end(), model.lineage().begin(), model.lineage().end());
  trained_on_all_ = model.lineage_trained_on_all();
  const std::uint64_t dataset = model.provenance().dataset_digest;
  if (model.trained_on() == TrainedOn::all && std::ranges::find(trained_on_all_, dataset) == trained_on_all_.end()) {
    trained_on_all_.push_back(dataset);
  }
  width_ = factors + (objective.biases ? 1 : 0);
  most_rows_ = std::max(model.users(), model.items());
}

void WarmStart::require_unseen_heldout(const DatasetReader& dataset, const std::string& option) const {
  if (std::ranges::find(trained_on_all_, dataset.provenance().dataset_digest) == trained_on_all_.end()) return;
  throw AgreedError(ExitCode::bad_data,
                    fmt::format("--warm-start {}: this model or an ancestor of it was trained on all of the same "
                                "dataset, so that the held-out part cannot measure a training from it; expected "
                                "another model, or no {}",
                                path_, option));
}

Index WarmStart::begin_bytes(const GatherTask& task) const {
  const Index row_bytes = padded_columns(width_) * static_cast<Index>(sizeof(float));
  const Index held = most_rows_ / comm_.size() + chunk_rows;
  // The model's rows here, and at once either those that are fetched or what is solved and drawn beside it.
  const Index rows = held + 2 * std::max(task.users.rows, task.items.rows);
  // Entries are read, kept and made a side of; ids come with their rows, on both ends of an exchange.
  constexpr Index entry_bytes = 3 * (sizeof(Index) + sizeof(float));
  constexpr Index id_bytes = 8 * sizeof(Index);
  return rows * (row_bytes + id_bytes) + (task.users.entries + task.items.entries) * entry_bytes +
         (task.all_users + task.all_items + most_rows_) / 8;
}

FactorPair WarmStart::begin(JobContext& context, const DatasetReader& dataset, const Objective& objective,
                            const Partition& users, const Partition& items, const GatherChoice& gathering) const {
  const auto timer = context.report.phase("warm start");
  // 1. Rows that the model has, by their ids.
  const ModelReader model(comm_, path_, check_);
  const auto match = [&](const Partition& rows, const IdRows& ids, Index model_rows, const auto& model_ids,
                         const auto& model_factors, const auto& model_entries) {
    const Partition held = Partition::by_count(model_rows, comm_.size());
    const RowRange mine = held.range(comm_.rank());
    const IdRows known = model_ids(mine);
    MatchedSide side;
    side.old_rows = find_trained_rows(comm_, ids, known, held, model_entries(mine));
    side.matched = row_bits(comm_, rows, [&](std::size_t r) { return side.old_rows[r] >= 0; });
    side.factors =
        with_gramian(comm_, objective, {rows, fetch_rows(comm_, {held, model_factors(mine)}, side.old_rows)});
    return side;
  };
  const RowRange my_users = users.range(comm_.rank());
  const RowRange my_items = items.range(comm_.rank());
  MatchedSide user_side = match(
      users, dataset.user_ids(my_users), model.users(), [&](RowRange r) { return model.user_ids(r); },
      [&](RowRange r) { return model.user_factors(r); }, [&](RowRange r) { return model.user_entries(r); });
  MatchedSide item_side = match(
      items, dataset.item_ids(my_items), model.items(), [&](RowRange r) { return model.item_ids(r); },
      [&](RowRange r) { return model.item_factors(r); }, [&](RowRange r) { return model.item_entries(r); });
  const auto is_matched = [](Index row) { return row >= 0; };
  if (comm_.sum(Index{std::ranges::count_if(user_side.old_rows, is_matched)} +
                std::ranges::count_if(item_side.old_rows, is_matched)) == 0) {
    throw AgreedError(ExitCode::bad_data,
                      fmt::format("--warm-start {}: has none of the dataset's users and items", path_));
  }

  // 2. The others, each side against what the model has of the other one.
  const auto begin_new = [&](const Side& side, const Partition& rows, const MatchedSide& mine,
                             const MatchedSide& other) {
    const SparseRows entries = new_entries(dataset, side.part, rows.range(comm_.rank()), mine, other);
    tell(context, side, mine, entries);
    return new_rows(context, objective, side, entries, other.factors, rows);
  };
  const Matrix new_users = begin_new({"users",
                                      "new user",
                                      DatasetPart::interactions,
                                      RandomPurpose::initial_users,
                                      {gathering.users, gathering.nodes}},
                                     users, user_side, item_side);
  const Matrix new_items = begin_new({"items",
                                      "new item",
                                      DatasetPart::interactions_by_item,
                                      RandomPurpose::initial_items,
                                      {gathering.items, gathering.nodes}},
                                     items, item_side, user_side);
  take_new_rows(user_side.factors, user_side.old_rows, new_users);
  take_new_rows(item_side.factors, item_side.old_rows, new_items);
  return {std::move(user_side.factors.factors.local), std::move(item_side.factors.factors.local)};
}

}  // namespace rankwise
