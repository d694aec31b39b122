#pragma once
// By which rules a dataset's rows became interactions, as attributes of its file's root group: duplicates, repeats, and
// min-total if there is one.

#include "distributed/log/duplicates.hpp"
#include "io/hdf5/reader.hpp"
#include "io/hdf5/writer.hpp"

namespace rankwise {

/// Collective, as the writer is.
void write_merge_rules(Hdf5Writer& file, const MergeRules& rules);
/// Throws Error(bad_data).
[[nodiscard]] MergeRules read_merge_rules(const Hdf5Reader& file);

}  // namespace rankwise
