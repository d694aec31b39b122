#include "jobs/itemcf/itemcf_settings.hpp"

#include <array>
#include <boost/program_options.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <functional>
#include <map>
#include <sstream>
#include <string_view>
#include <utility>
#include <vector>

#include "jobs/options/choices.hpp"
#include "jobs/options/file_option.hpp"
#include "jobs/options/training_part.hpp"
#include "jobs/options/unit_options.hpp"
#include "kernels/base/error.hpp"
#include "kernels/text/number_text.hpp"

namespace rankwise {

namespace {

constexpr double usual_penalty = 100;
constexpr Index usual_budget_bytes = Index{1} << 30;
constexpr std::array<std::string_view, 6> similarity_words{"cosine", "jaccard", "conditional",
                                                           "tfidf",  "bm25",    "rp3beta"};  // by SimilarityKind
/// A system of so many unknowns takes 4 GiB a thread; --neighbours all has no such systems.
constexpr Index most_ridge_neighbours = 16384;

std::function<void(double)> number_in(const char* option, std::optional<double>& target, double lowest,
                                      double highest) {
  return [option, &target, lowest, highest](double value) {
    within<double>(option, lowest, highest)(value);
    target = value;
  };
}

std::function<void(const std::string&)> neighbours_of(std::optional<Index>& target) {
  return [&target](const std::string& text) {
    target.reset();
    if (text == "all") return;
    target = whole_number<Index>(text);
    if (target && *target >= 1) return;
    throw Error(ExitCode::usage, fmt::format("--neighbours {}: expected all or a whole number from 1 on", text));
  };
}

/// Of the options of a similarity.
void add_idle_of_similarity(const ItemcfOptions& options, std::vector<IdleOption>& idle) {
  const SimilarityKind kind = options.similarity.value_or(SimilarityKind::cosine);
  const bool is_walk = kind == SimilarityKind::rp3beta;
  const bool is_cosine =
      kind == SimilarityKind::cosine || kind == SimilarityKind::tfidf || kind == SimilarityKind::bm25;
  if (!is_cosine) {
    idle.push_back(
        {"asymmetry", options.asymmetry.has_value(), "has a meaning only with --similarity cosine, tfidf or bm25"});
  }
  if (kind != SimilarityKind::conditional && !is_walk) {
    idle.push_back({"popularity-exponent", options.popularity_exponent.has_value(),
                    "has a meaning only with --similarity conditional or rp3beta"});
  }
  if (!is_walk) {
    idle.push_back(
        {"walk-exponent", options.walk_exponent.has_value(), "has a meaning only with --similarity rp3beta"});
  } else {
    idle.push_back({"shrinkage", options.shrinkage.has_value(), "has no meaning with --similarity rp3beta"});
  }
}

/// All items at once need no similarity that chooses.
void add_idle_of_all_items(const ItemcfOptions& options, std::vector<IdleOption>& idle) {
  const auto add = [&idle](std::string_view name, bool is_given) {
    idle.push_back({name, is_given, "chooses neighbours, and has no meaning with --weights ridge --neighbours all"});
  };
  add("similarity", options.similarity.has_value());
  add("asymmetry", options.asymmetry.has_value());
  add("popularity-exponent", options.popularity_exponent.has_value());
  add("walk-exponent", options.walk_exponent.has_value());
  add("shrinkage", options.shrinkage.has_value());
  add("min-similarity", options.min_similarity > 0);
  add("min-common-users", options.min_common_users > 1);
}

}  // namespace

SimilaritySettings ItemcfOptions::resolved_similarity() const {
  SimilaritySettings settings;
  settings.kind = similarity.value_or(settings.kind);
  settings.asymmetry = asymmetry.value_or(settings.asymmetry);
  settings.popularity_exponent = popularity_exponent.value_or(settings.popularity_exponent);
  settings.walk_exponent = walk_exponent.value_or(settings.walk_exponent);
  settings.shrinkage = shrinkage.value_or(usual_shrinkage());
  return settings;
}

double ItemcfOptions::usual_shrinkage() const {
  // In users, if each of them counts 1; other weights have other scales.
  const bool counts_users =
      similarity.value_or(SimilarityKind::cosine) == SimilarityKind::cosine && entry_weights == EntryWeighting::one;
  return counts_users ? 20 : 0;
}

double ItemcfOptions::resolved_penalty() const {
  return penalty.value_or(usual_penalty);
}

double ItemcfOptions::resolved_normalization() const {
  return normalization.value_or(0);
}

Index ItemcfOptions::resolved_budget_bytes() const {
  return memory_budget_bytes > 0 ? memory_budget_bytes : usual_budget_bytes;
}

std::string resolved_configuration(const ItemcfOptions& options, const std::string& configuration) {
  std::map<std::string, std::string> lines;
  std::istringstream given(configuration);
  for (std::string line; std::getline(given, line);) {
    const std::size_t end = line.find(" = ");
    lines.emplace(line.substr(0, end), line);
  }
  const auto add = [&lines](const std::string& name, auto value) {
    lines.emplace(name, fmt::format("{} = {}", name, value));  // not if it was given
  };
  if (!options.is_dense()) {
    const SimilaritySettings settings = options.resolved_similarity();
    const bool is_walk = settings.kind == SimilarityKind::rp3beta;
    const bool is_conditional = settings.kind == SimilarityKind::conditional;
    add("similarity", similarity_words[static_cast<std::size_t>(settings.kind)]);
    if (!is_walk && !is_conditional && settings.kind != SimilarityKind::jaccard) add("asymmetry", settings.asymmetry);
    if (is_walk || is_conditional) add("popularity-exponent", settings.popularity_exponent);
    if (is_walk) add("walk-exponent", settings.walk_exponent);
    if (!is_walk) add("shrinkage", settings.shrinkage);
  }
  if (options.weights == ItemWeights::ridge) {
    add("penalty", options.resolved_penalty());
    add("normalization", options.resolved_normalization());
  }
  std::vector<std::string> texts;
  for (auto& [name, line] : lines) texts.push_back(std::move(line));
  return fmt::format("{}", fmt::join(texts, "\n"));
}

void describe_itemcf(boost::program_options::options_description& description, ItemcfOptions& options) {
  namespace po = boost::program_options;
  const auto similarity = [&options](const std::string& word) {
    SimilarityKind kind{};
    one_of<SimilarityKind>("similarity", kind,
                           {{"cosine", SimilarityKind::cosine},
                            {"jaccard", SimilarityKind::jaccard},
                            {"conditional", SimilarityKind::conditional},
                            {"tfidf", SimilarityKind::tfidf},
                            {"bm25", SimilarityKind::bm25},
                            {"rp3beta", SimilarityKind::rp3beta}})(word);
    options.similarity = kind;
  };
  // clang-format off
  description.add_options()
    ("data", read_file(&options.data)->required(), "dataset, as prepare writes it")
    ("model", written_file(&options.model, hdf5_endings)->required(), "item model to write");
  describe_fold(description, options.fold);
  describe_training_part(description, options.trained_on);
  description.add_options()
    ("entry-weights", po::value<std::string>()->value_name("one|value|log")->default_value("one")->notifier(
       one_of<EntryWeighting>("entry-weights", options.entry_weights, {{"one", EntryWeighting::one}, {"value", EntryWeighting::value}, {"log", EntryWeighting::logarithm}})),
     "what an interaction of value r weighs, here and when users are served: 1, r, or ln(1 + r)")
    ("similarity", po::value<std::string>()->value_name("cosine|jaccard|conditional|tfidf|bm25|rp3beta")->notifier(similarity),
     "by which items are neighbours, see below; cosine unless given")
    ("asymmetry", po::value<double>()->value_name("A")->notifier(number_in("asymmetry", options.asymmetry, 0, 1)),
     "cosine, tfidf, bm25: the share of the user's item in the denominator; 0.5 unless given")
    ("popularity-exponent", po::value<double>()->value_name("B")->notifier(number_in("popularity-exponent", options.popularity_exponent, 0, 4)),
     "conditional, rp3beta: how much popular items are held back; 0.5 unless given")
    ("walk-exponent", po::value<double>()->value_name("ALPHA")->notifier(number_in("walk-exponent", options.walk_exponent, 0, 4)),
     "rp3beta: the exponent of each step's probability; 1 unless given")
    ("shrinkage", po::value<double>()->value_name("H")->notifier(number_in("shrinkage", options.shrinkage, 0, 1e12)),
     "added to the denominator, so that few users in common say little; unless given 20 with --similarity cosine and --entry-weights one, else 0")
    ("neighbours", po::value<std::string>()->value_name("K|all")->default_value("100")->notifier(neighbours_of(options.neighbours)),
     "use the K most similar items of each item")
    ("min-similarity", po::value(&options.min_similarity)->value_name("S")->default_value(0)->notifier(within<double>("min-similarity", 0, 1e12)),
     "no neighbours below this similarity")
    ("min-common-users", po::value(&options.min_common_users)->value_name("N")->default_value(1)->notifier(within<Index>("min-common-users", 1, Index{1} << 31)),
     "no neighbours that fewer users have in common")
    ("weights", po::value<std::string>()->value_name("similarity|ridge")->default_value("similarity")->notifier(
       one_of<ItemWeights>("weights", options.weights, {{"similarity", ItemWeights::similarity}, {"ridge", ItemWeights::ridge}})),
     "what neighbours weigh: their similarity, or what a ridge regression of the item on its neighbours gives; with --neighbours all on all items (EASE), for small catalogues")
    ("penalty", po::value<double>()->value_name("L")->notifier(number_in("penalty", options.penalty, 1e-12, 1e15)),
     "ridge: penalty; 100 unless given. Penalties of different --normalization cannot be compared")
    ("normalization", po::value<double>()->value_name("A")->notifier(number_in("normalization", options.normalization, 0, 1)),
     "ridge: 0 takes co-occurrences as they are, above 0 covariances that are divided by the standard deviations to the power of A; 0 unless given")
    ("max-user-items", po::value<Index>()->value_name("N")->notifier([&options](Index most) { within<Index>("max-user-items", 1, Index{1} << 40)(most); options.max_user_items = most; }),
     "of users with more items count N, drawn by the seed: such users, robots perhaps, cost the square of their items; without it all count")
    ("memory-budget", po::value<std::string>()->value_name("BYTES")->notifier(bytes_of("memory-budget", options.memory_budget_bytes)),
     "rows of other ranks' users, and sums of pairs, that a rank holds at a time, as in 1GiB; its own part of the dataset and of the model is beside it; 1 GiB unless given");
  // clang-format on
  describe_compression(description, options.deflate_level);
}

std::vector<IdleOption> idle_options(const ItemcfOptions& options) {
  std::vector<IdleOption> idle;
  add_idle_of_similarity(options, idle);
  if (options.is_dense()) add_idle_of_all_items(options, idle);
  if (options.weights == ItemWeights::similarity) {
    idle.push_back({"penalty", options.penalty.has_value(), "has a meaning only with --weights ridge"});
    idle.push_back({"normalization", options.normalization.has_value(), "has a meaning only with --weights ridge"});
  }
  return idle;
}

void require_sense(const ItemcfOptions& options) {
  require_foldable(options.fold, options.trained_on);
  const auto refuse = [](const std::string& message) { throw Error(ExitCode::usage, message); };
  for (const IdleOption& idle : idle_options(options)) {
    if (idle.is_given) refuse(fmt::format("--{} {}", idle.name, idle.reason));
  }
  if (options.weights == ItemWeights::similarity) return;
  if (options.resolved_normalization() > 0 && !options.penalty) {
    refuse(
        "--normalization above 0 divides co-occurrences by their spread, for which 100 is no penalty; expected "
        "--penalty L, such as 0.5");
  }
  if (options.neighbours && *options.neighbours > most_ridge_neighbours) {
    refuse(fmt::format("--neighbours {}: expected at most {} with --weights ridge, or all", *options.neighbours,
                       most_ridge_neighbours));
  }
}

}  // namespace rankwise
