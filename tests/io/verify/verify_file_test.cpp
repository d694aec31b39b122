// Whatever happens to a file's bytes is noticed, or changes nothing that can be read from it.

#include "io/verify/verify_file.hpp"

#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>
#include <functional>
#include <gtest/gtest.h>
#include <limits>
#include <random>

#include "io/clustering/kmeans_checkpoint.hpp"
#include "io/dataset/provenance_attributes.hpp"
#include "io/hdf5/describe_file.hpp"
#include "io/hdf5/metadata_digest.hpp"
#include "io/hdf5/reader.hpp"
#include "io/hdf5/row_digests.hpp"
#include "io/hdf5/writer.hpp"
#include "io/verify/verify_structure.hpp"
#include "tests/io/damage.hpp"
#include "tests/io/model/sample_checkpoint.hpp"
#include "tests/io/sample_of_each_kind.hpp"
#include "tests/io/shared_folder.hpp"

namespace rankwise {
namespace {

class VerifyFileTest : public testing::Test {
 protected:
  /// Changes the file on the root; all ranks wait for it.
  template <class Change>
  void change(const std::string& path, Change&& change) const {
    comm_.barrier();  // nobody reads it any more
    if (comm_.is_root()) change(OpenFile(path));
    comm_.barrier();
  }
  [[nodiscard]] std::vector<std::string> faults(const std::string& path) const {
    std::vector<std::string> found = check_file(comm_, path).faults;
    comm_.barrier();  // before the file changes again
    return found;
  }

