#include "io/dataset/entry_marks.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <span>

#include "distributed/log/fold.hpp"
#include "kernels/base/error.hpp"

namespace rankwise {

namespace {

std::string mark_path(const std::string& name, EntryMark mark) {
  return name + (mark == EntryMark::time ? "/time" : "/fold");
}

}  // namespace

template <class Value>
Index mark_bytes(const CsrRows<Value>& matrix) {
  const Index entry_bytes =
      static_cast<Index>((matrix.times_seconds ? sizeof(std::int64_t) : 0) + (matrix.folds ? sizeof(std::int32_t) : 0));
  return matrix.entries() * entry_bytes;
}

template <class Value>
void write_marks(Hdf5Writer& file, const std::string& name, const CsrRows<Value>& matrix, Index total,
                 RowRange entries) {
  if (matrix.times_seconds)
    file.write_rows(mark_path(name, EntryMark::time), total, entries, std::span(*matrix.times_seconds));
  if (matrix.folds) file.write_rows(mark_path(name, EntryMark::fold), total, entries, std::span(*matrix.folds));
}

template Index mark_bytes(const SparseRows& matrix);
template Index mark_bytes(const LogRows& matrix);
template void write_marks(Hdf5Writer& file, const std::string& name, const SparseRows& matrix, Index total,
                          RowRange entries);
template void write_marks(Hdf5Writer& file, const std::string& name, const LogRows& matrix, Index total,
                          RowRange entries);

bool has_mark(const Hdf5Reader& file, const std::string& name, EntryMark mark, Index entries) {
  const std::string path = mark_path(name, mark);
  if (!file.has(path)) return false;
  const Index marks = file.shape(path, Hdf5Kind::integer, 1).rows();
  if (marks != entries) {
    throw Error(ExitCode::bad_data, fmt::format("{}: {} holds {} numbers, expected one for each of {} entries",
                                                file.path(), path, marks, entries));
  }
  return true;
}

std::vector<std::int64_t> read_marks(const Hdf5Reader& file, const std::string& name, EntryMark mark,
                                     RowRange entries) {
  const std::string path = mark_path(name, mark);
  std::vector<std::int64_t> marks = file.read_rows<std::int64_t>(path, entries);
  if (mark == EntryMark::time) return marks;
  const auto beyond = std::ranges::find_if(marks, [](std::int64_t fold) { return fold < 0 || fold >= most_folds; });
  if (beyond != marks.end()) {
    throw Error(ExitCode::bad_data,
                fmt::format("{}: {}: entry {} holds the fold {}, expected a number from 0 to {}", file.path(), path,
                            entries.begin + (beyond - marks.begin()), *beyond, most_folds - 1));
  }
  return marks;
}

}  // namespace rankwise
