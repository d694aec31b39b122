#pragma once
// Files for tests of what happens to files.

#include <string>
#include <vector>

#include "io/clustering/clustering.hpp"
#include "io/hdf5/writer.hpp"
#include "tests/io/clustering/sample_clustering.hpp"
#include "tests/io/evaluation/sample_user_metrics.hpp"
#include "tests/io/sample_files.hpp"
#include "tests/io/shared_folder.hpp"
#include "tests/io/tables/sample_tables.hpp"

namespace rankwise {

inline constexpr SampleSize sample_size{.users = 29, .items = 17, .heldout_users = 5};

/// One file of each kind, by all ranks.
inline std::vector<std::string> sample_of_each_kind(const Communicator& comm, const SharedFolder& folder) {
  write_dataset_with_tables(comm, folder.file("dataset.h5"), sample_dataset(comm, sample_size, SampleIds::strings));
  write_model(comm, folder.file("model.h5"), sample_model(comm, sample_size, SampleIds::integers, 5, true),
              sample_provenance());
  Model described = sample_model(comm, sample_size, SampleIds::integers, 2, false);
  described.user_features = sample_features(2);
  write_model(comm, folder.file("described_model.h5"), described, sample_provenance());
  write_clustering(comm, folder.file("clustering.h5"), rich_clustering(comm, 40), sample_provenance());
  write_user_metrics(comm, folder.file("user_metrics.h5"), sample_user_metrics(comm, 29, SampleIds::strings),
                     sample_provenance());
  return {folder.file("dataset.h5"), folder.file("model.h5"), folder.file("clustering.h5"),
          folder.file("user_metrics.h5"), folder.file("described_model.h5")};
}
/// 400'000 rows of 8 bytes: four chunks, the last one shorter.
inline std::string long_file(const Communicator& comm, const SharedFolder& folder) {
  constexpr Index rows = 400'000;
  Hdf5Writer file(comm, folder.file("long.h5"), rows * 8);
  file.create_group("/group");
  file.write_attribute("/group", "note", std::string_view("as written"));
  file.write_filled_rows<std::int64_t>("/group/rows", rows, sample_range(comm, rows),
                                       [](RowRange piece, std::int64_t* out) {
                                         for (Index r = piece.begin; r < piece.end; ++r) *out++ = r * r;
                                       });
  file.commit();
  return folder.file("long.h5");
}

}  // namespace rankwise
