#include "jobs/evaluate/evaluate_settings.hpp"

#include <array>
#include <boost/program_options.hpp>
#include <fmt/format.h>
#include <optional>
#include <string_view>
#include <utility>

#include "jobs/evaluate/metrics.hpp"
#include "jobs/options/choices.hpp"
#include "jobs/options/file_option.hpp"
#include "kernels/base/error.hpp"
#include "kernels/text/units.hpp"

namespace rankwise {

namespace {

const Endings html_endings{".html", ".htm"};

constexpr std::array slice_words{std::pair{std::string_view("activity"), SliceKind::activity},
                                 std::pair{std::string_view("item-popularity"), SliceKind::item_popularity},
                                 std::pair{std::string_view("cold"), SliceKind::cold},
                                 std::pair{std::string_view("time-since-cut"), SliceKind::time_since_cut}};

std::vector<std::string> parts_of(const std::string& list) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  while (begin <= list.size()) {
    const std::size_t comma = std::min(list.find(',', begin), list.size());
    parts.push_back(list.substr(begin, comma - begin));
    begin = comma + 1;
  }
  return parts;
}

Baseline parse_baseline(const std::string& text) {
  constexpr std::string_view recent = "recent:";
  if (text == "popularity") return {text, BaselineKind::popularity};
  if (text == "own") return {text, BaselineKind::own};
  if (text == "itemcf") return {text, BaselineKind::item_cosine};
  if (text == "biases") return {text, BaselineKind::biases};
  if (text == "models") return {text, BaselineKind::blended_models};
  if (text.starts_with(recent)) {
    if (const auto seconds = parse_duration(std::string_view(text).substr(recent.size())))
      return {text, BaselineKind::recent, *seconds};
    throw Error(ExitCode::usage, fmt::format("--baselines {}: expected a duration, as in recent:90d", text));
  }
  throw Error(
      ExitCode::usage,
      fmt::format("--baselines {}: expected popularity, recent:DURATION, own, itemcf, biases, models, or none", text));
}

std::vector<Baseline> parse_baselines(const std::string& list) {
  std::vector<Baseline> baselines;
  if (list == "none") return baselines;
  for (const std::string& text : parts_of(list)) {
    for (const Baseline& other : baselines) {
      if (other.name == text) throw Error(ExitCode::usage, fmt::format("--baselines {}: {} appears twice", list, text));
    }
    baselines.push_back(parse_baseline(text));
  }
  return baselines;
}

/// `users:country`, `items:brand`; nothing if the text is no column.
std::optional<TableColumnName> parse_table_column(const std::string& text) {
  for (const TableSide side : {TableSide::items, TableSide::users}) {
    const std::string begin = TableColumnName{side, ""}.text();
    if (text.starts_with(begin) && text.size() > begin.size()) return TableColumnName{side, text.substr(begin.size())};
  }
  return std::nullopt;
}

SliceChoice parse_slices(const std::string& list) {
  SliceChoice slices;
  std::vector<SliceKind> kinds;
  bool takes_all = false;
  const auto add = [&](auto& chosen, auto slice, const std::string& text) {
    if (std::ranges::find(chosen, slice) != chosen.end())
      throw Error(ExitCode::usage, fmt::format("--slices {}: {} appears twice", list, text));
    chosen.push_back(std::move(slice));
  };
  for (const std::string& text : list == "none" ? std::vector<std::string>() : parts_of(list)) {
    const auto word = std::ranges::find(slice_words, text, [](const auto& known) { return known.first; });
    if (text == "auto") {
      takes_all = true;
    } else if (word != slice_words.end()) {
      add(kinds, word->second, text);
    } else if (std::optional<TableColumnName> column = parse_table_column(text)) {
      add(slices.columns, *std::move(column), text);
    } else {
      throw Error(ExitCode::usage, fmt::format("--slices {}: expected activity, item-popularity, cold, time-since-cut, "
                                               "users:COLUMN, items:COLUMN, auto or none",
                                               text));
    }
  }
  if (takes_all && !kinds.empty()) {
    throw Error(ExitCode::usage, fmt::format("--slices {}: auto has all that are not columns", list));
  }
  if (!takes_all) slices.kinds = std::move(kinds);
  return slices;
}

void describe_gate(boost::program_options::options_description& description, GateSettings& gate) {
  namespace po = boost::program_options;
  // clang-format off
  description.add_options()
    ("against", read_file(&gate.against), "an older model: if the model is worse than it by more than --margin, end with exit code 77. "
     "What decides is the lower bound of the paired difference, one-sided at --confidence")
    ("metric", po::value<std::string>()->value_name("METRIC")->notifier([&gate](const std::string& text) {
       if (!parse_metric("metric", text).is_of_accuracy()) throw Error(ExitCode::usage, fmt::format("--metric {}: expected a metric of accuracy", text));
       gate.metric = text; }),
     "of --against; the first of --metrics unless given")
    ("margin", po::value<double>()->value_name("DIFFERENCE")->notifier([&gate](double margin) { within<double>("margin", 0, 1e9)(margin); gate.margin = margin; }),
     "of --against: in the metric's unit; 0 unless given")
    ("confidence", po::value<double>()->value_name("LEVEL")->notifier([&gate](double level) { within<double>("confidence", 0.5, 0.999999)(level); gate.confidence = level; }),
     "of --against; 0.95 unless given");
  // clang-format on
}

/// A blend orders items and no more.
void require_blend_metrics(const std::vector<EvaluationMetric>& metrics) {
  for (const EvaluationMetric& metric : metrics) {
    if (metric.ranks() && metric.kind != MetricKind::diversity) continue;
    throw Error(
        ExitCode::usage,
        fmt::format("--metrics {}: several models {}; expected one --model, or metrics such as ndcg@100", metric.name,
                    metric.ranks() ? "have no common factors to compare items by"
                                   : "are blended into orders of items and predict no ratings"));
  }
}

}  // namespace

