#include "distributed/evaluation/gathered_rows.hpp"

#include <algorithm>
#include <cstring>
#include <span>
#include <vector>

namespace rankwise {

Matrix gather_rows(const Communicator& comm, const FactorMatrix& factors, RowRange rows) {
  const RowRange mine = factors.partition.range(comm.rank());
  const Index begin = std::clamp(rows.begin, mine.begin, mine.end);
  const Index end = std::clamp(rows.end, begin, mine.end);
  const Index stride = factors.local.stride();
  const std::span<const float> part{factors.local.row(begin - mine.begin),
                                    static_cast<std::size_t>((end - begin) * stride)};
  const std::vector<float> all = comm.all_gather_varied(part).values;
  Matrix gathered(rows.size(), factors.local.columns());
  std::memcpy(gathered.row(0), all.data(), all.size() * sizeof(float));
  return gathered;
}

}  // namespace rankwise
