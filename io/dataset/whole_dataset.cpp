#include "io/dataset/whole_dataset.hpp"

#include <optional>

#include "distributed/rows/partition.hpp"
#include "kernels/base/error.hpp"

namespace rankwise {

namespace {

RowRange share_of(const Communicator& comm, Index rows) {
  return Partition::by_count(rows, comm.size()).range(comm.rank());
}

/// This rank's rows with their times and folds.
SparseRows read_marked(const Communicator& comm, const DatasetReader& reader, DatasetPart part) {
  const RowRange mine = share_of(comm, reader.rows(part));
  SparseRows rows = reader.read(part, mine);
  if (reader.has(part, EntryMark::time)) rows.times_seconds = reader.marks(part, EntryMark::time, mine);
  if (reader.has(part, EntryMark::fold)) {
    const std::vector<std::int64_t> folds = reader.marks(part, EntryMark::fold, mine);
    rows.folds.emplace(folds.begin(), folds.end());
  }
  return rows;
}

std::optional<BothSides<SparseRows>> read_sides(const Communicator& comm, const DatasetReader& reader,
                                                DatasetPart by_user, DatasetPart by_item) {
  if (!reader.has(by_user)) return std::nullopt;
  return BothSides<SparseRows>{read_marked(comm, reader, by_user), read_marked(comm, reader, by_item)};
}

std::optional<BothSides<LogRows>> read_log_sides(const Communicator& comm, const DatasetReader& reader) {
  if (!reader.has_log_rows()) return std::nullopt;
  return BothSides<LogRows>{reader.log_rows(DatasetPart::interactions, share_of(comm, reader.training_users())),
                            reader.log_rows(DatasetPart::interactions_by_item, share_of(comm, reader.items()))};
}

}  // namespace

Dataset read_whole_dataset(const Communicator& comm, const DatasetReader& reader) {
  if (reader.provenance().format_version == 1) {
    throw AgreedError(ExitCode::bad_data,
                      "a dataset of format-version 1 lacks parts that are written today; run prepare again");
  }
  const auto sides = [&](DatasetPart by_user, DatasetPart by_item) {
    return read_sides(comm, reader, by_user, by_item);
  };
  Dataset whole;
  whole.users = reader.user_ids(share_of(comm, reader.training_users()));
  whole.items = reader.item_ids(share_of(comm, reader.items()));
  whole.interactions = read_marked(comm, reader, DatasetPart::interactions);
  whole.interactions_by_item = read_marked(comm, reader, DatasetPart::interactions_by_item);
  whole.heldout = sides(DatasetPart::heldout, DatasetPart::heldout_by_item);
  if (reader.has(DatasetPart::given)) {
    whole.heldout_users = HeldoutUsers{reader.heldout_user_ids(share_of(comm, reader.rows(DatasetPart::given))),
                                       read_marked(comm, reader, DatasetPart::given),
                                       read_marked(comm, reader, DatasetPart::given_by_item)};
  }
  whole.repeated = sides(DatasetPart::repeated, DatasetPart::repeated_by_item);
  if (auto validation = sides(DatasetPart::validation, DatasetPart::validation_by_item)) {
    whole.validation = ValidationPart{
        std::move(*validation), sides(DatasetPart::validation_given, DatasetPart::validation_given_by_item),
        sides(DatasetPart::validation_repeated, DatasetPart::validation_repeated_by_item)};
  }
  whole.log_rows = read_log_sides(comm, reader);
  if (reader.has_orders()) whole.orders = reader.orders(share_of(comm, reader.all_users()));
  whole.rules = reader.rules();
  whole.figures = reader.figures();
  return whole;
}

}  // namespace rankwise