std::string TableColumnName::text() const {
  return fmt::format("{}s:{}", side_name(side), column);
}

void describe_evaluation(boost::program_options::options_description& description, EvaluateOptions& options) {
  namespace po = boost::program_options;
  const auto definitions = [&options](const std::string& word) {
    one_of<Definitions>("definitions", options.definitions,
                        {{"ours", Definitions::ours},
                         {"liang", Definitions::liang},
                         {"recbole", Definitions::recbole},
                         {"trec", Definitions::trec}})(word);
    options.definitions_word = word;
  };
  // clang-format off
  description.add_options()
    ("data", read_file(&options.data)->required(), "dataset with a held-out part");
  // clang-format on
  describe_models(description, options.model,
                  "model of factors or of items, of this dataset's training part or of another dataset that has item "
                  "ids in common. "
                  "Given several times, with --blend: their scores are added");
  describe_blend(description, options.model);
  // clang-format off
  description.add_options()
    ("metrics", po::value(&options.metrics)->value_name("LIST")->default_value("auto")->notifier(
       [](const std::string& list) { if (list != "auto") (void)parse_metrics(list); }),
     "separated by commas: recall@K, precision@K, ndcg@K, map@K, mrr@K, hr@K, revenue@K, auc, coverage@K, gini@K, novelty@K, diversity@K, category-diversity@K, calibration@K; rmse, mae; "
     "auto: rmse,mae for explicit models, recall@20,recall@50,ndcg@100,map@10,hr@10 for implicit ones")
    ("definitions", po::value<std::string>()->value_name("ours|liang|recbole|trec")->default_value("ours")->notifier(definitions),
     "whose denominators: see below")
    ("baselines", po::value<std::string>()->value_name("LIST")->default_value("auto")->notifier([&options](const std::string& list) {
       if (list != "auto") options.baselines = parse_baselines(list); }),
     "compare with, separated by commas: popularity, recent:DURATION (popularity in the last DURATION of the training part), own (what the user has most of; needs --seen allow or only), "
     "itemcf (item-item cosine; slow), biases (of ratings), models (each model of a blend alone); the first of each kind is the yardstick; none; "
     "auto: popularity,biases, of a blend popularity,models")
    ("baseline", read_file(&options.baseline_models)->composing(), "compare with this model, too; may be repeated")
    ("slices", po::value<std::string>()->value_name("LIST")->default_value("auto")->notifier([&options](const std::string& list) {
       options.slices = parse_slices(list); }),
     "measure apart, separated by commas: activity, item-popularity, cold, time-since-cut; users:COLUMN or items:COLUMN of the dataset's tables; none; "
     "auto: all that the dataset allows, but no columns")
    ("extra-test", po::value<std::string>()->value_name("none|wilcoxon")->default_value("none")->notifier(
       one_of<ExtraTest>("extra-test", options.extra_test, {{"none", ExtraTest::none}, {"wilcoxon", ExtraTest::wilcoxon}})),
     "of differences to baselines, beside Student's t and sign flips: Wilcoxon's signed ranks; written to the JSON and the table")
    ("categories", po::value(&options.categories)->value_name("COLUMN"),
     "of calibration@K and category-diversity@K: a column of categories of the dataset's table of items (prepare --items)")
    ("seen", po::value<std::string>()->value_name("exclude|allow|only")->default_value("exclude")->notifier(
       one_of<SeenItems>("seen", options.seen, {{"exclude", SeenItems::exclude}, {"allow", SeenItems::allow}, {"only", SeenItems::only}})),
     "lists leave out the user's training items, may have them, or have no others; held-out items that lists cannot have then are left out")
    ("candidates", po::value<std::string>()->value_name("all|new")->notifier(
       one_of<Candidates>("candidates", options.candidates, {{"all", Candidates::all}, {"new", Candidates::new_items}})),
     "new: lists have items without a training entry alone, as a shelf of new items has, which models of als --item-features can order. all unless given")
    ("probability", read_file(&options.probability),
     "whether these probabilities of calibrate come true in the held-out part: a table, the expected calibration error, the Brier score")
    ("output", written_file(&options.output, json_endings), "write the metrics as JSON")
    ("report", written_file(&options.report, html_endings), "write the metrics as a page with plots")
    ("per-user", written_file(&options.per_user, hdf5_endings), "write the model's metrics of every user, but for coverage and gini, which are of all users");
  // clang-format on
  describe_gate(description, options.gate);
}

