#pragma once
// Provenance as attributes of a file's root group: kind, format-version, version, configuration, seed, dataset-digest;
// and warm-start-digest and tables-digest where there is one.

#include "io/dataset/provenance.hpp"
#include "io/hdf5/reader.hpp"
#include "io/hdf5/writer.hpp"

namespace rankwise {

/// Collective, as the writer is.
void write_provenance(Hdf5Writer& file, const Provenance& provenance);

/// Throws Error(bad_data) when the file is of another kind ("FILE is a model, expected a dataset") or of a newer
/// format.
[[nodiscard]] Provenance read_provenance(const Hdf5Reader& file, const std::string& expected_kind);

}  // namespace rankwise
