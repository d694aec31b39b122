// Sample runs:
//   rankwise itemcf --data shop.h5 --model items.h5
//   rankwise itemcf --data shop.h5 --model items.h5 --similarity bm25 --shrinkage 10 --neighbours 50
//   mpirun -n 8 rankwise itemcf --data shop.h5 --model items.h5 --weights ridge --neighbours 200 --penalty 60

#include "jobs/itemcf/itemcf.hpp"

#include <algorithm>
#include <boost/program_options.hpp>
#include <cmath>
#include <fmt/format.h>
#include <memory>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>

#include "distributed/itemcf/dense_ridge.hpp"
#include "distributed/itemcf/item_layout.hpp"
#include "distributed/itemcf/long_users.hpp"
#include "distributed/itemcf/neighbours.hpp"
#include "distributed/itemcf/pair_matrix.hpp"
#include "distributed/itemcf/ridge_weights.hpp"
#include "distributed/rows/id_keys.hpp"
#include "distributed/rows/partition.hpp"
#include "distributed/rows/select_rows.hpp"
#include "io/dataset/dataset.hpp"
#include "io/files/commit.hpp"
#include "io/model/item_model.hpp"
#include "jobs/run/dataset_shelf.hpp"
#include "kernels/itemcf/neighbourhood_ridge.hpp"
#include "kernels/process/process_memory.hpp"
#include "kernels/text/counted.hpp"
#include "kernels/text/shown_text.hpp"
#include "kernels/text/units.hpp"