void require_sense(const EvaluateOptions& options) {
  const auto refuse = [](const std::string& message) { throw Error(ExitCode::usage, message); };
  require_sense(options.model);
  const GateSettings& gate = options.gate;
  if (gate.against.empty()) {
    if (!gate.metric.empty()) refuse("--metric has a meaning only with --against");
    if (gate.margin) refuse("--margin has a meaning only with --against");
    if (gate.confidence) refuse("--confidence has a meaning only with --against");
  }
  const auto metrics = options.metrics == "auto" ? std::vector<EvaluationMetric>() : parse_metrics(options.metrics);
  const auto needing = std::ranges::find_if(metrics, &EvaluationMetric::needs_categories);
  if (needing != metrics.end() && options.categories.empty())
    refuse(fmt::format("--metrics {}: expected --categories COLUMN, of the table of items", needing->name));
  if (needing == metrics.end() && !options.categories.empty())
    refuse("--categories has a meaning only with --metrics calibration@K or category-diversity@K");
  if (options.model.is_blend()) require_blend_metrics(metrics);
  if (!options.probability.empty() && options.model.is_blend())
    refuse("--probability: a file of calibrate is of one model; expected one --model");
  if (!options.probability.empty() && options.seen != SeenItems::exclude)
    refuse("--probability: calibrate looks at lists of new items; expected --seen exclude");
  if (options.candidates == Candidates::new_items) {
    if (options.model.is_blend()) refuse("--candidates new has a meaning only with one --model");
    for (const EvaluationMetric& metric : metrics) {
      if (!metric.ranks()) refuse(fmt::format("--candidates new: expected metrics of rankings, not {}", metric.name));
    }
    if (options.baselines && !options.baselines->empty())
      refuse("--candidates new: no baseline knows new items; expected --baselines none, or --baseline MODEL");
  }
  if (!options.baselines) return;
  for (const Baseline& baseline : *options.baselines) {
    if (baseline.kind == BaselineKind::blended_models && !options.model.is_blend())
      refuse("--baselines models has a meaning only with several --model");
    if (baseline.kind == BaselineKind::own && options.seen == SeenItems::exclude)
      refuse("--baselines own: --seen exclude leaves out what a user has; expected --seen allow or only");
  }
}

}  // namespace rankwise
