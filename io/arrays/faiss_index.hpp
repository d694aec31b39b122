#pragma once
// An index of faiss that finds vectors by their inner products: IndexFlatIP in an IndexIDMap, as faiss 1.5 to 1.7
// write it. The format is a few numbers before the vectors and before the labels, so that ranks can write it together;
// faiss itself would need all vectors in one process, and a BLAS in this program.

#include <string>

#include "distributed/comm/communicator.hpp"
#include "io/arrays/shared_array.hpp"

namespace rankwise {

/// `vectors`: float32, n x d; `labels`: int64, n, what a search returns. Collective over comm; throws AgreedError
/// (cannot_create, io_error; and what arrays throw).
void write_faiss_index(const Communicator& comm, const std::string& path, const SharedArray& vectors,
                       const SharedArray& labels);

}  // namespace rankwise
