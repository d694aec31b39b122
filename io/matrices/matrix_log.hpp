#pragma once
// Entries of sparse matrices as rows of a log.

#include <string>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/log/interaction_log.hpp"

namespace rankwise {

struct MatrixLog {
  InteractionLog log;              ///< no times; positions count the entries of a file, from 1
  std::vector<std::string> notes;  ///< one a file: its shape, and where ids are from
};

/// Whether a file is an HDF5 file, or a zip file of arrays, by its first bytes. Local; throws Error(no_input, io_error)
/// that names it.
[[nodiscard]] bool is_matrix_file(const std::string& path);

/// Every stored entry of each matrix is one row. HDF5: /X, a csr_matrix or csc_matrix of AnnData's layout; users and
/// items are named by the indices of /obs and /var, or numbered from 0 if there are none. .npz: a CSR or CSC matrix as
/// scipy.sparse.save_npz writes it, users and items numbered from 0. Values are finite as float32. Collective over
/// comm; throws AgreedError (no_input, bad_data, io_error) that names the file and the dataset or array.
[[nodiscard]] MatrixLog read_matrix_logs(const Communicator& comm, const std::vector<std::string>& paths);

}  // namespace rankwise
