#pragma once
// Files of AnnData (.h5ad) and others like them: which dataset has the rows' ids, and sparse matrices by row or column.

#include <optional>
#include <string>

#include "distributed/comm/communicator.hpp"
#include "distributed/rows/partition.hpp"
#include "distributed/rows/sparse_rows.hpp"
#include "io/hdf5/reader.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// The dataset that a user's name of ids means: itself, or, for a data frame ("/obs", "/obs/_index"), the one that the
/// frame's attribute `_index` names. Local; throws Error(bad_data).
[[nodiscard]] std::string id_dataset(const Hdf5Reader& file, const std::string& name);

/// The ids of a matrix whose rows are AnnData's observations ("/X", "/layers/NAME", "/obsm/NAME"); nothing of another
/// matrix, or where /obs is no data frame. Local; throws Error(bad_data).
[[nodiscard]] std::optional<std::string> observation_ids(const Hdf5Reader& file, const std::string& matrix);

/// How a sparse matrix is stored.
struct SparseForm {
  bool by_columns = false;  ///< csc_matrix; else csr_matrix
  Index rows = 0;
  Index columns = 0;
  Index entries = 0;
};

/// Of the group `name`, whose datasets and attributes are checked to fit together: AnnData's csr_matrix or csc_matrix,
/// also as its version 0.6 and before wrote them (h5sparse_format). Local; throws Error(bad_data).
[[nodiscard]] SparseForm sparse_form(const Hdf5Reader& file, const std::string& name);

/// This rank's rows, with columns in ascending order whatever their order in the file. Values are numbers of any type,
/// finite as float32. Collective over comm; throws AgreedError(bad_data), also where a row has a column twice.
[[nodiscard]] SparseRows read_sparse_matrix(const Communicator& comm, const Hdf5Reader& file, const std::string& name,
                                            const SparseForm& form, const Partition& partition);

}  // namespace rankwise
