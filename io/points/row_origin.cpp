#include "io/points/row_origin.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <string_view>

#include "io/model/lineage.hpp"
#include "kernels/base/error.hpp"

namespace rankwise {

namespace {

// By PointFormat and by RowSide.
constexpr std::array<std::string_view, 7> format_names{"model", "dataset", "clustering", "hdf5",
                                                       "npy",   "text",    "profile"};
constexpr std::array<std::string_view, 2> side_names{"users", "items"};

template <std::size_t kSize>
std::size_t read_choice(const Hdf5Reader& file, const std::string& name,
                        const std::array<std::string_view, kSize>& names) {
  const auto found = std::ranges::find(names, file.read_text("/", name));
  if (found == names.end()) {
    throw Error(ExitCode::bad_data, fmt::format("{}: attribute {} is none of the known ones", file.path(), name));
  }
  return static_cast<std::size_t>(found - names.begin());
}

}  // namespace

void write_row_origin(const Communicator& comm, Hdf5Writer& file, const RowOrigin& origin) {
  file.write_attribute("/", "rows-from", format_names[static_cast<std::size_t>(origin.format)]);
  file.write_attribute("/", "rows-have-ids", static_cast<std::int64_t>(origin.has_ids));
  if (origin.side) file.write_attribute("/", "rows", side_names[static_cast<std::size_t>(*origin.side)]);
  if (origin.format == PointFormat::model) file.write_attribute("/", "model-digest", origin.model_digest);
  if (origin.format == PointFormat::dataset) {
    file.write_attribute("/", "dimension-ids-digest", origin.dimension_ids_digest);
  }
  write_lineage(comm, file, origin.model_ancestors);
}

std::optional<RowOrigin> read_row_origin(const Hdf5Reader& file) {
  if (!file.has_attribute("/", "rows-from")) return std::nullopt;
  RowOrigin origin;
  origin.format = static_cast<PointFormat>(read_choice(file, "rows-from", format_names));
  origin.has_ids = file.read_integer("/", "rows-have-ids") != 0;
  if (file.has_attribute("/", "rows")) origin.side = static_cast<RowSide>(read_choice(file, "rows", side_names));
  if (origin.format == PointFormat::model) origin.model_digest = file.read_unsigned("/", "model-digest");
  if (origin.format == PointFormat::dataset) {
    origin.dimension_ids_digest = file.read_unsigned("/", "dimension-ids-digest");
  }
  origin.model_ancestors = read_lineage(file);
  return origin;
}

}  // namespace rankwise
