// Sample runs:
//   rankwise plan itemcf --data shop.h5 --neighbours 100 --weights ridge --ranks 1,2,4 --threads-per-rank 8
//   rankwise plan itemcf --shape movielens-20m --weights ridge --neighbours all

#include "jobs/planning/plan_itemcf.hpp"

#include <algorithm>
#include <boost/program_options.hpp>
#include <fmt/format.h>
#include <memory>
#include <numeric>

#include "distributed/rows/sparse_rows.hpp"
#include "jobs/options/choices.hpp"
#include "jobs/options/file_option.hpp"
#include "jobs/options/training_part.hpp"
#include "jobs/options/unit_options.hpp"
#include "jobs/planning/plan_settings.hpp"
#include "jobs/planning/planned_matrix.hpp"
#include "jobs/planning/prediction.hpp"
#include "jobs/run/standard_output.hpp"
#include "kernels/itemcf/common_users.hpp"
#include "kernels/process/process_memory.hpp"
#include "kernels/text/counted.hpp"
#include "kernels/text/number_text.hpp"
#include "kernels/text/units.hpp"

namespace rankwise {

namespace po = boost::program_options;

namespace {

constexpr std::string_view itemcf_notes =
    R"(Plans every number of ranks with every number of threads, on one rank and without the planned ones. From the entries of each row:
  pairs      the sum over users of the square of their items: what choosing neighbours counts. Ridge weights count half of them once
             more for each batch of neighbourhoods that --memory-budget allows.
  memory     of a rank: its part of the users, of the items and of the model; numbers and sums of all items; counters of all items for
             each thread; the budget; with ranks beside it also rows of other ranks' users, within the budget. With --neighbours all and
             --weights ridge each rank has the whole regression.
  seconds    what one core takes here for some of the users, and for systems of that size (--calibrate), shared evenly by all cores;
             without reading and writing, and without what ranks send.
Neighbours, and so memory and ridge seconds, are at most what is said: an item has no more of them than items that its users have.
The least budget is the longest row, or the sums and systems of one item: less is exceeded. Stated sizes (--users, --items,
--interactions) plan a log as `synthesize` would plant it; the rest of the shape comes from --shape.)";

/// Some users' rows to measure on.
constexpr Index sample_entries = 3'000'000;

void require_sense(const ItemPlanOptions& options) {
  const auto refuse = [](const char* message) { throw Error(ExitCode::usage, message); };
  if (options.data.empty() && !options.sizes.any())
    refuse("plan itemcf needs --data FILE, or stated sizes: --users, --items, --interactions or --shape");
  if (!options.data.empty() && options.sizes.any())
    refuse("--users, --items, --interactions and --shape state sizes in place of --data; give one or the other");
  if (options.data.empty() && options.trained_on != TrainedOn::training)
    refuse("--train-on other than training needs --data; stated sizes have no parts");
}

/// All rows, counted, and the first of them as a matrix of ones.
struct CountedRows {
  ItemWork work;
  SparseRows sample;
};

CountedRows count_rows(const PlannedMatrix& matrix, const ItemPlanSettings& settings) {
  const auto users = std::ssize(matrix.user_sizes);
  const auto items = std::ssize(matrix.item_sizes);
  ItemWorkCount count(users, items);
  CountedRows counted{{}, {.rows = {}, .total_rows = 0, .column_count = items, .columns = {}, .values = {}}};
  SparseRows& sample = counted.sample;
  matrix.for_each_block([&](const PatternRows& rows) {
    count.add(rows);
    for (std::size_t r = 0; r + 1 < rows.offsets.size() && sample.entries() < sample_entries; ++r) {
      const auto row = rows.columns.subspan(static_cast<std::size_t>(rows.offsets[r]),
                                            static_cast<std::size_t>(rows.offsets[r + 1] - rows.offsets[r]));
      sample.columns.insert(sample.columns.end(), row.begin(), row.end());
      sample.offsets.push_back(std::ssize(sample.columns));
    }
  });
  sample.total_rows = std::ssize(sample.offsets) - 1;
  sample.rows = {0, sample.total_rows};
  sample.values.assign(sample.columns.size(), 1.0F);
  counted.work = count.finish(settings);
  return counted;
}

void tell_work(Report& report, const ItemPlanSettings& settings, const ItemWork& work) {
  report.line(fmt::format("{} x {}, {}", counted(work.users, "user"), counted(work.items, "item"),
                          counted(work.interactions, "interaction")));
  report.line(fmt::format("{:.3g} pairs of items of a user; {} at most", static_cast<double>(work.pairs),
                          counted(work.weights, "weight")));
  report.event("item_work", {{"users", work.users},
                             {"items", work.items},
                             {"interactions", work.interactions},
                             {"longest_user", work.longest_user},
                             {"pairs", work.pairs},
                             {"ridge_pairs", ridge_pairs(work, settings, 1)},
                             {"weights", work.weights},
                             {"solve_flops", work.solve_flops}});
}

/// The root's alone.
void make_item_plan(const ItemPlanOptions& options, JobContext& context) {
  Report& report = context.report;
  const ItemPlanSettings& settings = options.settings;
  const double base_bytes = static_cast<double>(resident_bytes()) + first_use_bytes;

  // 1. What there is to count.
  const PlannedMatrix matrix = options.data.empty()
                                   ? matrix_of_sizes(options.sizes, context.common.seed)
                                   : matrix_of_dataset(options.data, options.trained_on, context.common.input_check);
  const CountedRows rows = count_rows(matrix, settings);
  tell_work(report, settings, rows.work);

  // 2. How fast that is here.
  const ItemRates rates = measure_item_rates(rows.sample, rows.work, settings, options.calibration_seconds);
  report.line(fmt::format("one core here counts {:.2g} pairs a second", rates.pairs_per_second));

  // 3. What each layout takes.
  std::string table = fmt::format("  {:>6} {:>7} {:>11} {:>12} {:>10} {:>12} {:>10} {:>10}\n", "ranks", "threads",
                                  "memory", "least budget", "count s", "ridge pairs", "ridge s", "core-h");
  for (const int ranks : options.ranks) {
    for (const int threads : options.threads_per_rank) {
      const double bytes = base_bytes + static_cast<double>(item_rank_bytes(rows.work, settings, ranks, threads));
      const Index least = least_budget_bytes(rows.work, settings, threads);
      const ItemSeconds seconds = item_seconds(rows.work, settings, rates, ranks, threads);
      const Index pairs = ridge_pairs(rows.work, settings, ranks);
      const double core_hours = (seconds.count + seconds.ridge) * ranks * threads / 3600;
      table += fmt::format("  {:>6} {:>7} {:>11} {:>12} {:>10.3g} {:>12.3g} {:>10.3g} {:>10.3g}\n", ranks, threads,
                           bytes_text(bytes), bytes_text(static_cast<double>(least)), seconds.count,
                           static_cast<double>(pairs), seconds.ridge, core_hours);
      report.event("item_layout", {{"ranks", Index{ranks}},
                                   {"threads_per_rank", Index{threads}},
                                   {"memory_bytes", bytes},
                                   {"least_budget_bytes", least},
                                   {"count_seconds", seconds.count},
                                   {"ridge_pairs", pairs},
                                   {"ridge_batches", ridge_batches(rows.work, settings, ranks)},
                                   {"ridge_seconds", seconds.ridge}});
    }
  }
  print_result(table);
}

}  // namespace

