#include "distributed/rows/partition.hpp"

#include <algorithm>
#include <numeric>

namespace rankwise {

Partition Partition::by_count(Index rows, int parts) {
  const std::vector<double> equal(static_cast<std::size_t>(chunk_count(rows)), 1.0);
  return by_cost(rows, equal, parts);
}

Partition Partition::by_cost(Index rows, std::span<const double> chunk_costs, int parts) {
  std::vector<double> prefix(chunk_costs.size() + 1, 0.0);
  std::partial_sum(chunk_costs.begin(), chunk_costs.end(), prefix.begin() + 1);
  std::vector<Index> begins(static_cast<std::size_t>(parts) + 1, rows);
  begins.front() = 0;
  auto chunk = prefix.begin();
  for (int part = 1; part < parts; ++part) {
    // The boundary nearest to this part's fair share, never before the previous one.
    const double target = prefix.back() * part / parts;
    auto next = std::lower_bound(chunk, prefix.end(), target);
    if (next != chunk && next != prefix.end() && target - *(next - 1) < *next - target) --next;
    chunk = next;
    begins[static_cast<std::size_t>(part)] = std::min(rows, (chunk - prefix.begin()) * chunk_rows);
  }
  return Partition(std::move(begins));
}

int Partition::owner(Index row) const {
  // The last boundary at or below the row: empty parts share a boundary with the part that holds the row.
  return static_cast<int>(std::upper_bound(begins_.begin(), begins_.end(), row) - begins_.begin()) - 1;
}

Partition Partition::in_portions(std::span<const double> chunk_costs, int portions) const {
  Partition cut = *this;
  cut.portions_ = portions;
  cut.portion_begins_.clear();
  for (int part = 0; part < parts(); ++part) {
    const RowRange rows = range(part);
    const auto chunks = static_cast<std::size_t>(chunk_count(rows.size()));
    const std::span<const double> costs =
        chunks == 0 ? chunk_costs.first(0)
                    : chunk_costs.subspan(static_cast<std::size_t>(rows.begin / chunk_rows), chunks);
    const Partition inner = by_cost(rows.size(), costs, portions);
    for (int portion = 0; portion < portions; ++portion) {
      cut.portion_begins_.push_back(rows.begin + inner.range(portion).begin);
    }
  }
  cut.portion_begins_.push_back(rows());
  return cut;
}

}  // namespace rankwise
