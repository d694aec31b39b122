#include "jobs/evaluate/heldout_users.hpp"

namespace rankwise {

HeldoutRows read_heldout_rows(const Communicator& comm, const DatasetReader& dataset, const Partition& partition) {
  const RowRange mine = partition.range(comm.rank());
  const bool are_new = dataset.has(DatasetPart::given);
  return {partition, dataset.read(DatasetPart::heldout, mine),
          dataset.read(are_new ? DatasetPart::given : DatasetPart::interactions, mine)};
}

}  // namespace rankwise
