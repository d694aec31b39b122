#pragma once
// What a sweep searches, and how, if it is told no space. Pure functions of the options and the data's size.

#include <map>
#include <string>

#include "jobs/sweep/plan/plan.hpp"
#include "kernels/als/objective.hpp"

namespace rankwise {

/// A space, and how it is searched. All texts are as a user would give them.
struct BuiltInSearch {
  std::map<std::string, std::string> space;
  std::map<std::string, std::string> first;  ///< values of the first trial; empty: one like the others
  SearchDesign design = SearchDesign::grid;
  Index trials = 0;  ///< of every design but the grid
  double halving = 0;
  Index halving_epochs = 0;
};

/// Trials of a built-in search of als; and the most that a budget may pay for.
inline constexpr Index usual_built_in_trials = 27;
inline constexpr Index most_built_in_trials = 81;

/// Whether the given options leave the search to the program: none of those that it would search is among them, and at
/// most one objective.
[[nodiscard]] bool leaves_search_open(SweptJob job, const std::map<std::string, std::string>& texts);

/// For the objective that the texts name. Implicit (Rendle et al., "Revisiting the performance of iALS", 2021): factors
/// by doubling, regularization over four decades, the unobserved weight over three with balanced_unobserved_weight() of
/// `size` in the middle, the exponent; explicit: likewise, without that weight. The first trial is what `als` takes
/// without options. kmeans: numbers of clusters up to half of `rows` (0: unknown). `epochs`: of a whole training.
[[nodiscard]] BuiltInSearch built_in_search(SweptJob job, const std::map<std::string, std::string>& texts,
                                            const MatrixSize& size, Index rows, Index epochs);

/// "factors = 32, 64, 128; regularization = log 1e-05 .. 0.1", for people.
[[nodiscard]] std::string space_text(const BuiltInSearch& search);

}  // namespace rankwise