namespace rankwise {

namespace {

constexpr std::string_view notes =
    R"(With w_ui what the entry of user u and item i weighs (--entry-weights), C_ij = sum_u w_ui w_uj, n_i = C_ii,
d_i = sum_u w_ui, item i of a user has for item j the similarity
  cosine        C / (n_i^a n_j^(1-a) + h)              a: --asymmetry, h: --shrinkage
  jaccard       C / (n_i + n_j - C + h)
  conditional   C / (n_i n_j^b + h)                    b: --popularity-exponent (Deshpande and Karypis 2004)
  tfidf, bm25   cosine of other weights: sqrt(w_ui) r_u, and 2.2 w_ui / (1.2 (0.25 + 0.75 d_i / mean d) + w_ui) r_u,
                where r_u = ln((1 + items) / (1 + items of u)) says how rare the user is, so that users with few
                items count more
  rp3beta       sum_u (w_ui / d_i)^alpha (w_uj / d_u)^alpha / d_j^b, random walks of two steps (Paudel 2017);
                alpha: --walk-exponent
Neighbours of j are the K items of the largest similarity above 0, ties to the lower item. Weights are whole multiples of
a power of two, 2^-16 of the largest weight to twice that, so that all sums are exact.
  ridge         (G_SS + penalty I) b = G_Sj for each item j and its neighbours S; G = C, or with --normalization a above 0
                (C_ij - d_i d_j / N) / (v_i v_j)^(a/2), v_i = n_i - d_i^2 / N, N users with an entry, and weights
                b_i (v_j / v_i)^(a/2)   (Steck 2019)
A user's score of item j is the sum over the user's items i of w_ui s_ij; see evaluate and recommend.)";

/// Users with more items are told, however few they are.
constexpr Index many_items = 1000;

/// What is counted, once it is read.
struct TrainingData {
  WeighedRows weighed;
  ItemSums sums;
  ItemLayout layout;
};

/// Collective.
LongUsers cut_by_ids(const JobContext& context, const DatasetReader& dataset, Index most, SparseRows& rows) {
  const std::vector<std::uint64_t> users = id_keys(dataset.user_ids(rows.rows).ids);
  const std::vector<std::uint64_t> items = id_keys(dataset.item_ids({0, dataset.items()}).ids);
  return cut_long_users(context.comm, rows, most, {users, items}, context.common.seed);
}

/// Cuts users with very many items if that was asked for, and says what they are. Collective.
void treat_long_users(const ItemcfOptions& options, JobContext& context, const DatasetReader& dataset,
                      SparseRows& rows) {
  const Communicator& comm = context.comm;
  Report& report = context.report;
  const Index most = options.max_user_items.value_or(many_items);
  const LongUsers found =
      options.max_user_items ? cut_by_ids(context, dataset, most, rows) : count_long_users(comm, rows, most);
  report.event("long_users", {{"more_than", most},
                              {"users", found.users},
                              {"longest", found.longest},
                              {"share_of_pairs", found.share},
                              {"cut_entries", found.dropped}});
  if (found.users == 0) return;
  const std::string who =
      fmt::format("{} {} more than {}, the longest {}, and {} {:.3g}% of all pairs of items",
                  counted(found.users, "user"), verb(found.users, "has", "have"), counted(most, "item"), found.longest,
                  verb(found.users, "makes", "make"), 100 * found.share);
  report.line(options.max_user_items
                  ? fmt::format("{}: {} of each count, and {} {} left out", who, most,
                                counted(found.dropped, "interaction"), verb(found.dropped, "is", "are"))
                  : fmt::format("{}; --max-user-items cuts them", who));
}

/// Of weights that are rounded to 0. `what` made them.
void warn_of_vanished(JobContext& context, const WeighedRows& weighed, std::string_view what) {
  if (weighed.kind == EntryWeights::integers) {
    context.report.event(
        "quantized", {{"weights", std::string(what)}, {"quantum", weighed.quantum}, {"vanished", weighed.vanished}});
  }
  if (weighed.vanished == 0) return;
  context.report.warning(fmt::format("{} {} less than {:.3g} by {}, half a step of the weights, and {} for nothing",
                                     counted(weighed.vanished, "interaction"),
                                     verb(weighed.vanished, "weighs", "weigh"), weighed.quantum / 2, what,
                                     verb(weighed.vanished, "counts", "count")));
}

/// This rank's users, what their entries weigh, and which rank counts which items. Collective.
TrainingData read_training(const ItemcfOptions& options, JobContext& context, const DatasetReader& dataset) {
  const Communicator& comm = context.comm;
  const RowRange mine = Partition::by_count(dataset.users(), comm.size()).range(comm.rank());
  SparseRows rows = dataset.read(DatasetPart::interactions, mine);
  treat_long_users(options, context, dataset, rows);
  TrainingData data{weigh_entries(comm, std::move(rows), options.entry_weights), {}, {}};
  data.sums = sum_items(comm, data.weighed);
  data.layout = lay_out_items(comm, data.weighed.rows, data.sums.entries);
  warn_of_vanished(context, data.weighed, "--entry-weights");
  return data;
}

/// Refuses what would not fit each rank's budget, or without one the memory of a machine; before it is counted. `what`:
/// takes so many bytes on a rank; `instead`: what would take less. Collective.
void require_room(const ItemcfOptions& options, const JobContext& context, const std::string& what, Index bytes,
                  const char* instead) {
  const auto text = [](Index count) { return bytes_text(static_cast<double>(count)); };
  const int ranks = context.comm.node().size();
  agree_on(context.comm, [&] {
    if (const Index budget = options.memory_budget_bytes; budget > 0) {
      if (bytes <= budget) return;
      throw Error(ExitCode::usage, fmt::format("{} takes {}, and --memory-budget is {}; expected a larger one, or {}",
                                               what, text(bytes), text(budget), instead));
    }
    const Index memory = machine_memory_bytes();
    if (memory == 0 || bytes <= memory / ranks) return;
    throw Error(ExitCode::usage, fmt::format("{} takes {} on each of {} of this machine, which has {}; expected {}",
                                             what, text(bytes), counted(ranks, "rank"), text(memory), instead));
  });
}

/// Collective.
void require_dense_room(const ItemcfOptions& options, const JobContext& context, Index items) {
  const Index bytes = dense_ridge_bytes(items);
  require_room(options, context, fmt::format("--weights ridge --neighbours all for {}", counted(items, "item")), bytes,
               "--neighbours K");
  context.report.line(
      fmt::format("the regression on all items takes {} on each rank", bytes_text(static_cast<double>(bytes))));
}

/// Likewise of the systems of neighbours, one for each thread. Collective.
void require_ridge_room(const ItemcfOptions& options, const JobContext& context, Index items) {
  const Index most = std::min(options.neighbours.value_or(items), items);
  require_room(options, context,
               fmt::format("--weights ridge with systems of {}, one for each thread,", counted(most, "neighbour")),
               NeighbourhoodRidge::bytes(most) * context.common.threads, "fewer --neighbours");
}

/// Neighbours with their similarities; the entries' weights are let go unless a ridge is to follow. Collective.
SparseRows find_all_neighbours(const ItemcfOptions& options, JobContext& context, TrainingData& data) {
  const auto timer = context.report.phase("count");
  const Communicator& comm = context.comm;
  const SimilaritySettings similarity = options.resolved_similarity();
  const double plain_quantum = data.weighed.quantum;
  WeighedRows weighed = reweighs(similarity.kind) ? reweigh(comm, data.weighed, data.sums, similarity) : data.weighed;
  if (options.weights == ItemWeights::similarity) data.weighed = {};  // the ridge alone takes them again
  if (reweighs(similarity.kind)) warn_of_vanished(context, weighed, "--similarity");
  const ItemSums sums = sum_items(comm, weighed);
  const std::vector<double> sizes = similarity_sizes(similarity.kind, data.sums, plain_quantum, sums, weighed.quantum);
  const PairMatrix matrix = make_pair_matrix(comm, data.layout, std::move(weighed));
  SparseRows found = find_neighbours(comm, data.layout, matrix, similarity, sizes,
                                     {options.neighbours, options.min_similarity, options.min_common_users},
                                     options.resolved_budget_bytes());
  const Index weights = comm.sum(found.entries());
  Index without = 0;
  for (Index row = 0; row < found.rows.size(); ++row) {
    const auto r = static_cast<std::size_t>(row);
    const bool is_trained = data.sums.entries[static_cast<std::size_t>(found.rows.begin + row)] > 0;
    if (is_trained && found.offsets[r] == found.offsets[r + 1]) ++without;
  }
  without = comm.sum(without);
  if (weights == 0) {
    throw AgreedError(
        ExitCode::bad_data,
        fmt::format(
            "{}: no item has a neighbour: no two items with {} in common have a similarity above "
            "{}{}",
            options.data, counted(options.min_common_users, "user"), options.min_similarity,
            reweighs(similarity.kind) ? " (users who have all items, and those with very many, count little)" : ""));
  }
  context.report.line(fmt::format("{} of {}, {} without any", counted(weights, "neighbour"),
                                  counted(data.layout.count(), "item"), counted(without, "item")));
  context.report.event(
      "neighbours",
      {{"neighbours", weights},
       {"items", data.layout.count()},
       {"items_without", without},
       {"counted_pairs", std::accumulate(data.layout.increments.begin(), data.layout.increments.end(), Index{0})}});
  return found;
}

/// Users with an entry: those whom a fold leaves out have none. Collective.
Index trained_users(const Communicator& comm, const SparseRows& rows) {
  Index users = 0;
  for (std::size_t r = 0; r + 1 < rows.offsets.size(); ++r) users += rows.offsets[r + 1] > rows.offsets[r] ? 1 : 0;
  return comm.sum(users);
}

/// A system whose condition a solution barely survives: what it is, and how far. Collective.
void warn_of_condition(const ItemcfOptions& options, JobContext& context, const DatasetReader& dataset,
                       const RidgeWeights& found) {
  // Beyond this the rounding of doubles reaches that of the weights, which are floats.
  constexpr double most_condition = 1 << 29;
  const HardestSystem& hardest = found.hardest;
  if (options.is_dense()) {
    if (hardest.condition <= most_condition) return;
    context.report.warning(
        fmt::format("the regression on all items is ill-conditioned: the largest pivot is {:.2g} times the smallest, "
                    "and its weights are rough; a larger --penalty helps",
                    hardest.condition));
    return;
  }
  if (found.solved_in_double == 0) return;
  const Index first = found.weights.rows.begin;
  const bool is_mine = found.weights.rows.contains(hardest.item);
  const Index neighbours =
      context.comm.max(is_mine ? std::ssize(row_columns(found.weights, hardest.item - first)) : Index{0});
  context.report.warning(fmt::format(
      "{} {} ill-conditioned and {} solved in double; the worst is of item {} with {}: its largest pivot is {:.2g} "
      "times the smallest. A larger --penalty helps",
      counted(found.solved_in_double, "regression"), verb(found.solved_in_double, "is", "are"),
      verb(found.solved_in_double, "was", "were"),
      shown(id_text(dataset.item_ids({hardest.item, hardest.item + 1}).ids, 0)), counted(neighbours, "neighbour"),
      hardest.condition));
}

/// Multiplications and additions of this rank's systems.
double ridge_flops(const SparseRows& neighbours) {
  double flops = 0;
  for (Index row = 0; row < neighbours.rows.size(); ++row) {
    const auto size = static_cast<double>(row_columns(neighbours, row).size());
    flops += size * size * size / 3 + 2 * size * size;
  }
  return flops;
}

/// Weights by ridge regression, of the neighbours or of all items. Collective.
SparseRows regress(const ItemcfOptions& options, JobContext& context, const DatasetReader& dataset, TrainingData& data,
                   SparseRows neighbours) {
  const auto timer = context.report.phase("ridge");
  const Communicator& comm = context.comm;
  const RidgeSettings settings{options.resolved_penalty(), options.resolved_normalization()};
  const RidgeScaling scaling(data.sums, data.weighed.quantum, trained_users(comm, data.weighed.rows),
                             settings.normalization);
  const PairMatrix matrix = make_pair_matrix(comm, data.layout, std::move(data.weighed));
  context.report.add_flops("ridge", ridge_flops(neighbours));
  RidgeWeights found = options.is_dense() ? dense_ridge(comm, data.layout, matrix, data.sums, scaling, settings,
                                                        options.resolved_budget_bytes())
                                          : ridge_weights(comm, data.layout, matrix, scaling, settings,
                                                          std::move(neighbours), options.resolved_budget_bytes());
  warn_of_condition(options, context, dataset, found);
  context.report.event("ridge", {{"weights", comm.sum(found.weights.entries())},
                                 {"penalty", settings.penalty},
                                 {"normalization", settings.normalization},
                                 {"solved_in_double", found.solved_in_double},
                                 {"condition", found.hardest.condition},
                                 {"asked_pairs", found.asked_pairs},
                                 {"counted_pairs", found.counted_pairs},
                                 {"batches", comm.max(found.batches)}});
  return std::move(found.weights);
}

/// Collective.
void require_finite(const Communicator& comm, const ItemcfOptions& options, const SparseRows& weights) {
  agree_on(comm, [&] {
    if (std::ranges::all_of(weights.values, [](float value) { return std::isfinite(value); })) return;
    throw Error(ExitCode::bad_data, fmt::format("{}: a weight of the model is beyond 32-bit floating point; expected "
                                                "other --entry-weights, exponents or --penalty",
                                                options.data));
  });
}

/// Collective.
void write(const ItemcfOptions& options, JobContext& context, const DatasetReader& dataset, const ItemSums& sums,
           SparseRows weights) {
  const auto timer = context.report.phase("write");
  const RowRange mine = weights.rows;
  ItemModel model{.weighting = options.entry_weights,
                  .users = dataset.users(),
                  .ids = dataset.item_ids(mine),
                  .entries = {sums.entries.begin() + mine.begin, sums.entries.begin() + mine.end},
                  .weights = std::move(weights),
                  .trained_on = options.trained_on,
                  .dataset_configuration = dataset.provenance().configuration,
                  .last_training_seconds = last_trained_seconds(dataset.log_times(), options.trained_on)};
  Provenance provenance = context.provenance(item_model_kind, dataset.provenance().dataset_digest);
  provenance.configuration = resolved_configuration(options, provenance.configuration);
  write_item_model(context.comm, options.model, model, provenance, options.deflate_level);
  context.report.line(fmt::format("wrote {}: {} and {}", options.model, counted(dataset.items(), "item"),
                                  counted(context.comm.sum(model.weights.entries()), "weight")));
}

}  // namespace

