// Dataset files: every matrix and every id.

#include "io/dataset.hpp"
#include "tests/fuzz/harness.hpp"

namespace {

using namespace rankwise;

void read_part(const DatasetReader& file, DatasetPart part) {
  const RowRange rows{0, file.rows(part)};
  fuzz::read_or_refuse([&] { static_cast<void>(file.row_sizes(part, {rows.end / 2, rows.end})); });
  fuzz::read_or_refuse([&] {
    const SparseRows read = file.read(part, rows);
    fuzz::require(read.entries() == file.entries(part), "all entries are read");
    for (const Index column : read.columns) {
      fuzz::require(column >= 0 && column < file.columns(part), "columns are in range");
    }
  });
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::InputFile input(fuzz::text_of(data, size));
  fuzz::read_or_refuse([&] {
    const DatasetReader file(fuzz::single_rank(), input.path());
    for (const DatasetPart part :
         {DatasetPart::interactions, DatasetPart::interactions_by_item, DatasetPart::heldout, DatasetPart::given}) {
      if (file.has(part)) read_part(file, part);
    }
    fuzz::read_or_refuse([&] { static_cast<void>(file.user_ids({0, file.users()})); });
    fuzz::read_or_refuse([&] { static_cast<void>(file.item_ids({0, file.items()})); });
    if (file.has(DatasetPart::given)) {
      fuzz::read_or_refuse([&] { static_cast<void>(file.heldout_user_ids({0, file.rows(DatasetPart::given)})); });
    }
  });
  return 0;
}
