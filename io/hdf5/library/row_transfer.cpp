#include "io/hdf5/library/row_transfer.hpp"

#include <array>

namespace rankwise {

Hdf5Handle OpenDataset::type() const {
  return file.checked(Hdf5Handle(H5Dget_type(opened.get()), H5Tclose), name);
}

void OpenDataset::transfer(RowRange rows, const RowPlace& place) const {
  const Hdf5Handle in_file = file.checked(Hdf5Handle(H5Dget_space(opened.get()), H5Sclose), name);
  const std::array<hsize_t, 2> start{static_cast<hsize_t>(rows.begin), 0};
  const std::array<hsize_t, 2> count{static_cast<hsize_t>(rows.size()), static_cast<hsize_t>(place.columns)};
  file.checked(H5Sselect_hyperslab(in_file.get(), H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr), name);
  const std::array<hsize_t, 2> memory{count[0], static_cast<hsize_t>(place.stride)};
  const std::array<hsize_t, 2> corner{0, static_cast<hsize_t>(place.first_column)};
  const Hdf5Handle in_memory = file.checked(Hdf5Handle(H5Screate_simple(2, memory.data(), nullptr), H5Sclose), name);
  file.checked(H5Sselect_hyperslab(in_memory.get(), H5S_SELECT_SET, corner.data(), nullptr, count.data(), nullptr),
               name);
  file.checked(H5Dread(opened.get(), place.type, in_memory.get(), in_file.get(), H5P_DEFAULT, place.out), name);
  file.check_unchanged();
}

void OpenDataset::convert(hid_t from, hid_t to, Index values, void* place) const {
  if (file.checked(H5Tequal(from, to), name) > 0) return;
  file.checked(H5Tconvert(from, to, static_cast<std::size_t>(values), place, nullptr, H5P_DEFAULT), name);
}

}  // namespace rankwise
