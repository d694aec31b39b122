// write_samples FOLDER: writes small datasets, models and clusterings for the tests that open them with other tools.
// Under mpirun all ranks write together.

#include <cstdio>
#include <string>

#include "distributed/comm/communicator.hpp"
#include "distributed/comm/environment.hpp"
#include "tests/io/clustering/sample_clustering.hpp"
#include "tests/io/evaluation/sample_user_metrics.hpp"
#include "tests/io/tables/sample_tables.hpp"

int main(int argc, char** argv) {
  using namespace rankwise;
  const Environment environment(argc, argv);
  const Communicator comm = Communicator::world();
  if (argc != 2) {
    std::fprintf(stderr, "usage: write_samples FOLDER\n");
    return static_cast<int>(ExitCode::usage);
  }
  const std::string folder = argv[1];
  try {
    const SampleSize all_users{.users = 173, .items = 61};
    const SampleSize whole_users{.users = 5, .items = 900, .heldout_users = 2};
    const SampleSize empty{};
    write_dataset(comm, folder + "/strings.dataset.h5", sample_dataset(comm, all_users, SampleIds::strings),
                  sample_provenance());
    write_dataset(comm, folder + "/integers.dataset.h5", sample_dataset(comm, whole_users, SampleIds::integers),
                  sample_provenance());
    write_dataset(comm, folder + "/empty.dataset.h5", sample_dataset(comm, empty, SampleIds::integers),
                  sample_provenance());
    write_dataset(comm, folder + "/split.dataset.h5",
                  split_dataset(comm, all_users, SampleIds::integers, {.duplicates = DuplicatePolicy::sum}),
                  sample_provenance());
    write_dataset_with_tables(comm, folder + "/tables.dataset.h5",
                              sample_dataset(comm, whole_users, SampleIds::integers));
    write_model(comm, folder + "/strings.model.h5", sample_model(comm, all_users, SampleIds::strings, 17, false),
                sample_provenance());
    write_model(comm, folder + "/integers.model.h5", sample_model(comm, whole_users, SampleIds::integers, 3, true),
                sample_provenance());
    write_clustering(comm, folder + "/plain.clustering.h5", plain_clustering(comm, 150), sample_provenance());
    write_clustering(comm, folder + "/rich.clustering.h5", rich_clustering(comm, 150), sample_provenance());
    write_user_metrics(comm, folder + "/sample.users.h5", sample_user_metrics(comm, 150, SampleIds::strings),
                       sample_provenance());
    write_assignments_csv(comm, folder + "/rich.clustering.csv", rich_clustering(comm, 150));
  } catch (const AgreedError& error) {
    if (comm.is_root()) std::fprintf(stderr, "write_samples: %s\n", error.what());
    return static_cast<int>(error.code());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "write_samples: rank %d: %s\n", comm.rank(), error.what());
    Environment::abort(static_cast<int>(ExitCode::internal));
  }
  return 0;
}
