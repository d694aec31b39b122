// Clustering files: what any number of ranks wrote, any number reads; damage is named.

#include "io/clustering/clustering.hpp"

#include <gtest/gtest.h>
#include <limits>

#include "io/points/points_file.hpp"
#include "tests/io/clustering/sample_clustering.hpp"
#include "tests/io/damage.hpp"
#include "tests/io/shared_folder.hpp"

namespace rankwise {
namespace {

class ClusteringTest : public testing::Test {
 protected:
  Communicator comm_ = Communicator::world();
  SharedFolder folder_{comm_};
};

TEST_F(ClusteringTest, ComesBack) {
  for (const Index rows : {0, 1, 5, 200}) {
    for (const bool rich : {false, true}) {
      const std::string path = folder_.file("clusters.h5");
      const Clustering written = rich ? rich_clustering(comm_, rows) : plain_clustering(comm_, rows);
      write_clustering(comm_, path, written, sample_provenance());
      EXPECT_EQ(detect_points(comm_, path), PointFormat::clustering);
      const ClusteringReader file(comm_, path);
      EXPECT_EQ(file.metric(), written.metric);
      EXPECT_EQ(file.clusters(), 3);
      EXPECT_EQ(file.dimensions(), 2);
      EXPECT_EQ(file.dimension_names(), written.dimensions);
      EXPECT_EQ(file.scaling(), written.scaling);
      EXPECT_EQ(file.provenance().kind, "clustering");
      EXPECT_EQ(file.provenance().dataset_digest, sample_provenance().dataset_digest);
      const Matrix centroids = file.centroids();
      for (Index k = 0; k < 3; ++k) {
        for (Index c = 0; c < centroids.stride(); ++c) EXPECT_EQ(centroids.row(k)[c], written.centroids.row(k)[c]);
      }
      comm_.barrier();
    }
  }
}

/// Rows 1, 4, 7, ... belong to no cluster.
Clustering with_rows_apart(Clustering clustering) {
  for (std::size_t r = 0; r < clustering.assignments.size(); ++r) {
    if (clustering.assignments[r] != 1) continue;
    clustering.assignments[r] = no_cluster;
    clustering.distances[r] = std::numeric_limits<float>::quiet_NaN();
  }
  clustering.sizes[1] = 0;
  return clustering;
}

TEST_F(ClusteringTest, RowsComeBackWithThoseOfNoCluster) {
  const std::string path = folder_.file("clusters.h5");
  for (const Index rows : {0, 1, 2, 50}) {
    const Clustering written = with_rows_apart(rich_clustering(comm_, rows));
    write_clustering(comm_, path, written, sample_provenance());
    const ClusteringReader file(comm_, path);
    EXPECT_EQ(file.rows(), rows);
    const RowRange mine = written.ids.rows;
    const ClusteredRows read = file.clustered_rows(mine);
    EXPECT_EQ(read.assignments, written.assignments);
    if (mine.size() > 0) {
      EXPECT_EQ(read.ids.ids, written.ids.ids);
    }
    comm_.barrier();
  }
  write_assignments_csv(comm_, folder_.file("clusters.csv"), with_rows_apart(plain_clustering(comm_, 3)));
  comm_.barrier();
  EXPECT_EQ(file_content(folder_.file("clusters.csv")), "id,cluster,distance\n1000,0,0\n1003,-1,\n1006,2,0.25\n");
}

TEST_F(ClusteringTest, WhereRowsComeFromComesBack) {
  const std::string path = folder_.file("clusters.h5");
  const std::vector<RowOrigin> origins{
      {.format = PointFormat::model,
       .side = RowSide::items,
       .has_ids = true,
       .model_digest = 18446744073709551557U,
       .model_ancestors = {3, 18446744073709551556U, 1}},
      {.format = PointFormat::dataset, .side = RowSide::users, .has_ids = true, .dimension_ids_digest = 9},
      {.format = PointFormat::text, .has_ids = true},
      {.format = PointFormat::npy}};
  for (const RowOrigin& origin : origins) {
    Clustering clustering = plain_clustering(comm_, 4);
    clustering.origin = origin;
    clustering.unit_rows = origin.format == PointFormat::npy;
    write_clustering(comm_, path, clustering, sample_provenance());
    const ClusteringReader file(comm_, path);
    EXPECT_EQ(file.origin(), origin);
    EXPECT_EQ(file.unit_rows(), clustering.unit_rows);
    comm_.barrier();
  }
  if (comm_.is_root()) {
    const OpenFile file(path);
    for (const char* name : {"rows-from", "scale"}) file.remove_attribute("/", name);
  }
  comm_.barrier();
  EXPECT_EQ(ClusteringReader(comm_, path, InputCheck::none).origin(), std::nullopt) << "of an older version";
}

TEST_F(ClusteringTest, CentroidsAreRowsOfAnHdf5FileToo) {
  const std::string path = folder_.file("clusters.h5");
  write_clustering(comm_, path, rich_clustering(comm_, 4), sample_provenance());
  EXPECT_EQ(read_centroids(comm_, {.path = path, .dataset = "/centroids"}).rows.rows(), 3);
}

TEST_F(ClusteringTest, AssignmentsAsText) {
  const std::string path = folder_.file("clusters.csv");
  write_assignments_csv(comm_, path, rich_clustering(comm_, 4));
  comm_.barrier();
  EXPECT_EQ(file_content(path),
            "id,cluster,distance\n\"row, 0ü\",0,0\n\"row, 1\",1,0.125\n\"row, 4\",2,0.25\n\"row, 9ü\",0,0.375\n");
  write_assignments_csv(comm_, path, plain_clustering(comm_, 2));
  comm_.barrier();
  EXPECT_EQ(file_content(path), "id,cluster,distance\n1000,0,0\n1003,1,0.125\n");
}

TEST_F(ClusteringTest, AFailedWriteLeavesTheOldFile) {
  const std::string path = folder_.file("clusters.h5");
  write_clustering(comm_, path, plain_clustering(comm_, 30), sample_provenance());
  comm_.barrier();
  const std::string before = file_content(path);
  Clustering broken = plain_clustering(comm_, 30);
  if (comm_.rank() == comm_.size() - 1) broken.distances.push_back(0);
  const std::string expected = "70: the parts of a clustering differ in size";
  EXPECT_EQ(error_of([&] { write_clustering(comm_, path, broken, sample_provenance()); }), expected);
  EXPECT_EQ(error_of([&] { write_assignments_csv(comm_, path, broken); }), expected);
  comm_.barrier();
  EXPECT_TRUE(file_content(path) == before);
  EXPECT_EQ(folder_.names(), std::vector<std::string>{"clusters.h5"});
}

TEST_F(ClusteringTest, OtherFilesAreNoClusterings) {
  const std::string path = folder_.file("model.h5");
  write_model(comm_, path, sample_model(comm_, {.users = 3, .items = 2}, SampleIds::integers, 2, false),
              sample_provenance());
  EXPECT_EQ(error_of([&] { const ClusteringReader file(comm_, path); }),
            "65: " + path + " is a model, expected a clustering");
  EXPECT_EQ(error_of([&] { const ClusteringReader file(comm_, folder_.file("absent.h5")); }),
            "66: " + folder_.file("absent.h5") + ": cannot open: No such file or directory");
}

struct Damage {
  const char* name;
  void (*apply)(const OpenFile& file);
  const char* message;  ///< after the file's name
};

void PrintTo(const Damage& damage, std::ostream* out) {
  *out << damage.name;
}

class DamagedClustering : public ClusteringTest, public testing::WithParamInterface<Damage> {};

TEST_P(DamagedClustering, IsNamedOnEveryRank) {
  const std::string path = folder_.file("damaged.h5");
  write_clustering(comm_, path, rich_clustering(comm_, 20), sample_provenance());
  comm_.barrier();
  if (comm_.is_root()) GetParam().apply(OpenFile(path));
  comm_.barrier();
  const auto read_all = [&] {
    const ClusteringReader file(comm_, path, InputCheck::none);
    static_cast<void>(file.centroids());
    static_cast<void>(file.clustered_rows({0, file.rows()}));
  };
  EXPECT_EQ(error_of(read_all), "65: " + path + GetParam().message);
}

constexpr double infinite = std::numeric_limits<double>::infinity();

INSTANTIATE_TEST_SUITE_P(
    Kinds, DamagedClustering,
    testing::Values(
        Damage{"nan_centroid",
               [](const OpenFile& f) { f.overwrite<float>("/centroids", 3, std::numeric_limits<float>::quiet_NaN()); },
               ": /centroids: row 1, column 1: nan: expected a finite number"},
        Damage{"no_centroids", [](const OpenFile& f) { f.remove("/centroids"); }, ": /centroids is missing"},
        Damage{"flat_centroids", [](const OpenFile& f) { f.replace("/centroids", H5T_NATIVE_FLOAT, {6}); },
               ": /centroids has 1 dimensions, expected 2"},
        Damage{"integer_centroids",
               [](const OpenFile& f) {
                 f.replace("/centroids", H5T_NATIVE_INT32, {3, 2});
               },
               ": /centroids holds integers, expected floating-point numbers"},
        Damage{"empty_centroids",
               [](const OpenFile& f) {
                 f.replace("/centroids", H5T_NATIVE_FLOAT, {0, 2});
               },
               ": /centroids is empty"},
        Damage{"high_assignment", [](const OpenFile& f) { f.overwrite<std::int32_t>("/assignments", 5, 3); },
               ": /assignments: row 5 is 3, expected a cluster below 3, or -1 for none"},
        Damage{"low_assignment", [](const OpenFile& f) { f.overwrite<std::int32_t>("/assignments", 5, -2); },
               ": /assignments: row 5 is -2, expected a cluster below 3, or -1 for none"},
        Damage{"distance_of_none", [](const OpenFile& f) { f.overwrite<std::int32_t>("/assignments", 2, -1); },
               ": /distances: row 2, of cluster -1, is 0.25"},
        Damage{"nan_distance",
               [](const OpenFile& f) { f.overwrite<float>("/distances", 2, std::numeric_limits<float>::quiet_NaN()); },
               ": /distances: row 2, of cluster 2, is nan"},
        Damage{"short_distances", [](const OpenFile& f) { f.replace("/distances", H5T_NATIVE_FLOAT, {19}); },
               ": /ids, /assignments and /distances differ in length"},
        Damage{"other_origin", [](const OpenFile& f) { f.set_text("/", "rows-from", "memory"); },
               ": attribute rows-from is none of the known ones"},
        Damage{"other_metric", [](const OpenFile& f) { f.set_text("/", "metric", "manhattan"); },
               ": attribute metric is none of the known ones"},
        Damage{"no_metric", [](const OpenFile& f) { f.remove_attribute("/", "metric"); },
               ": attribute metric of / is missing"},
        Damage{"fewer_names", [](const OpenFile& f) { f.replace("/dimensions/names", H5T_C_S1, {1}); },
               ": /dimensions/names does not fit the 2 columns of /centroids"},
        Damage{"no_scale", [](const OpenFile& f) { f.remove("/dimensions/scale"); }, ": /dimensions/scale is missing"},
        Damage{"long_shift", [](const OpenFile& f) { f.replace("/dimensions/shift", H5T_NATIVE_DOUBLE, {3}); },
               ": /dimensions/shift does not fit the 2 columns of /centroids"},
        Damage{"infinite_shift", [](const OpenFile& f) { f.overwrite<double>("/dimensions/shift", 1, infinite); },
               ": /dimensions/shift holds a value that is not finite"},
        Damage{"zero_scale", [](const OpenFile& f) { f.overwrite<double>("/dimensions/scale", 1, 0); },
               ": /dimensions/scale holds a value that is not above 0"}),
    [](const auto& tested) { return std::string(tested.param.name); });

}  // namespace
}  // namespace rankwise
