#pragma once
// Order statistics of numbers that are spread over ranks: exact, whatever the number of ranks.

#include <optional>
#include <span>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// Where the q-quantile of n >= 1 numbers lies (type 7, as numpy has it): `weight` of the way from the number at
/// `below` of the ascending order, from 0, to that at `above`.
struct QuantilePlace {
  Index below = 0;
  Index above = 0;
  double weight = 0;
};
[[nodiscard]] QuantilePlace quantile_place(Index count, double q);
[[nodiscard]] double between(double below, double above, double weight);

/// The q-quantile of ascending numbers, at least one.
[[nodiscard]] double sorted_quantile(std::span<const double> ascending, double q);

/// The numbers at these places, from 0, of the ascending order of all ranks' numbers; each place is below their number.
/// Collective over comm, with the same places on every rank.
[[nodiscard]] std::vector<double> numbers_at(const Communicator& comm, std::span<const double> values,
                                             std::span<const Index> places);

/// The quantiles of all ranks' numbers, in the order of `shares`; none if there are no numbers. Collective over comm,
/// with the same shares on every rank.
[[nodiscard]] std::optional<std::vector<double>> quantiles(const Communicator& comm, std::span<const double> values,
                                                           std::span<const double> shares);

/// The most frequent number, of several the smallest; none if there are no numbers. Collective over comm.
[[nodiscard]] std::optional<double> mode(const Communicator& comm, std::span<const double> values);

}  // namespace rankwise
