#include "jobs/sweep/plan/built_in_search.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <string_view>
#include <vector>

namespace rankwise {

namespace {

using Texts = std::map<std::string, std::string>;

constexpr std::array<std::string_view, 4> searched_of_als{"factors", "regularization", "regularization-exponent",
                                                          "unobserved-weight"};

std::string objective_of(const Texts& texts) {
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

bool leaves_search_open(SweptJob job, const Texts& texts) {
  if (job == SweptJob::kmeans) return !texts.contains("clusters");
  const std::string objective = objective_of(texts);
  const bool names_some =
      std::ranges::any_of(searched_of_als, [&](std::string_view name) { return texts.contains(std::string(name)); });
  return !names_some && (objective == "implicit" || objective == "explicit");
}

BuiltInSearch built_in_search(SweptJob job, const Texts& texts, const MatrixSize& size, Index rows, Index epochs) {
  if (job == SweptJob::kmeans) return clusters_search(rows);
  BuiltInSearch search = objective_of(texts) == "implicit" ? implicit_search(size) : explicit_search();
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
