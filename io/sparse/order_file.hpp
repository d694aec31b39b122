#pragma once
// Orders in HDF5 files: a sparse matrix of orders x items, which scipy and anndata read, and beside it whose they are,
// when they were, and their amounts.

#include <string>

#include "distributed/comm/communicator.hpp"
#include "distributed/log/orders.hpp"
#include "io/hdf5/reader.hpp"
#include "io/hdf5/writer.hpp"
#include "io/sparse/sparse_file.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

inline const std::string orders_name = "/orders";

/// Bytes that the group will take in a file. Collective over comm.
[[nodiscard]] Index order_bytes(const Communicator& comm, const Orders& orders);

/// Writes the group. Collective over comm.
void write_orders(const Communicator& comm, Hdf5Writer& file, const Orders& orders);

/// Sizes of orders in a file.
struct OrderShape {
  SparseShape lines;  ///< orders x items
  Index users = 0;
  bool timed = false;
};

/// Checks that the group's datasets fit so many users and items, and each other. Not collective; throws
/// Error(bad_data).
[[nodiscard]] OrderShape order_shape(const Hdf5Reader& file, Index users, Index items);

/// The orders of these users: offsets checked to be monotone and within the file, no order to be without lines, times
/// of a user to ascend, columns to ascend and be in range, amounts to be the sums of their values. Not collective;
/// throws Error(bad_data).
[[nodiscard]] Orders read_orders(const Hdf5Reader& file, const OrderShape& shape, RowRange users);

}  // namespace rankwise
