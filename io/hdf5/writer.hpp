#pragma once
// Writes one HDF5 file from all ranks: rows of each dataset from the ranks that hold them, all else from the root
// (io/hdf5/structure.hpp). The file's bytes are the same for any number of ranks: fixed layout and order, no times,
// nothing written but what was asked for and digests of it (io/hdf5/row_digests.hpp, io/hdf5/metadata_digest.hpp),
// computed from what is handed over.

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "distributed/comm/communicator.hpp"
#include "io/files/commit.hpp"
#include "io/hdf5/structure.hpp"
#include "kernels/base/matrix.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

struct Hdf5WriterOptions {
  /// Bytes that a rank packs at once.
  Index piece_bytes = Index{1} << 26;
  /// 1 to 9: rows are shuffled and deflated, by chunks (io/hdf5/row_chunks.hpp); those of the largest dataset stay in
  /// memory meanwhile. 0: they stand as they are.
  int deflate_level = 0;
};

/// Every member is collective over comm and throws AgreedError (cannot_create, io_error). Objects are named by absolute
/// paths; their groups must exist. `mine` are the global rows that this rank holds: contiguous, in rank order, empty
/// where a rank has none.
class Hdf5Writer {
 public:
  /// Fills `rows` of a dataset into `out` (rows.size() * row width values).
  template <class T>
  using FillRows = std::function<void(RowRange rows, T* out)>;

  /// Creates the file under a temporary name and secures space for `expected_bytes` of data.
  Hdf5Writer(const Communicator& comm, const std::string& path, Index expected_bytes, Hdf5WriterOptions options = {});
  ~Hdf5Writer();
  Hdf5Writer(const Hdf5Writer&) = delete;
  Hdf5Writer& operator=(const Hdf5Writer&) = delete;

  /// Not "/digests", which is the writer's own.
  void create_group(const std::string& name);

  /// A one-dimensional dataset; `values` are those of `mine`.
  template <class T>
  void write_rows(const std::string& name, Index total_rows, RowRange mine, std::span<const T> values) {
    write_pieces(name, {.element = hdf5_element<T>}, total_rows, mine,
                 [&](RowRange rows) -> const void* { return values.data() + (rows.begin - mine.begin); });
  }
  /// A one-dimensional dataset computed piece by piece, for values that are held in another form.
  template <class T>
  void write_filled_rows(const std::string& name, Index total_rows, RowRange mine, const FillRows<T>& fill) {
    std::unique_ptr<T[]> piece;
    write_pieces(name, {.element = hdf5_element<T>}, total_rows, mine, [&](RowRange rows) -> const void* {
      if (!piece) piece = std::make_unique_for_overwrite<T[]>(static_cast<std::size_t>(rows.size()));  // the largest
      fill(rows, piece.get());
      return piece.get();
    });
  }
  /// A dataset of total_rows x matrix.columns float32, without padding.
  void write_matrix(const std::string& name, Index total_rows, RowRange mine, ConstMatrixView matrix);
  /// The same but for the values, which the caller writes into the file between close() and its commit, without HDF5.
  /// Returns where this rank's first row begins in it, in bytes; rows follow each other without padding.
  [[nodiscard]] Index lay_out_matrix(const std::string& name, Index total_rows, RowRange mine, ConstMatrixView matrix);
  /// A one-dimensional dataset of UTF-8 strings of fixed length (the longest of all ranks', at least 1), padded with
  /// NUL. A string that holds NUL is refused (bad_data).
  void write_strings(const std::string& name, Index total_rows, RowRange mine, std::span<const std::string> values);

  /// Attributes of a group or dataset; values must be the same on every rank. Texts are encoded_text() in the file.
  void write_attribute(const std::string& object, const std::string& name, std::int64_t value);
  void write_attribute(const std::string& object, const std::string& name, std::uint64_t value);
  void write_attribute(const std::string& object, const std::string& name, double value);
  void write_attribute(const std::string& object, const std::string& name, std::string_view value);
  void write_attribute(const std::string& object, const std::string& name, std::span<const std::int64_t> values);
  void write_attribute(const std::string& object, const std::string& name, std::span<const std::string> values);
  /// One that h5py reads as a bool. No overload: it would take pointers to text.
  void write_truth_attribute(const std::string& object, const std::string& name, bool value);

  /// Writes the digests, closes the file and puts it in the target's place.
  void commit();
  /// Writes the digests and closes the file, which then waits to be committed; nothing else may be called afterwards.
  [[nodiscard]] std::unique_ptr<OutputFile> close();

 private:
  struct Impl;
  /// Gives the packed values of `rows`, valid until the next call; called with ascending, non-empty ranges.
  using PieceSource = std::function<const void*(RowRange rows)>;

  /// A dataset and its digests.
  void write_pieces(const std::string& name, const Hdf5RowFormat& format, Index total_rows, RowRange mine,
                    const PieceSource& source);
  void write_plain(const std::string& name, const Hdf5RowFormat& format, Index total_rows, RowRange mine,
                   const PieceSource& source);
  void write_packed(const std::string& name, const Hdf5RowFormat& format, Index total_rows, RowRange mine,
                    const PieceSource& source);
  void require_contiguous(const std::string& name, Index total_rows, RowRange mine) const;

  std::unique_ptr<Impl> impl_;
};

}  // namespace rankwise