void plan_itemcf(const ItemPlanOptions& options, JobContext& context) {
  agree_on(context.comm, [&] { require_sense(options); });
  const auto timer = context.report.phase("plan");
  agree_on(context.comm, [&] {
    if (context.comm.is_root()) make_item_plan(options, context);
  });
}

namespace {

RunJob describe(po::options_description& description) {
  const auto options = std::make_shared<ItemPlanOptions>();
  ItemPlanSettings& settings = options->settings;
  const auto counts = [](const char* name, std::vector<int>& target) {
    return [name, &target](const std::string& text) { target = parse_counts(name, text); };
  };
  const auto neighbours = [&settings](const std::string& text) {
    settings.neighbours.reset();
    if (text == "all") return;
    settings.neighbours = whole_number<Index>(text);
    if (!settings.neighbours || *settings.neighbours < 1)
      throw Error(ExitCode::usage, fmt::format("--neighbours {}: expected all or a whole number from 1 on", text));
  };
  // clang-format off
  description.add_options()
    ("data", read_file(&options->data), "dataset, as prepare writes it");
  describe_sizes(description, options->sizes);
  describe_training_part(description, options->trained_on);
  description.add_options()
    ("neighbours", po::value<std::string>()->value_name("K|all")->default_value("100")->notifier(neighbours), "of the planned model")
    ("weights", po::value<std::string>()->value_name("similarity|ridge")->default_value("similarity")->notifier(
       one_of<PlannedWeights>("weights", settings.weights, {{"similarity", PlannedWeights::similarity}, {"ridge", PlannedWeights::ridge}})), "of the planned model")
    ("entry-weights", po::value<std::string>()->value_name("one|value|log")->default_value("one")->notifier(
       one_of<EntryWeights>("entry-weights", settings.entries, {{"one", EntryWeights::ones}, {"value", EntryWeights::integers}, {"log", EntryWeights::integers}})), "of the planned model")
    ("memory-budget", po::value<std::string>()->value_name("BYTES")->default_value("1GiB")->notifier(bytes_of("memory-budget", settings.budget_bytes)), "of the planned run")
    ("ranks", po::value<std::string>()->value_name("LIST")->default_value("1")->notifier(counts("ranks", options->ranks)), "numbers of ranks, as in 1,2,8")
    ("threads-per-rank", po::value<std::string>()->value_name("LIST")->default_value("1")->notifier(counts("threads-per-rank", options->threads_per_rank)), "numbers of threads inside each rank")
    ("calibrate", po::value(&options->calibration_seconds)->value_name("SECONDS")->default_value(1)->notifier(within<double>("calibrate", 0, 60)),
     "time to measure this machine for, about; 0: one short pass");
  // clang-format on
  return {[options](JobContext& context) { plan_itemcf(*options, context); }, [options] { require_sense(*options); }};
}

}  // namespace

Job plan_itemcf_job() {
  return {"plan itemcf", "what an item-based model would need: pairs to count, memory and time per rank", itemcf_notes,
          describe};
}

}  // namespace rankwise
