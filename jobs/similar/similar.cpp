// Sample runs:
//   rankwise similar --model model.h5 --top 10 --output similar.csv
//   rankwise similar --model model.h5 --rows users --ids campaign.txt --output alike.h5
//   mpirun -n 8 rankwise similar --model items.h5 --data shop.h5 --where 'stock > 0' --output substitutes.jsonl

#include "jobs/similar/similar.hpp"

#include <algorithm>
#include <boost/program_options.hpp>
#include <fmt/format.h>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "distributed/ranking/popular_items.hpp"
#include "distributed/rows/partition.hpp"
#include "distributed/tables/table.hpp"
#include "io/dataset/dataset.hpp"
#include "io/files/commit.hpp"
#include "io/model/item_model.hpp"
#include "io/model/model.hpp"
#include "jobs/evaluate/models/any_model.hpp"
#include "jobs/evaluate/models/matched_model.hpp"
#include "jobs/lists/list_columns.hpp"
#include "jobs/lists/list_files.hpp"
#include "jobs/lists/list_rounds.hpp"
#include "jobs/run/compared_input.hpp"
#include "jobs/similar/chosen_rows.hpp"
#include "jobs/similar/factor_side.hpp"
#include "jobs/similar/similar_lists.hpp"
#include "jobs/similar/similar_report.hpp"

