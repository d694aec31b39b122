#pragma once
// What customers bought in a window of time.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/log/orders.hpp"
#include "distributed/rows/id_rows.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// From `begin` up to `end`, which does not belong to it; microseconds since 1970.
struct TimeWindow {
  std::int64_t begin_microseconds = 0;
  std::int64_t end_microseconds = 0;
};

/// One entry a customer; money in millionths.
struct CustomerOutcomes {
  std::vector<std::int64_t> orders;              ///< whose amount is 0 or more
  std::vector<std::int64_t> revenue_millionths;  ///< amounts of all orders, returns subtracted
  std::vector<std::int64_t> margin_millionths;   ///< empty: not known
};

/// More money than this cannot be added exactly: 2^62 millionths.
inline constexpr double most_money = 4.6e12;

/// Of each of this rank's users in its window: `windows` has one entry a user. `margin_shares`: of each item, what of
/// the value of its lines is margin (NaN counts as 0); empty: margin is not known. Each order is rounded to millionths
/// by itself. Local. Nothing if a customer's money is not finite or beyond most_money.
[[nodiscard]] std::optional<CustomerOutcomes> outcomes_in(const Orders& orders, std::span<const TimeWindow> windows,
                                                          std::span<const double> margin_shares);

/// How the customers of a list and those of a dataset meet.
struct ListedCustomers {
  std::vector<Index> row_of_listed;  ///< of each of this rank's listed customers its row in the dataset, or -1
  std::vector<Index> listed_of_row;  ///< of each of this rank's rows of the dataset the place in the list, or -1
  Index found = 0;                   ///< listed customers in the dataset, over all ranks
};

/// Both tables have each id once. Collective over comm.
[[nodiscard]] ListedCustomers match_listed(const Communicator& comm, const IdRows& listed, const IdRows& known);

/// The outcomes of the listed customers; 0 of those whom the dataset does not have. `rows`: this rank's rows of the
/// dataset. Collective over comm.
[[nodiscard]] CustomerOutcomes outcomes_of_listed(const Communicator& comm, const ListedCustomers& matched,
                                                  RowRange rows, const CustomerOutcomes& outcomes);

}  // namespace rankwise
