// Any HDF5 file: its structure, and each of its datasets as a matrix, as weights, as ids and as texts.

#include "io/describe_file.hpp"
#include "io/hdf5_reader.hpp"
#include "io/id_file.hpp"
#include "io/points_file.hpp"
#include "tests/fuzz/harness.hpp"

namespace {

using namespace rankwise;

void read_dataset(const Hdf5Reader& file, const std::string& name) {
  fuzz::read_or_refuse([&] {
    const RowRange rows{0, id_rows(file, name)};
    fuzz::require(id_count(read_ids(file, name, rows).ids) == rows.size(), "every row has an id");
  });
  fuzz::read_or_refuse(
      [&] { static_cast<void>(read_points(fuzz::single_rank(), {.path = file.path(), .dataset = name})); });
  fuzz::read_or_refuse([&] {
    const Index rows = file.shape(name).rows();
    static_cast<void>(file.read_rows<double>(name, {0, rows}));
  });
  fuzz::read_or_refuse([&] {
    const Index rows = file.shape(name).rows();
    static_cast<void>(file.read_rows<std::int32_t>(name, {rows / 2, rows}));
  });
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t most_objects = 16;
  const fuzz::InputFile input(fuzz::text_of(data, size));
  fuzz::read_or_refuse([&] { static_cast<void>(read_points(fuzz::single_rank(), {.path = input.path()})); });
  fuzz::read_or_refuse([&] {
    const FileDescription description = describe_file(input.path());
    const Hdf5Reader file(input.path());
    std::size_t objects = 0;
    for (const FileObject& object : description.objects) {
      if (object.kind == FileObject::Kind::dataset) read_dataset(file, object.path);
      if (++objects == most_objects) break;
    }
  });
  return 0;
}
