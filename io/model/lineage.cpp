#include "io/model/lineage.hpp"

#include <fmt/format.h>

#include "io/hdf5/root_rows.hpp"
#include "kernels/base/error.hpp"

namespace rankwise {

namespace {

constexpr Index most_ancestors = Index{1} << 16;  // beyond any use, and nothing that exhausts memory

}  // namespace

void write_lineage(const Communicator& comm, Hdf5Writer& file, const std::vector<std::uint64_t>& digests) {
  write_digests(comm, file, "/lineage", digests);
}

std::vector<std::uint64_t> read_lineage(const Hdf5Reader& file) {
  return read_digests(file, "/lineage");
}

void write_digests(const Communicator& comm, Hdf5Writer& file, const std::string& name,
                   const std::vector<std::uint64_t>& digests) {
  if (!digests.empty()) write_from_root(comm, file, name, digests);
}

std::vector<std::uint64_t> read_digests(const Hdf5Reader& file, const std::string& name) {
  if (!file.has(name)) return {};
  const Index count = file.shape(name, Hdf5Kind::integer, 1).rows();
  if (count > most_ancestors) {
    throw Error(ExitCode::bad_data,
                fmt::format("{}: {} has {} rows, expected at most {}", file.path(), name, count, most_ancestors));
  }
  return file.read_rows<std::uint64_t>(name, {0, count});
}

}  // namespace rankwise
