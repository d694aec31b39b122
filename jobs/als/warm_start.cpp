#include "jobs/als/warm_start.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

#include "distributed/als/matched_start.hpp"
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
  const std::uint64_t dataset = model.provenance().dataset_digest;
  lineage_ = {digest_};
  lineage_.insert(lineage_.end(), model.lineage().begin(), model.lineage().end());
  lineage_datasets_ = {dataset};
  lineage_datasets_.insert(lineage_datasets_.end(), model.lineage_datasets().begin(), model.lineage_datasets().end());
  trained_on_all_ = model.lineage_trained_on_all();
  if (model.trained_on() == TrainedOn::all && std::ranges::find(trained_on_all_, dataset) == trained_on_all_.end()) {
    trained_on_all_.push_back(dataset);
  }
  last_training_seconds_ = model.last_training_seconds();
  if (model.trained_on() == TrainedOn::training_and_validation) validation_learned_ = dataset;
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

void WarmStart::require_unseen_validation(const DatasetReader& dataset) const {
  if (validation_learned_ != dataset.provenance().dataset_digest) return;
  throw AgreedError(ExitCode::bad_data,
                    fmt::format("--warm-start {}: this model was trained on the validation part of the same dataset "
                                "too; expected --train-on training+validation or all, or another model",
                                path_));
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
                            const Partition& users, const Partition& items, const GatherPlan& gathering) const {
  const auto timer = context.report.phase("warm start");
  // 1. Rows that the model has, by their ids.
  const ModelReader model(comm_, path_, check_);
  const auto match = [&](const Partition& rows, const IdRows& ids, Index model_rows, const auto& model_ids,
                         const auto& model_factors, const auto& model_entries) {
    const Partition held = Partition::by_count(model_rows, comm_.size());
    const RowRange mine = held.range(comm_.rank());
    const IdRows known = model_ids(mine);
    std::vector<Index> old_rows = find_trained_rows(comm_, ids, known, held, model_entries(mine));
    return match_side(comm_, objective, rows, std::move(old_rows), {held, model_factors(mine)});
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
    const RowRange range = rows.range(comm_.rank());
    const SparseRows entries = matched_entries(dataset.read(side.part, range, matched_rows(mine, range)), other);
    tell(context, side, mine, entries);
    const RandomStream stream(context.common.seed, side.purpose);
    return solve_new_rows(comm_, objective, rows, entries, other, stream, side.row_name, side.gathering);
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
  take_new_rows(user_side, new_users);
  take_new_rows(item_side, new_items);
  return {std::move(user_side.factors.factors.local), std::move(item_side.factors.factors.local)};
}

}  // namespace rankwise
