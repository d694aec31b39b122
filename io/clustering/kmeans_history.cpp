#include "io/clustering/kmeans_history.hpp"

#include <fmt/format.h>

#include "io/hdf5/root_rows.hpp"
#include "kernels/base/error.hpp"

namespace rankwise {

void write_kmeans_history(const Communicator& comm, Hdf5Writer& file, const std::string& group,
                          const std::vector<LloydIteration>& history) {
  std::vector<double> inertia;
  std::vector<std::int64_t> moved;
  for (const LloydIteration& iteration : history) {
    inertia.push_back(iteration.inertia);
    moved.push_back(iteration.moved);
  }
  file.create_group(group + "/history");
  write_from_root(comm, file, group + "/history/inertia", inertia);
  write_from_root(comm, file, group + "/history/moved", moved);
}

std::vector<LloydIteration> read_kmeans_history(const Hdf5Reader& file, const std::string& group) {
  const std::string inertia_name = group + "/history/inertia";
  const std::string moved_name = group + "/history/moved";
  const Index iterations = file.shape(inertia_name, Hdf5Kind::floating, 1).rows();
  if (file.shape(moved_name, Hdf5Kind::integer, 1).rows() != iterations) {
    throw Error(ExitCode::bad_data, fmt::format("{}: {}/history: its parts differ in length", file.path(), group));
  }
  const std::vector<double> inertia = file.read_rows<double>(inertia_name, {0, iterations});
  const std::vector<std::int64_t> moved = file.read_rows<std::int64_t>(moved_name, {0, iterations});
  std::vector<LloydIteration> history(inertia.size());
  for (std::size_t i = 0; i < history.size(); ++i) {
    history[i].inertia = inertia[i];
    history[i].moved = moved[i];
  }
  return history;
}

}  // namespace rankwise