namespace rankwise {

namespace {

constexpr std::string_view notes =
    R"(For each item (or user) the N others with the highest score, best first, equal scores in the order of the model's rows. Of a
model of factors the score is the cosine of the two rows, <x, y> / (|x| |y|), or with --measure inner-product <x, y>; biases are no
part of it. Of an item model it is the weight by which the other item speaks for this one; only weights above 0 are listed.
An item or user without an interaction that the model was trained on has no list and is in no list. Lists come in the order of the
model's rows. The rules --items to --min-score say what lists may have; an item that they leave out still has a list.
CSV and TSV: item,rank,similar_item,score (user,rank,similar_user,score), --columns; JSON lines: an object per list. HDF5 (.h5):
/items/ids (/users/ids), and /similar with indptr (lists + 1), items or users (ids), scores: list r has entries indptr[r] to
indptr[r + 1].)";

/// What lists may have, and what is beside it.
struct RulesOfLists {
  ItemRules rules = {};
  std::vector<TableColumn> columns = {};
};

/// The model's items by a dataset's table. Collective.
template <class Model>
RulesOfLists rules_by_dataset(const SimilarOptions& options, JobContext& context, const Model& model) {
  const DatasetReader dataset(context.comm, options.data, std::nullopt, TrainedOn::all, context.common.input_check);
  warn_if_not_compared(context, dataset, options.data);
  std::optional<MatchedItems> matched;
  if (!is_own_dataset(dataset, model.record())) {
    tell_difference(context.report, dataset, options.data, model.record(), options.model);
    matched = match_items(context.comm, dataset, options.data, model, options.model);
    context.report.line(
        fmt::format("{} knows {} of {} items of {}", options.model, matched->known, dataset.items(), options.data));
    context.report.event(
        "matched_items",
        {{"items", dataset.items()}, {"known_items", matched->known}, {"items_elsewhere", matched->elsewhere}});
  }
  const ItemSpace space =
      items_of_dataset(dataset, options.data, model.items(),
                       matched ? std::span<const Index>(matched->model_rows) : std::span<const Index>());
  ItemRules rules = read_item_rules(options.rules, context, space);
  return {std::move(rules), read_list_columns(options.format.columns, context, space)};
}

template <class Model>
RulesOfLists read_rules(const SimilarOptions& options, JobContext& context, const Model& model) {
  if (options.rows == RowSide::users) return {};
  if (!options.data.empty()) return rules_by_dataset(options, context, model);
  return {read_item_rules(options.rules, context, items_of_model(model, options.model))};
}

/// Throws AgreedError(bad_data) if no list could have anything.
Catalogue offered_rows(const Catalogue& known, const SimilarOptions& options, const ItemRules& rules) {
  Catalogue offered = rules.offered.empty() ? known : offering(known, rules.offered);
  if (!offered.by_popularity.empty()) return offered;
  throw AgreedError(ExitCode::bad_data,
                    fmt::format("{}: none of the {} {} has an interaction that the model was trained on; expected at "
                                "least one that lists can have",
                                options.model, options.rows == RowSide::users ? "users" : "items",
                                rules.offered.empty() ? "of the model" : "that are left"));
}

/// `candidates` and `rules` outlive the result.
ListInputs list_inputs(const SimilarOptions& options, const Catalogue& candidates, const ItemRules& rules) {
  ListInputs inputs{.model_path = options.model,
                    .rule = {candidates, SeenItems::exclude},
                    .top = options.top,
                    .training = nullptr,
                    .seen = SeenItems::exclude,
                    .pairs = rules.pairs,
                    .quota = rules.quota ? &*rules.quota : nullptr};
  if (options.rules.min_score) inputs.min_score = static_cast<float>(*options.rules.min_score);
  return inputs;
}

/// All lists, whatever they are made from.
struct AllSimilar {
  Index count;
  Index at_a_time;                                ///< of a rank
  std::function<Lists(RowRange positions)> make;  ///< collective
  Ids ids;                                        ///< of whatever lists have
  std::span<const TableColumn> columns;
  std::uint64_t dataset_digest;  ///< of the model's training
};

ListKind kind_of(const SimilarOptions& options) {
  return options.rows == RowSide::users ? ListKind::similar_users : ListKind::similar_items;
}

SimilarCounts write_text(const SimilarOptions& options, const ListFormat& format, const AllSimilar& all,
                         JobContext& context) {
  const Communicator& comm = context.comm;
  const ListText lines(format, all.ids, {.kind = kind_of(options), .columns = all.columns});
  TextSink sink(comm, options.output, format.packing);
  sink.append(comm.is_root() ? lines.header() : "");
  SimilarCounts counts;
  const MakeLists make = [&](Index first, const Partition& rows) {
    const RowRange mine = rows.range(comm.rank());
    return all.make({first + mine.begin, first + mine.end});
  };
  append_rounds(context, {all.count, all.at_a_time, "lists"}, make, lines, sink,
                [&](const Lists& some) { counts.add(some); });
  sink.commit();
  return counts.sum(comm);
}

SimilarCounts write_hdf5(const SimilarOptions& options, const AllSimilar& all, JobContext& context) {
  const Communicator& comm = context.comm;
  const RowRange mine = Partition::by_count(all.count, comm.size()).range(comm.rank());
  const Index rounds = comm.max((mine.size() + all.at_a_time - 1) / all.at_a_time);
  Lists lists;
  for (Index round = 0; round < rounds; ++round) {
    const Index begin = std::min(mine.begin + round * all.at_a_time, mine.end);
    lists.append(all.make({begin, std::min(begin + all.at_a_time, mine.end)}));
  }
  SimilarCounts counts;
  counts.add(lists);
  write_lists(comm, options.output, lists,
              {.kind = kind_of(options),
               .item_ids = all.ids,
               .columns = all.columns,
               .provenance = context.provenance("similar", all.dataset_digest),
               .blend = {},
               .deflate_level = options.deflate_level});
  return counts.sum(comm);
}

SimilarCounts write_all(const SimilarOptions& options, const AllSimilar& all, JobContext& context) {
  const ListFormat format = list_format(options.format, options.output);
  return format.layout == ListLayout::hdf5 ? write_hdf5(options, all, context)
                                           : write_text(options, format, all, context);
}

void similar_by_factors(const SimilarOptions& options, JobContext& context) {
  const Communicator& comm = context.comm;
  const ModelReader model(comm, options.model, context.common.input_check);
  warn_if_not_compared(context, model, options.model);
  const FactorSide side{model, options.rows, options.measure.value_or(SimilarityMeasure::cosine)};
  const RulesOfLists rules = read_rules(options, context, model);
  const ChosenRows chosen = choose_rows(options, context, side.rows(), [&](RowRange rows) { return side.ids(rows); });

  const auto timer = context.report.phase("similar");
  const Catalogue known = known_rows(comm, side);
  const Catalogue offered = offered_rows(known, options, rules.rules);
  const ItemStorage storage = item_storage(side.rows(), model.factors());
  const RankableItems candidates(
      offered, [&](RowRange rows) { return side.vectors(rows); }, storage);
  const ListInputs inputs = list_inputs(options, offered, rules.rules);
  const SimilarByFactors by{side, known, candidates};
  const AllSimilar all{chosen.count(),
                       users_per_ranking(storage),
                       [&](RowRange positions) { return similar_lists(comm, inputs, by, chosen, positions); },
                       side.ids({0, side.rows()}),
                       rules.columns,
                       model.provenance().dataset_digest};
  const SimilarCounts counts = write_all(options, all, context);
  tell_similar(context, options, counts, {side.rows(), std::ssize(known.by_popularity)}, "no others are left");
}

void similar_by_weights(const SimilarOptions& options, JobContext& context) {
  if (options.rows == RowSide::users) {
    throw AgreedError(
        ExitCode::usage,
        fmt::format("--rows users: {} is an item model, which knows no users; expected --rows items, or a "
                    "model of als",
                    options.model));
  }
  if (options.measure) {
    throw AgreedError(
        ExitCode::usage,
        fmt::format("--measure is of factors, and {} is an item model, whose weights are the scores", options.model));
  }
  const Communicator& comm = context.comm;
  const ItemModelReader model(comm, options.model, context.common.input_check);
  warn_if_not_compared(context, model, options.model);
  const RulesOfLists rules = read_rules(options, context, model);
  const ChosenRows chosen =
      choose_rows(options, context, model.items(), [&](RowRange rows) { return model.item_ids(rows).ids; });

  const auto timer = context.report.phase("similar");
  const Catalogue known = item_model_catalogue(comm, model);
  const Catalogue offered = offered_rows(known, options, rules.rules);
  const ListInputs inputs = list_inputs(options, offered, rules.rules);
  const SimilarByWeights by{model, known};
  const AllSimilar all{chosen.count(),
                       users_per_ranking(ItemStorage::kept),
                       [&](RowRange positions) { return similar_lists(comm, inputs, by, chosen, positions); },
                       model.item_ids({0, model.items()}).ids,
                       rules.columns,
                       model.record().provenance.dataset_digest};
  const SimilarCounts counts = write_all(options, all, context);
  tell_similar(context, options, counts, {model.items(), std::ssize(known.by_popularity)},
               "no others have a weight above 0");
}

RunJob describe(boost::program_options::options_description& description) {
  const auto options = std::make_shared<SimilarOptions>();
  describe_similar(description, *options);
  return {[options](JobContext& context) { write_similar(*options, context); }, [options] { require_sense(*options); }};
}

}  // namespace

void write_similar(const SimilarOptions& options, JobContext& context) {
  const Communicator& comm = context.comm;
  agree_on(comm, [&] { require_sense(options); });
  if (options.output != standard_output_name) check_output(comm, options.output);
  if (is_item_model(comm, options.model)) {
    similar_by_weights(options, context);
  } else {
    similar_by_factors(options, context);
  }
}

Job similar_job() {
  return {"similar", "list the nearest other items or users of each: model -> lists", notes, describe};
}

}  // namespace rankwise
