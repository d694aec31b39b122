#include "jobs/sweep/plan/built_in_search.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <initializer_list>
#include <span>
#include <string_view>
#include <vector>

namespace rankwise {

namespace {

using OptionTexts = std::map<std::string, std::string>;

constexpr std::array<std::string_view, 4> searched_of_als{"factors", "regularization", "regularization-exponent",
                                                          "unobserved-weight"};

constexpr std::array<std::string_view, 7> searched_of_itemcf{
    "weights", "similarity", "popularity-exponent", "shrinkage", "neighbours", "penalty", "normalization"};

bool names_any(const OptionTexts& texts, std::span<const std::string_view> names) {
  return std::ranges::any_of(names, [&](std::string_view name) { return texts.contains(std::string(name)); });
}

bool has_one_value(const OptionTexts& texts, const std::string& name) {
  const auto found = texts.find(name);
  return found == texts.end() || found->second.find(',') == std::string::npos;
}

std::string objective_of(const OptionTexts& texts) {
  const auto found = texts.find("objective");
  return found == texts.end() ? "implicit" : found->second;
}

/// A range of so many decades with `middle` in its middle, in digits that a table has room for.
std::string decades(double middle, double count) {
  const double half = std::pow(10.0, count / 2);
  return fmt::format("log {:.4g} .. {:.4g}", middle / half, middle * half);
}

BuiltInSearch implicit_search(const MatrixSize& size) {
  const double weight = balanced_unobserved_weight(size);
  BuiltInSearch search;
  search.space = {{"factors", "32, 64, 128"},
                  {"regularization", "log 1e-5 .. 1e-1"},
                  {"regularization-exponent", "0.75, 1"},
                  {"unobserved-weight", decades(weight, 3)}};
  search.first = {{"factors", "64"},
                  {"regularization", "0.003"},
                  {"regularization-exponent", "1"},
                  {"unobserved-weight", fmt::format("{:.6g}", weight)}};
  return search;
}

BuiltInSearch explicit_search() {
  BuiltInSearch search;
  search.space = {
      {"factors", "8, 16, 32, 64"}, {"regularization", "log 1e-3 .. 1e1"}, {"regularization-exponent", "0.5, 1"}};
  search.first = {{"factors", "64"}, {"regularization", "0.15"}, {"regularization-exponent", "1"}};
  return search;
}

/// "20, 100" as far as an item has so many others.
std::string counts_within(std::initializer_list<Index> counts, Index items) {
  std::vector<Index> fitting;
  for (const Index count : counts) fitting.push_back(std::max<Index>(1, std::min(count, items - 1)));
  fitting.erase(std::unique(fitting.begin(), fitting.end()), fitting.end());
  return fmt::format("{}", fmt::join(fitting, ", "));
}

/// The Gramian's diagonal, which a penalty is added to, is as large as what an item's entries weigh, to the power of 1
/// less the normalization.
std::string penalties(double diagonal, std::initializer_list<double> normalizations) {
  std::vector<std::string> parts;
  for (const double a : normalizations) {
    parts.push_back(fmt::format("{} x 4 if normalization = {}", decades(std::pow(diagonal, 1 - a), 3), a));
  }
  return fmt::format("{}", fmt::join(parts, " | "));
}

BuiltInSearch items_search(const SearchedData& data) {
  const double diagonal = std::max(1e-6, data.entry_square * static_cast<double>(data.size.interactions) /
                                             static_cast<double>(std::max<Index>(1, data.size.items)));
  const std::string shrinkage = fmt::format("{:.3g}", 20 * data.entry_square);
  BuiltInSearch search;
  search.space = {
      {"weights", "similarity, ridge"},
      {"similarity", "cosine, jaccard, conditional, tfidf, bm25, rp3beta if weights = similarity"},
      {"popularity-exponent", "0.3, 0.6 if similarity = rp3beta"},
      {"shrinkage", fmt::format("0, {0} if similarity = cosine | {0} if weights = ridge", shrinkage)},
      {"neighbours", fmt::format("{} if weights = similarity | {} if weights = ridge",
                                 counts_within({20, 100}, data.size.items), counts_within({200}, data.size.items))},
      {"normalization", "0, 0.5, 0.75 if weights = ridge"},
      {"penalty", penalties(diagonal, {0, 0.5, 0.75})}};
  return search;
}

BuiltInSearch clusters_search(Index rows) {
  std::vector<Index> fitting;
  for (const Index count : {2, 3, 4, 6, 8, 12, 16, 24, 32}) {
    if (count == 2 || rows == 0 || 2 * count <= rows) fitting.push_back(count);
  }
  BuiltInSearch search;
  search.space = {{"clusters", fmt::format("{}", fmt::join(fitting, ", "))}};
  return search;
}

}  // namespace

bool leaves_search_open(SweptJob job, const OptionTexts& texts) {
  if (job == SweptJob::kmeans) return !texts.contains("clusters");
  if (job == SweptJob::itemcf) return !names_any(texts, searched_of_itemcf) && has_one_value(texts, "entry-weights");
  const std::string objective = objective_of(texts);
  return !names_any(texts, searched_of_als) && (objective == "implicit" || objective == "explicit");
}

BuiltInSearch built_in_search(SweptJob job, const OptionTexts& texts, const SearchedData& data, Index epochs) {
  if (job == SweptJob::kmeans) return clusters_search(data.rows);
  if (job == SweptJob::itemcf) return items_search(data);
  BuiltInSearch search = objective_of(texts) == "implicit" ? implicit_search(data.size) : explicit_search();
  constexpr double kept_third = 3;
  constexpr Index first_rung_share = 4;
  search.design = SearchDesign::sobol;
  search.trials = usual_built_in_trials;
  search.halving = kept_third;
  search.halving_epochs = std::max<Index>(1, epochs / first_rung_share);
  return search;
}

std::string space_text(const BuiltInSearch& search) {
  std::vector<std::string> parts;
  for (const auto& [name, values] : search.space) parts.push_back(fmt::format("{} = {}", name, values));
  return fmt::format("{}", fmt::join(parts, "; "));
}

}  // namespace rankwise