  Communicator comm_ = Communicator::world();
  SharedFolder folder_{comm_};
};

TEST_F(VerifyFileTest, WhatWasWrittenIsIntact) {
  const std::vector<std::string> kinds{"dataset", "model", "clustering", "user-metrics", "model", "checkpoint"};
  const std::vector<Index> datasets{36, 12, 11, 3, 20, 6};
  std::vector<std::string> paths = sample_of_each_kind(comm_, folder_);
  paths.push_back(folder_.file("checkpoint.h5"));
  write_sample_checkpoint(comm_, paths.back(), sample_size, 5, sample_progress());
  for (std::size_t f = 0; f < paths.size(); ++f) {
    const Verification found = check_file(comm_, paths[f]);
    EXPECT_EQ(found.faults, std::vector<std::string>{});
    EXPECT_EQ(found.kind, kinds[f]);
    EXPECT_EQ(found.datasets, datasets[f]);
    EXPECT_EQ(found.file_bytes, static_cast<Index>(file_content(paths[f]).size()));
    verify_digests(comm_, paths[f]);
  }
  EXPECT_EQ(faults(long_file(comm_, folder_)), std::vector<std::string>{});
}

TEST_F(VerifyFileTest, DamagedRowsAreNamed) {
  const std::string path = long_file(comm_, folder_);
  // Opened for writing, which HDF5 lets one process at a time.
  const std::int64_t begin = comm_.is_root() ? offset_of(path, "/group/rows") : 0;
  comm_.barrier();
  const auto damage = [&](Index row) {
    comm_.barrier();
    if (comm_.is_root()) flip_bit(path, begin + row * 8 + 3);
    comm_.barrier();
  };
  const std::string start = path + ": /group/rows: rows ";
  const auto begins = [](const std::string& text, const std::string& with) { return text.starts_with(with); };
  damage(131'072);
  std::vector<std::string> found = faults(path);
  EXPECT_EQ(found.size(), 1U);
  EXPECT_PRED2(begins, found.at(0), start + "[131072, 262144) are damaged: expected digest ");
  EXPECT_EQ(error_of([&] { verify_digests(comm_, path); }), "65: " + found.at(0));
  damage(399'999);
  found = faults(path);
  EXPECT_EQ(found.size(), 2U);
  EXPECT_PRED2(begins, found.at(1), start + "[393216, 400000) are damaged: expected digest ");
  damage(300'000);  // between both: one range
  found = faults(path);
  EXPECT_EQ(found.size(), 1U);
  EXPECT_PRED2(begins, found.at(0), start + "[131072, 400000) are damaged: expected digest ");
  EXPECT_TRUE(found.at(0).ends_with(" in the first of 3 chunks")) << found.at(0);
  for (const Index row : {300'000, 131'072, 399'999}) damage(row);
  EXPECT_EQ(faults(path), std::vector<std::string>{});
}

TEST_F(VerifyFileTest, WhatOtherProgramsChangeIsNoticed) {
  const auto fault_after = [&](auto&& edit) {
    const std::string path = long_file(comm_, folder_);
    change(path, edit);
    const std::string error = error_of([&] { verify_digests(comm_, path); });
    comm_.barrier();  // before the file changes again
    const std::string start = "65: " + path + ": ";
    EXPECT_TRUE(error.starts_with(start)) << error;
    return error.substr(start.size(), error.find(" expected") - start.size());
  };
  const std::string metadata = "attributes, shapes or /digests are damaged:";
  EXPECT_EQ(fault_after([](const OpenFile& file) { file.set_text("/group", "note", "as changed"); }), metadata);
  EXPECT_EQ(fault_after([](const OpenFile& file) { file.set_text("/group", "more", "word"); }), metadata);
  EXPECT_EQ(fault_after([](const OpenFile& file) { file.remove_attribute("/group", "note"); }), metadata);
  EXPECT_EQ(fault_after([](const OpenFile& file) {
              file.set_attribute<std::int64_t>("/", "metadata-digest", {5});
            }).substr(0, 34),
            "holds only a part of its digests: ");
  EXPECT_EQ(fault_after(
                [](const OpenFile& file) { H5Lcreate_soft("/group", file.get(), "/soft", H5P_DEFAULT, H5P_DEFAULT); }),
            metadata);
  EXPECT_EQ(fault_after([](const OpenFile& file) { file.overwrite<std::int64_t>("/digests/group/rows", 2, 1); }),
            metadata);
  const std::string missing = "/group/rows: its digests are missing, or not one for each chunk of rows";
  EXPECT_EQ(fault_after([](const OpenFile& file) { file.remove("/digests/group/rows"); }), missing);
  EXPECT_EQ(fault_after([](const OpenFile& file) { file.replace("/group/rows", H5T_NATIVE_INT64, {5}); }), missing);
  EXPECT_EQ(
      fault_after([](const OpenFile& file) { file.set_attribute<std::int64_t>("/digests/group/rows", "rows", {1}); }),
      missing);
  EXPECT_EQ(fault_after([](const OpenFile& file) { file.add_zeros("/added", H5T_NATIVE_INT64, {3}); }),
            "/added: its digests are missing, or not one for each chunk of rows");
}

TEST_F(VerifyFileTest, FilesWithoutDigestsAreTold) {
  const std::string foreign = folder_.file("foreign.h5");
  if (comm_.is_root()) OpenFile(foreign, OpenFile::Mode::fresh).add_zeros("/rows", H5T_NATIVE_INT64, {5});
  comm_.barrier();
  const std::string end = ": holds no digests: an older version wrote it, or another program";
  EXPECT_EQ(error_of([&] { verify_digests(comm_, foreign); }), "65: " + foreign + end);
  const std::string path = long_file(comm_, folder_);
  change(path, [](const OpenFile& file) { file.remove_attribute("/", "metadata-digest"); });
  EXPECT_EQ(error_of([&] { verify_digests(comm_, path); }),
            "65: " + path + ": holds only a part of its digests: another program changed it");
  EXPECT_EQ(error_of([&] { verify_digests(comm_, folder_.file("missing")); }),
            "66: " + folder_.file("missing") + ": cannot open: No such file or directory");
}

void write_root(Hdf5Writer& file, std::string_view kind) {
  Provenance provenance = sample_provenance();
  provenance.kind = kind;
  write_provenance(file, provenance);
}

TEST_F(VerifyFileTest, IntactNonsenseIsRefused) {
  const std::string path = folder_.file("model.h5");
  for (const std::string_view kind : {"model", "dataset", "clustering", "checkpoint"}) {
    Hdf5Writer file(comm_, path, 0);
    write_root(file, kind);
    file.commit();
    const std::vector<std::string> found = faults(path);
    EXPECT_EQ(found.size(), 1U) << kind;
    EXPECT_TRUE(found.at(0).starts_with(path + ": ")) << found.at(0);
    EXPECT_NE(found.at(0).find("missing"), std::string::npos) << found.at(0);
  }
}

/// A checkpoint whose parts need not fit; its digests do.
struct OddCheckpoint {
  std::int64_t width = 3;
  Index user_columns = 3;
  Index item_columns = 3;
  float last_factor = 0.5F;
  std::string_view solved = "users";
  double user_regularizer = 0.5;
  Index observed_epochs = 2;
  double last_loss = 1;
};

void write_odd_checkpoint(const Communicator& comm, const std::string& path, const OddCheckpoint& odd) {
  constexpr Index rows = 23;
  Hdf5Writer file(comm, path, 0);
  write_root(file, "checkpoint");
  file.write_attribute("/", "width", odd.width);
  file.write_attribute("/", "solved-side", odd.solved);
  file.write_attribute("/", "user-regularizer", odd.user_regularizer);
  file.create_group("/history");
  for (const std::string part : {"observed", "unobserved", "regularizer"}) {
    const Index epochs = part == "observed" ? odd.observed_epochs : 2;
    std::vector<double> losses(static_cast<std::size_t>(comm.is_root() ? epochs : 0), 1.0);
    if (comm.is_root() && part == "unobserved") losses.back() = odd.last_loss;
    file.write_rows("/history/" + part, epochs, comm.is_root() ? RowRange{0, epochs} : RowRange{epochs, epochs},
                    std::span<const double>(losses));
  }
  for (const auto& [side, columns] : {std::pair("/users", odd.user_columns), std::pair("/items", odd.item_columns)}) {
    FactorMatrix factors = sample_factors(comm, rows, columns);
    const RowRange mine = factors.partition.range(comm.rank());
    if (mine.size() > 0 && mine.end == rows) factors.local.row(mine.size() - 1)[columns - 1] = odd.last_factor;
    file.create_group(side);
    file.write_matrix(side + std::string("/factors"), rows, mine, factors.local.view());
  }
  file.commit();
}

TEST_F(VerifyFileTest, CheckpointsWhosePartsDoNotFitAreRefused) {
  const std::string path = folder_.file("checkpoint.h5");
  const auto fault = [&](const OddCheckpoint& odd) {
    write_odd_checkpoint(comm_, path, odd);
    const std::vector<std::string> found = faults(path);
    EXPECT_LE(found.size(), 1U);
    return found.empty() ? "" : found.front();
  };
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(fault({}), "");
  EXPECT_EQ(fault({.solved = "items"}), "");
  EXPECT_EQ(fault({.width = 0}), path + ": attribute width is 0, expected 1 to 16385");
  EXPECT_EQ(fault({.width = 4}), path + ": /users/factors has 3 columns, but the checkpoint's attribute width is 4");
  EXPECT_EQ(fault({.item_columns = 2}),
            path + ": /items/factors has 2 columns, but the checkpoint's attribute width is 3");
  EXPECT_EQ(fault({.last_factor = std::numeric_limits<float>::infinity()}),
            path + ": /users/factors: row 22 holds a value that is not finite");
  EXPECT_EQ(fault({.solved = "both"}), path + ": attribute solved-side is neither users nor items");
  EXPECT_EQ(fault({.user_regularizer = nan}), path + ": attribute user-regularizer is not finite");
  EXPECT_EQ(fault({.observed_epochs = 3}), path + ": /history: its parts differ in length");
  EXPECT_EQ(fault({.last_loss = nan}), path + ": /history/unobserved holds a value that is not finite");
}

TEST_F(VerifyFileTest, IntactDatasetsThatContradictThemselvesAreRefused) {
  const std::string path = folder_.file("dataset.h5");
  const SampleSize size{.users = 29, .items = 17};
  const auto fault_of = [&](const std::function<void(Dataset&)>& edit) {
    Dataset dataset = split_dataset(comm_, size, SampleIds::integers, {});
    edit(dataset);
    write_dataset(comm_, path, dataset, sample_provenance());
    const std::vector<std::string> found = faults(path);
    EXPECT_LE(found.size(), 1U);
    return found.empty() ? "" : found.front();
  };
  /// Raises the last number of the last rank that has any.
  const auto raise_last = [&](auto& values) {
    const Index mine = values.empty() ? -1 : Index{comm_.rank()};
    if (comm_.max(mine) == mine && mine >= 0) values.back() += 1;
  };
  const std::string transposed = path + ": {0}_by_item is not the transpose of {0}";
  EXPECT_EQ(fault_of([](Dataset&) {}), "");
  EXPECT_EQ(fault_of([&](Dataset& d) { raise_last(d.interactions_by_item.values); }),
            fmt::format(fmt::runtime(transposed), "/interactions"));
  EXPECT_EQ(fault_of([&](Dataset& d) { raise_last(*d.interactions_by_item.times_seconds); }),
            fmt::format(fmt::runtime(transposed), "/interactions"));
  EXPECT_EQ(fault_of([&](Dataset& d) { raise_last(d.heldout->by_user.values); }),
            fmt::format(fmt::runtime(transposed), "/heldout/interactions"));
  EXPECT_EQ(fault_of([&](Dataset& d) { raise_last(d.log_rows->by_item.values); }),
            fmt::format(fmt::runtime(transposed), "/log_rows"));
  const auto of_validation = [&](const std::function<void(Dataset&)>& edit) {
    return fault_of([&](Dataset& d) {
      d = validated_dataset(comm_, size, SampleIds::integers);
      edit(d);
    });
  };
  EXPECT_EQ(of_validation([](Dataset&) {}), "");
  EXPECT_EQ(of_validation([&](Dataset& d) { raise_last(d.validation->interactions.by_item.values); }),
            fmt::format(fmt::runtime(transposed), "/validation/interactions"));
  EXPECT_EQ(of_validation([&](Dataset& d) {
              d.validation->given = d.validation->interactions;
              raise_last(d.validation->given->by_user.values);
            }),
            fmt::format(fmt::runtime(transposed), "/validation/given"));
  const auto set_id = [&](IdRows& ids, Index row, std::int64_t id) {
    if (row >= ids.rows.begin && row < ids.rows.end) {
      std::get<std::vector<std::int64_t>>(ids.ids)[static_cast<std::size_t>(row - ids.rows.begin)] = id;
    }
  };
  EXPECT_EQ(fault_of([&](Dataset& d) {
              set_id(d.users, 28, 1000);
              set_id(d.users, 4, 1009);
            }),
            path + ": /users/ids: row 4 has the same id as row 3 of " + path + ": /users/ids");
  EXPECT_EQ(fault_of([&](Dataset& d) { set_id(d.items, 16, 1003); }),
            path + ": /items/ids: row 16 has the same id as row 1 of " + path + ": /items/ids");

  EXPECT_EQ(fault_of([](Dataset&) {}), "");
  change(path, [](const OpenFile& file) { file.set_attribute<std::int64_t>("/", "dataset-digest", {5}); });
  const std::string error = error_of([&] { verify_structure(comm_, path, "dataset"); });
  EXPECT_TRUE(
      error.starts_with("65: " + path + ": attribute dataset-digest is 0000000000000005, but the training part"))
      << error;
}

TEST_F(VerifyFileTest, IdsOfAllTablesAreUtf8AndNameOneRow) {
  const std::string path = folder_.file("ids.h5");
  const auto with_id = [&](IdRows& ids, Index row, const char* id) {
    if (row >= ids.rows.begin && row < ids.rows.end) {
      std::get<std::vector<std::string>>(ids.ids)[static_cast<std::size_t>(row - ids.rows.begin)] = id;
    }
  };
  Dataset dataset = sample_dataset(comm_, sample_size, SampleIds::strings);
  with_id(dataset.heldout_users->ids, 2, "user 25");
  write_dataset(comm_, path, dataset, sample_provenance());
  EXPECT_EQ(faults(path), std::vector<std::string>{path + ": /heldout/users/ids: row 2 has the same id as row 5 of " +
                                                   path + ": /users/ids"});
  Model model = sample_model(comm_, sample_size, SampleIds::strings, 4, false);
  with_id(model.items.ids, 7, "M\xfcnchen");
  write_model(comm_, path, model, sample_provenance());
  EXPECT_EQ(faults(path), std::vector<std::string>{path + ": /items/ids: the id of row 7 is not UTF-8"});
  Clustering clustering = rich_clustering(comm_, 40);
  with_id(clustering.ids, 9, "row, 1");
  for (const PointFormat format : {PointFormat::text, PointFormat::model}) {
    clustering.origin = {.format = format, .has_ids = true};
    write_clustering(comm_, path, clustering, sample_provenance());
    const bool is_unique = format == PointFormat::model;  // ids of other files' rows may repeat
    EXPECT_EQ(faults(path), is_unique ? std::vector<std::string>{path + ": /ids: row 9 has the same id as row 1 of " +
                                                                 path + ": /ids"}
                                      : std::vector<std::string>{});
  }
  std::ranges::fill(clustering.assignments, 3);
  write_clustering(comm_, path, clustering, sample_provenance());
  EXPECT_EQ(faults(path), std::vector<std::string>{path + ": /assignments: row 0 is 3, expected a cluster below 3, or "
                                                          "-1 for none"});
}

TEST_F(VerifyFileTest, KMeansCheckpointsWhosePartsDoNotFitAreRefused) {
  const std::string path = folder_.file("kmeans.h5");
  KMeansProgress progress;
  const auto written = [&] {
    write_kmeans_checkpoint(comm_, path, progress, sample_provenance());
    return faults(path);
  };
  EXPECT_EQ(written(), std::vector<std::string>());  // before the first seeds
  progress.before = Matrix(2, 3);
  progress.training = LloydState{Matrix(4, 3)};
  EXPECT_EQ(written(), std::vector<std::string>());
  progress.before = Matrix(2, 5);
  const std::vector<std::string> found = written();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_TRUE(found.front().starts_with(path + ": /")) << found.front();
  EXPECT_NE(found.front().find("columns"), std::string::npos) << found.front();
}

}  // namespace
}  // namespace rankwise
