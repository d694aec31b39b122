// Whatever happens to a file's bytes is noticed, or changes nothing that can be read from it.

#include "io/verify_file.hpp"

#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <limits>
#include <random>

#include "io/clustering.hpp"
#include "io/describe_file.hpp"
#include "io/hdf5_reader.hpp"
#include "io/hdf5_writer.hpp"
#include "io/metadata_digest.hpp"
#include "io/provenance_attributes.hpp"
#include "io/row_digests.hpp"
#include "tests/io/damage.hpp"
#include "tests/io/sample_checkpoint.hpp"
#include "tests/io/sample_clustering.hpp"
#include "tests/io/sample_files.hpp"
#include "tests/io/shared_folder.hpp"

namespace rankwise {
namespace {

constexpr SampleSize sample_size{.users = 29, .items = 17, .heldout_users = 5};

class VerifyFileTest : public testing::Test {
 protected:
  /// One file of each kind, by all ranks.
  [[nodiscard]] std::vector<std::string> samples() const {
    write_dataset(comm_, folder_.file("dataset.h5"), sample_dataset(comm_, sample_size, SampleIds::strings),
                  sample_provenance());
    write_model(comm_, folder_.file("model.h5"), sample_model(comm_, sample_size, SampleIds::integers, 5, true),
                sample_provenance());
    write_clustering(comm_, folder_.file("clustering.h5"), rich_clustering(comm_, 40), sample_provenance());
    return {folder_.file("dataset.h5"), folder_.file("model.h5"), folder_.file("clustering.h5")};
  }
  /// 400'000 rows of 8 bytes: four chunks, the last one shorter.
  [[nodiscard]] std::string long_file() const {
    constexpr Index rows = 400'000;
    Hdf5Writer file(comm_, folder_.file("long.h5"), rows * 8);
    file.create_group("/group");
    file.write_attribute("/group", "note", std::string_view("as written"));
    file.write_filled_rows<std::int64_t>("/group/rows", rows, sample_range(comm_, rows),
                                         [](RowRange piece, std::int64_t* out) {
                                           for (Index r = piece.begin; r < piece.end; ++r) *out++ = r * r;
                                         });
    file.commit();
    return folder_.file("long.h5");
  }
  /// Changes the file on the root; all ranks wait for it.
  template <class Change>
  void change(const std::string& path, Change&& change) const {
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

void write_bytes(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary) << content;
}

/// Where a dataset's rows begin in the file.
std::int64_t offset_of(const std::string& path, const std::string& dataset) {
  const OpenFile file(path);
  const hid_t set = H5Dopen2(file.get(), dataset.c_str(), H5P_DEFAULT);
  const auto offset = static_cast<std::int64_t>(H5Dget_offset(set));
  H5Dclose(set);
  return offset;
}

/// All that can be read: rows of every dataset as bytes, and a digest of everything else.
std::vector<std::string> readable_content(const std::string& path) {
  const FileDescription description = describe_file(path);
  const Hdf5Reader file(path);
  std::vector<std::string> content{fmt::format("{:x}", metadata_digest(description.objects, {}))};
  for (const FileObject& object : description.objects) {
    if (object.kind != FileObject::Kind::dataset) continue;
    const Hdf5Shape shape = file.shape(object.path);
    std::string& bytes = content.emplace_back();
    bytes.resize(static_cast<std::size_t>(shape.rows() * shape.row_bytes()));
    file.read_bytes(object.path, {0, shape.rows()}, bytes);
  }
  return content;
}

TEST_F(VerifyFileTest, WhatWasWrittenIsIntact) {
  const std::vector<std::string> kinds{"dataset", "model", "clustering", "checkpoint"};
  const std::vector<Index> datasets{15, 10, 11, 6};
  std::vector<std::string> paths = samples();
  paths.push_back(folder_.file("checkpoint.h5"));
  write_sample_checkpoint(comm_, paths.back(), sample_size, 5, sample_progress());
  for (std::size_t f = 0; f < paths.size(); ++f) {
    const Verification found = check_file(comm_, paths[f]);
    EXPECT_EQ(found.faults, std::vector<std::string>{});
    EXPECT_EQ(found.kind, kinds[f]);
    EXPECT_EQ(found.datasets, datasets[f]);
    EXPECT_EQ(found.file_bytes, static_cast<Index>(file_content(paths[f]).size()));
    verify_file(comm_, paths[f]);
  }
  EXPECT_EQ(faults(long_file()), std::vector<std::string>{});
}

TEST_F(VerifyFileTest, DamagedRowsAreNamed) {
  const std::string path = long_file();
  // Opened for writing, which HDF5 lets one process at a time.
  const std::int64_t begin = comm_.is_root() ? offset_of(path, "/group/rows") : 0;
  comm_.barrier();
  const auto damage = [&](Index row) {
    if (comm_.is_root()) flip_bit(path, begin + row * 8 + 3);
    comm_.barrier();
  };
  const std::string start = path + ": /group/rows: rows ";
  const auto begins = [](const std::string& text, const std::string& with) { return text.starts_with(with); };
  damage(131'072);
  std::vector<std::string> found = faults(path);
  EXPECT_EQ(found.size(), 1U);
  EXPECT_PRED2(begins, found.at(0), start + "[131072, 262144) are damaged: expected digest ");
  EXPECT_EQ(error_of([&] { verify_file(comm_, path); }), "65: " + found.at(0));
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
    const std::string path = long_file();
    change(path, edit);
    const std::string error = error_of([&] { verify_file(comm_, path); });
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
            }).substr(0, 17),
            "holds no digests:");
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
  EXPECT_EQ(error_of([&] { verify_file(comm_, foreign); }), "65: " + foreign + end);
  const std::string path = long_file();
  change(path, [](const OpenFile& file) { file.remove_attribute("/", "metadata-digest"); });
  EXPECT_EQ(error_of([&] { verify_file(comm_, path); }), "65: " + path + end);
  EXPECT_EQ(error_of([&] { verify_file(comm_, folder_.file("missing")); }),
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

/// Flips per file: as many as every 17th byte takes, or more where the environment says so (scripts/faults.sh).
Index flips_of(std::size_t bytes) {
  const char* const wanted = std::getenv("RANKWISE_FAULT_FLIPS");
  return std::max<Index>(static_cast<Index>(bytes / 17), wanted != nullptr ? std::atol(wanted) : 0);
}

/// Each rank damages copies of its own, a share of all places.
TEST_F(VerifyFileTest, EveryFlippedBitIsNoticedOrChangesNothing) {
  const Communicator alone = Communicator::single();
  const std::string copy = folder_.file(fmt::format("copy{}.h5", comm_.rank()));
  std::vector<std::string> paths = samples();
  paths.push_back(folder_.file("checkpoint.h5"));
  write_sample_checkpoint(comm_, paths.back(), sample_size, 5, sample_progress());
  for (const std::string& path : paths) {
    const std::string whole = file_content(path);
    const std::vector<std::string> expected = readable_content(path);
    std::mt19937 random(static_cast<unsigned>(comm_.rank()));
    Index noticed = 0;
    Index tried = 0;
    for (Index flip = comm_.rank(); flip < flips_of(whole.size()); flip += comm_.size()) {
      const std::size_t at = static_cast<std::size_t>(flip) * 17 % whole.size();
      std::string damaged = whole;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << (random() % 8)));
      write_bytes(copy, damaged);
      ++tried;
      if (!error_of([&] { verify_file(alone, copy); }).empty()) {
        ++noticed;
      } else {
        EXPECT_TRUE(readable_content(copy) == expected) << path << " at " << at;
      }
    }
    EXPECT_GT(noticed, tried / 4) << path;  // the rest is padding
    const Index all_tried = comm_.sum(tried);
    const Index all_noticed = comm_.sum(noticed);
    if (comm_.is_root()) {
      fmt::print("{}: {} flipped bits, {} noticed, the others change nothing that is read\n",
                 path.substr(path.rfind('/') + 1), all_tried, all_noticed);
    }
  }
}

TEST_F(VerifyFileTest, EveryByteOfRowsAndTablesIsCovered) {
  const Communicator alone = Communicator::single();
  const std::string copy = folder_.file(fmt::format("copy{}.h5", comm_.rank()));
  for (const std::string& path : samples()) {
    const std::string whole = file_content(path);
    for (const FileObject& object : describe_file(path).objects) {
      if (object.kind != FileObject::Kind::dataset || object.stored_bytes == 0) continue;
      write_bytes(copy, whole);
      const std::int64_t begin = offset_of(copy, object.path);
      const bool is_table = object.path.starts_with(digests_group);
      for (Index at = comm_.rank(); at < object.stored_bytes; at += comm_.size() * (is_table ? 1 : 5)) {
        flip_bit(copy, begin + at);
        const std::string error = error_of([&] { verify_file(alone, copy); });
        const std::string named = is_table ? "attributes, shapes or /digests are" : object.path + ": rows [";
        EXPECT_TRUE(error.starts_with("65: " + copy + ": " + named)) << object.path << " at " << at << ": " << error;
        flip_bit(copy, begin + at);
      }
      EXPECT_EQ(error_of([&] { verify_file(alone, copy); }), "");
    }
  }
}

TEST_F(VerifyFileTest, EveryCutIsNoticed) {
  const Communicator alone = Communicator::single();
  const std::string copy = folder_.file(fmt::format("copy{}.h5", comm_.rank()));
  std::vector<std::string> paths = samples();
  paths.push_back(long_file());
  paths.push_back(folder_.file("checkpoint.h5"));
  write_sample_checkpoint(comm_, paths.back(), {.users = 9000, .items = 3000}, 5, sample_progress());
  for (const std::string& path : paths) {
    const std::string whole = file_content(path);
    std::vector<std::size_t> sizes{whole.size() - 1};
    for (std::size_t size = 0; size < whole.size(); size += 4096) sizes.push_back(size);
    for (std::size_t s = static_cast<std::size_t>(comm_.rank()); s < sizes.size();
         s += static_cast<std::size_t>(comm_.size())) {
      write_bytes(copy, whole.substr(0, sizes[s]));
      EXPECT_EQ(error_of([&] { verify_file(alone, copy); }).substr(0, 3), "65:") << path << " of " << sizes[s];
    }
  }
}

}  // namespace
}  // namespace rankwise
