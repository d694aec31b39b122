// Columns of text as rows to cluster: all of them, and chosen ones with ids and weights.

#include "io/points/point_text.hpp"
#include "io/points/points_file.hpp"
#include "tests/fuzz/harness.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rankwise;
  const fuzz::InputFile file(fuzz::text_of(data, size));
  const auto read = [&](const PointSource& source) {
    fuzz::read_or_refuse([&] {
      const PointText text = read_point_text(fuzz::single_rank(), source);
      fuzz::require(static_cast<Index>(text.values.size()) == text.rows.size() * text.columns, "rows are whole");
      for (const float value : text.values) fuzz::require(value - value == 0, "values are finite");
      for (const float weight : text.weights) fuzz::require(weight > 0, "weights are above zero");
    });
  };
  read({.path = file.path()});
  read({.path = file.path(), .columns = "2-3", .ids = "1", .weights = "4"});
  fuzz::read_or_refuse(
      [&] { static_cast<void>(read_points(fuzz::single_rank(), {.path = file.path(), .ids = "id"})); });
  return 0;
}
