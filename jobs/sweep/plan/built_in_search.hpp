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

/// What a built-in search is scaled to.
struct SearchedData {
  MatrixSize size{1, 1, 1};  ///< of a dataset's training part
  double entry_square = 1;   ///< itemcf: mean of the squared weights of its entries
  Index rows = 0;            ///< kmeans; 0: unknown
};

/// Trials of a built-in search of als; and the most that a budget may pay for.
inline constexpr Index usual_built_in_trials = 27;
inline constexpr Index most_built_in_trials = 81;

/// Whether the given options leave the search to the program: none of those that it would search is among them, and at
/// most one objective, or way to weigh entries.
[[nodiscard]] bool leaves_search_open(SweptJob job, const std::map<std::string, std::string>& texts);

/// For the objective that the texts name. Implicit (Rendle et al., "Revisiting the performance of iALS", 2021): factors
/// by doubling, regularization over four decades, the unobserved weight over three with balanced_unobserved_weight() of
/// `size` in the middle, the exponent; explicit: likewise, without that weight. The first trial is what `als` takes
/// without options. itemcf: each similarity with 20 neighbours and with 100, and ridges of 200 neighbours: three
/// normalizations a, each with four penalties over three decades around c^(1 - a), where c is the mean of C_ii; 28
/// trials, or fewer of a catalogue that has fewer items. kmeans: numbers of clusters up to half of the rows. `epochs`:
/// of a whole training.
[[nodiscard]] BuiltInSearch built_in_search(SweptJob job, const std::map<std::string, std::string>& texts,
                                            const SearchedData& data, Index epochs);

/// "factors = 32, 64, 128; regularization = log 1e-05 .. 0.1", for people.
[[nodiscard]] std::string space_text(const BuiltInSearch& search);

}  // namespace rankwise