void train_itemcf(const ItemcfOptions& options, JobContext& context) {
  // 1. What is asked for, refused before the work.
  agree_on(context.comm, [&] { require_sense(options); });
  check_output(context.comm, options.model);

  // 2. Read the training part; what entries weigh.
  auto reading = std::make_unique<Report::PhaseTimer>(context.report, "read");
  const auto opened =
      open_dataset(context, options.data, seeded(options.fold, context.common.seed), options.trained_on);
  const DatasetReader& dataset = *opened;
  if (dataset.entries(DatasetPart::interactions) == 0) {
    throw AgreedError(ExitCode::bad_data,
                      fmt::format("{}: holds no interactions; expected at least one", options.data));
  }
  if (options.is_dense()) require_dense_room(options, context, dataset.items());
  if (options.weights == ItemWeights::ridge && !options.is_dense())
    require_ridge_room(options, context, dataset.items());
  TrainingData data = read_training(options, context, dataset);
  reading.reset();

  // 3. Count what items have in common, and choose neighbours; let them be weighed.
  SparseRows weights;
  if (!options.is_dense()) weights = find_all_neighbours(options, context, data);
  if (options.weights == ItemWeights::ridge) weights = regress(options, context, dataset, data, std::move(weights));

  // 4. Write the model.
  require_finite(context.comm, options, weights);
  write(options, context, dataset, data.sums, std::move(weights));
}

RunJob describe_itemcf_job(boost::program_options::options_description& description,
                           const std::shared_ptr<ItemcfOptions>& options) {
  describe_itemcf(description, *options);
  return {[options](JobContext& context) { train_itemcf(*options, context); }, [options] { require_sense(*options); }};
}

Job itemcf_job() {
  return {"itemcf", "find which items speak for which: dataset -> item model", notes,
          [](auto& description) { return describe_itemcf_job(description, std::make_shared<ItemcfOptions>()); }};
}

}  // namespace rankwise
