#include "distributed/regression/row_folds.hpp"

#include <algorithm>

#include "distributed/rows/id_keys.hpp"
#include "kernels/base/philox.hpp"

namespace rankwise {

std::vector<std::int32_t> folds_of_ids(const Ids& ids, std::uint64_t seed, std::int32_t folds) {
  const RandomStream draws(seed, RandomPurpose::prepared_fold_users);
  std::vector<std::int32_t> of_ids;
  for (const std::uint64_t key : id_keys(ids))
    of_ids.push_back(static_cast<std::int32_t>(draws.uniform(static_cast<Index>(key), 0) * folds));
  return of_ids;
}

std::vector<std::uint8_t> rows_outside(std::span<const std::int32_t> folds, std::int32_t fold) {
  std::vector<std::uint8_t> outside(folds.size());
  std::ranges::transform(folds, outside.begin(), [&](std::int32_t each) {
    return static_cast<std::uint8_t>(each != no_fold && each != fold ? 1 : 0);
  });
  return outside;
}

std::vector<double> values_in_folds(std::span<const std::int32_t> folds, std::span<const double> values) {
  std::vector<double> kept;
  for (std::size_t row = 0; row < folds.size(); ++row) {
    if (folds[row] != no_fold) kept.push_back(values[row]);
  }
  return kept;
}

}  // namespace rankwise
