#pragma once
// A file of propensities whose content is a pure function of global row numbers, cut over any ranks.

#include <limits>
#include <string>

#include "io/profile/propensity_file.hpp"
#include "tests/io/profile/sample_profile.hpp"

namespace rankwise {

inline Profile sample_scores(const Communicator& comm, Index users, SampleIds kind) {
  Profile scores{.ids = sample_ids(sample_range(comm, users), users, kind, "user "),
                 .table = {},
                 .definitions = {"of a purchase", "1 or 0"},
                 .analysis_day = "1997-09-30"};
  Numbers probabilities;
  for (Index user = scores.ids.rows.begin; user < scores.ids.rows.end; ++user)
    probabilities.push_back(user % 7 == 3 ? std::numeric_limits<double>::quiet_NaN()
                                          : 1.0 / static_cast<double>(user + 1));
  Numbers marks(probabilities.size(), 1.0);
  scores.table = {scores.ids.rows, users, {}};
  scores.table.columns.push_back({"probability", std::move(probabilities)});
  scores.table.columns.push_back({"out_of_fold", std::move(marks)});
  return scores;
}

/// `count` of them, the intercept first.
inline std::vector<ModelTerm> sample_terms(Index count) {
  std::vector<ModelTerm> terms{{"(intercept)", "", "", -1.5, 0.1, 0, 1}};
  for (Index t = 1; t < count; ++t)
    terms.push_back({"stadt = Köln " + std::to_string(t), "stadt", "Köln " + std::to_string(t),
                     0.5 * static_cast<double>(t), 0.25, std::numeric_limits<double>::quiet_NaN(),
                     std::numeric_limits<double>::quiet_NaN()});
  return terms;
}

}  // namespace rankwise
