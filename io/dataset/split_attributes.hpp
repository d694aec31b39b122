#pragma once
// What a split gives away, as attributes of the dataset file's root (docs/FORMATS.md).

#include <optional>
#include <vector>

#include "distributed/log/dataset.hpp"
#include "distributed/log/split_figures.hpp"
#include "io/hdf5/reader.hpp"

namespace rankwise {

/// The figures under their names.
[[nodiscard]] std::vector<DatasetFigure> split_attributes(SplitPart part, const SplitFigures& figures);

/// Nothing if the file holds none, as files of older versions. Throws Error(bad_data) that names the file if one is
/// impossible: a negative count, a part that is larger than its whole, a share that is not between 0 and 1. Not
/// collective.
[[nodiscard]] std::optional<SplitFigures> read_split_figures(const Hdf5Reader& file, SplitPart part);

}  // namespace rankwise
