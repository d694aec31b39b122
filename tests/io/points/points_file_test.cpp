// Rows to cluster from models, datasets, HDF5 and .npy files: the same rows and errors for any number of ranks.

#include "io/points/points_file.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <limits>

#include "tests/io/damage.hpp"
#include "tests/io/log_files.hpp"
#include "tests/io/points/gathered_points.hpp"
#include "tests/io/points/npy_bytes.hpp"
#include "tests/io/sample_files.hpp"

namespace rankwise {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

class PointsFileTest : public testing::Test {
 protected:
  /// An HDF5 file with a matrix /x of `rows` x 3 whose value at (r, c) is r + c / 4, /w, and /names.
  template <class T>
  PointSource hdf5_source(hsize_t rows) {
    PointSource source{.path = folder_.file("x.h5"), .dataset = "/x"};
    comm_.barrier();
    if (comm_.is_root()) {
      const OpenFile file(source.path, OpenFile::Mode::fresh);
      file.add_zeros("/x", native_type<T>(), {rows, 3});
      file.add_zeros("/w", native_type<double>(), {rows});
      file.add_zeros("/numbers", native_type<std::int64_t>(), {rows});
      std::vector<T> values;
      std::vector<double> weights;
      for (hsize_t i = 0; i < 3 * rows; ++i) values.push_back(static_cast<T>(i / 3) + static_cast<T>(i % 3) / 4);
      for (hsize_t r = 0; r < rows; ++r) weights.push_back(static_cast<double>(r) + 0.5);
      put(file, "/x", values);
      put(file, "/w", weights);
    }
    comm_.barrier();
    return source;
  }
  template <class T>
  static void put(const OpenFile& file, const char* name, const std::vector<T>& values) {
    const hid_t set = H5Dopen2(file.get(), name, H5P_DEFAULT);
    EXPECT_GE(H5Dwrite(set, native_type<T>(), H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), 0);
    H5Dclose(set);
  }
  PointSource npy_source(std::string_view content) { return {.path = write_log(comm_, folder_, "x.npy", content)}; }
  PointSource model_source(const SampleSize& size, bool biases) {
    PointSource source{.path = folder_.file("model.h5")};
    write_model(comm_, source.path, sample_model(comm_, size, SampleIds::strings, 5, biases), sample_provenance());
    comm_.barrier();
    return source;
  }
  PointSource dataset_source(const SampleSize& size) {
    PointSource source{.path = folder_.file("log.h5")};
    write_dataset(comm_, source.path, sample_dataset(comm_, size, SampleIds::strings), sample_provenance());
    comm_.barrier();
    return source;
  }
  /// "CODE: message" without the folder.
  std::string failure(const PointSource& source) {
    std::string error = error_of([&] { static_cast<void>(read_points(comm_, source)); });
    const std::string folder = folder_.file("");
    if (const auto at = error.find(folder); at != std::string::npos) error.erase(at, folder.size());
    return error;
  }

  Communicator comm_ = Communicator::world();
  SharedFolder folder_{comm_};
};

TEST_F(PointsFileTest, FactorsOfAModel) {
  const SampleSize size{.users = 201, .items = 3};
  for (const bool biases : {false, true}) {
    PointSource source = model_source(size, biases);
    for (const RowSide side : {RowSide::users, RowSide::items}) {
      source.side = side;
      const PointSet set = read_points(comm_, source);
      const Index rows = side == RowSide::users ? size.users : size.items;
      EXPECT_EQ(set.points.dimensions, 5);
      EXPECT_EQ(set.dataset_digest, sample_provenance().dataset_digest);
      EXPECT_EQ(set.note, fmt::format("{}: a model, {} {} x 5 factors", source.path, rows,
                                      side == RowSide::users ? "users" : "items"));
      const WholePoints whole = gathered(comm_, set);
      ASSERT_EQ(std::ssize(whole.rows), rows);
      const char* const prefix = side == RowSide::users ? "user " : "item ";
      EXPECT_EQ(Ids(whole.ids), sample_ids({0, rows}, rows, SampleIds::strings, prefix).ids);
      const std::vector<Index> entries = sample_entries({0, rows});
      EXPECT_EQ(set.without_entries, std::ranges::count(entries, 0));
      for (Index r = 0; r < rows; ++r) {
        std::vector<float> row;  // none where nothing was trained
        for (Index c = 0; c < 5 && entries[static_cast<std::size_t>(r)] > 0; ++c) row.push_back(sample_factor(r, c));
        EXPECT_EQ(whole.rows[static_cast<std::size_t>(r)], row);
      }
      EXPECT_EQ(set.origin.format, PointFormat::model);
      EXPECT_EQ(set.origin.side, side);
      EXPECT_NE(set.origin.model_digest, 0U);
      const auto& mine = std::get<Matrix>(set.points.rows);
      for (Index r = 0; r < mine.rows(); ++r) EXPECT_EQ(mine.row(r)[5], 0) << "a bias in the padding";
    }
  }
}

TEST_F(PointsFileTest, SparseRowsOfADataset) {
  const SampleSize size{.users = 150, .items = 31};
  PointSource source = dataset_source(size);
  for (const bool by_item : {false, true}) {
    if (by_item) source.side = RowSide::items;
    const PointSet set = read_points(comm_, source);
    EXPECT_TRUE(std::holds_alternative<CsrBlock>(set.points.rows));
    EXPECT_NE(set.dataset_digest, 0U);
    const WholePoints whole = gathered(comm_, set);
    const Index rows = by_item ? size.items : size.users;
    const SparseRows expected = sample_matrix({0, rows}, size.users, size.items, by_item);
    ASSERT_EQ(std::ssize(whole.rows), rows);
    EXPECT_EQ(set.points.dimensions, by_item ? size.users : size.items);
    Index without = 0;
    for (Index r = 0; r < rows; ++r) {
      std::vector<float> row(static_cast<std::size_t>(set.points.dimensions));
      if (expected.offsets[static_cast<std::size_t>(r)] == expected.offsets[static_cast<std::size_t>(r) + 1]) {
        row.clear();
        ++without;
      }
      for (auto e = static_cast<std::size_t>(expected.offsets[static_cast<std::size_t>(r)]);
           e < static_cast<std::size_t>(expected.offsets[static_cast<std::size_t>(r) + 1]); ++e) {
        row[static_cast<std::size_t>(expected.columns[e])] = expected.values[e];
      }
      EXPECT_EQ(whole.rows[static_cast<std::size_t>(r)], row);
    }
    EXPECT_EQ(set.without_entries, without);
    EXPECT_NE(set.origin.dimension_ids_digest, 0U);
    EXPECT_EQ(Ids(whole.ids), sample_ids({0, rows}, rows, SampleIds::strings, by_item ? "item " : "user ").ids);
  }
}

TEST_F(PointsFileTest, AnyMatrixOfAnHdf5File) {
  const auto check = [&](PointSource source, std::size_t rows, float quarter) {
    source.weights = "/w";
    source.ids = "/numbers";
    const PointSet set = read_points(comm_, source);
    const WholePoints whole = gathered(comm_, set);
    ASSERT_EQ(whole.rows.size(), rows);
    ASSERT_EQ(whole.weights.size(), rows);
    for (std::size_t r = 0; r < rows; ++r) {
      const auto value = static_cast<float>(r);
      EXPECT_EQ(whole.rows[r], (std::vector<float>{value, value + quarter, value + 2 * quarter}));
      EXPECT_EQ(whole.weights[r], value + 0.5F);
    }
    EXPECT_EQ(whole.ids, std::vector<std::string>(rows, "0"));
    source.ids.clear();
    const WholePoints numbered = gathered(comm_, read_points(comm_, source));
    for (std::size_t r = 0; r < rows; ++r) EXPECT_EQ(numbered.ids[r], std::to_string(r));
  };
  for (const std::size_t rows : {1, 5, 64, 300}) {
    check(hdf5_source<float>(rows), rows, 0.25F);
    check(hdf5_source<double>(rows), rows, 0.25F);
    check(hdf5_source<std::int32_t>(rows), rows, 0);
    check(hdf5_source<std::int64_t>(rows), rows, 0);
  }
}

TEST_F(PointsFileTest, NpyRows) {
  for (const Index rows : {1, 2, 65, 500}) {
    std::string data;
    for (Index i = 0; i < 2 * rows; ++i) data += bytes_of<double>({static_cast<double>(i) / 2});
    const PointSet set = read_points(comm_, npy_source(npy_bytes(npy_header("<f8", fmt::format("{}, 2", rows)), data)));
    const WholePoints whole = gathered(comm_, set);
    ASSERT_EQ(std::ssize(whole.rows), rows);
    for (Index r = 0; r < rows; ++r) {
      const auto value = static_cast<float>(r);
      EXPECT_EQ(whole.rows[static_cast<std::size_t>(r)], (std::vector<float>{value, value + 0.5F}));
      EXPECT_EQ(whole.ids[static_cast<std::size_t>(r)], std::to_string(r));
    }
  }
}

TEST_F(PointsFileTest, TheFirstValueThatIsNotFiniteIsNamed) {
  std::vector<double> values(2 * 300, 1);
  const auto npy_failure = [&] {
    const std::string data(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(double));
    return failure(npy_source(npy_bytes(npy_header("<f8", "300, 2"), data)));
  };
  values[2 * 299] = -1e39;
  EXPECT_EQ(npy_failure(),
            "65: x.npy: row 299, column 0: -1e+39: expected a number within the range of 32-bit floating point");
  values[2 * 130 + 1] = -std::numeric_limits<double>::infinity();
  EXPECT_EQ(npy_failure(), "65: x.npy: row 130, column 1: -inf: expected a finite number");
  values[2 * 63 + 1] = nan;
  EXPECT_EQ(npy_failure(), "65: x.npy: row 63, column 1: nan: expected a finite number");

  const PointSource source = hdf5_source<float>(300);
  if (comm_.is_root())
    OpenFile(source.path).overwrite<float>("/x", 3 * 200 + 2, std::numeric_limits<float>::infinity());
  comm_.barrier();
  EXPECT_EQ(failure(source), "65: x.h5: row 200, column 2: inf: expected a finite number");
}

TEST_F(PointsFileTest, WeightsMustBeAboveZero) {
  for (const auto& [weight, text] : {std::pair{0.0, "0"}, {-2.0, "-2"}, {nan, "nan"}, {1e-60, "1e-60"}}) {
    PointSource source = hdf5_source<float>(100);
    source.weights = "/w";
    comm_.barrier();  // nobody reads it any more
    if (comm_.is_root()) OpenFile(source.path).overwrite<double>("/w", 70, weight);
    comm_.barrier();
    EXPECT_EQ(failure(source), fmt::format("65: x.h5: row 70: weight {}: expected a finite number above 0", text));
  }
}

TEST_F(PointsFileTest, WhatTheFileDoesNotHoldIsNamed) {
  PointSource source = hdf5_source<float>(10);
  const auto with = [&](const std::string& dataset, const std::string& ids, const std::string& weights) {
    PointSource changed = source;
    changed.dataset = dataset;
    changed.ids = ids;
    changed.weights = weights;
    return failure(changed);
  };
  if (comm_.is_root()) {
    const OpenFile file(source.path);
    file.add_zeros("/short", H5T_NATIVE_FLOAT, {9});
    file.add_zeros("/none", H5T_NATIVE_FLOAT, {0, 3});
    file.add_zeros("/narrow", H5T_NATIVE_FLOAT, {3, 0});
    file.add_zeros("/ids", H5T_NATIVE_INT64, {9});
    file.add_zeros("/texts", H5T_C_S1, {10, 3});
  }
  comm_.barrier();
  EXPECT_EQ(with("", "", ""), "2: x.h5: expected --dataset, the dataset of this file that holds the rows, such as /X");
  EXPECT_EQ(with("/y", "", ""), "65: x.h5: /y is missing");
  EXPECT_EQ(with("/w", "", ""), "65: x.h5: /w is not a matrix of numbers: it holds float64 values in 1 dimension");
  EXPECT_EQ(with("/texts", "", ""),
            "65: x.h5: /texts is not a matrix of numbers: it holds string[1] values in 2 dimensions");
  EXPECT_EQ(with("/x", "", "/texts"), "65: x.h5: /texts holds string[1] values, expected numbers");
  EXPECT_EQ(with("/none", "", ""), "65: x.h5: holds no rows");
  EXPECT_EQ(with("/narrow", "", ""), "65: x.h5: rows have 0 columns, expected 1 to 2^31");
  EXPECT_EQ(with("/x", "/ids", ""), "65: x.h5: /ids has 9 rows, but /x has 10");
  EXPECT_EQ(with("/x", "/x", ""),
            "65: x.h5: /x is not one row of integer or string ids: it holds a table of float32 values");
  EXPECT_EQ(with("/x", "", "/short"), "65: x.h5: /short has 9 rows, but /x has 10");
  EXPECT_EQ(with("/x", "", "/x"), "65: x.h5: /x does not hold rows of 1 numbers");
  EXPECT_EQ(failure(npy_source(npy_bytes(npy_header("<f4", "0, 3"), ""))), "65: x.npy: holds no rows");
  EXPECT_EQ(failure(npy_source(npy_bytes(npy_header("<f4", "3, 0"), ""))),
            "65: x.npy: rows have 0 columns, expected 1 to 2^31");
  EXPECT_EQ(failure(model_source({.users = 0, .items = 3}, false)), "65: model.h5: holds no rows");
  EXPECT_EQ(failure({.path = folder_.file("absent.h5")}), "66: absent.h5: No such file or directory");
}

TEST_F(PointsFileTest, ChoicesWithoutEffectAreRefused) {
  PointSource source = npy_source(npy_bytes(npy_header("<f4", "1, 1"), bytes_of<float>({1})));
  const auto refused = [&](auto change) {
    PointSource changed = source;
    change(changed);
    return failure(changed);
  };
  EXPECT_EQ(refused([](PointSource& s) { s.side = RowSide::users; }),
            "2: x.npy is a .npy file, which has no users or items");
  EXPECT_EQ(refused([](PointSource& s) { s.columns = "1"; }),
            "2: x.npy is a .npy file, which has no columns to choose");
  EXPECT_EQ(refused([](PointSource& s) { s.ids = "1"; }), "2: x.npy is a .npy file, which has no ids to choose");
  EXPECT_EQ(refused([](PointSource& s) { s.weights = "1"; }), "2: x.npy is a .npy file, which has no weights");
  source = model_source({.users = 3, .items = 3}, false);
  EXPECT_EQ(refused([](PointSource& s) { s.weights = "/w"; }), "2: model.h5 is a model, which has no weights");
  source = hdf5_source<float>(3);
  EXPECT_EQ(refused([](PointSource& s) { s.columns = "1"; }),
            "2: x.h5 is an HDF5 file, which has no columns to choose");
}

TEST_F(PointsFileTest, ADatasetOfAModelCanBeNamed) {
  PointSource source = model_source({.users = 9, .items = 3}, false);
  source.dataset = "/users/factors";
  source.ids = "/users/ids";
  const PointSet set = read_points(comm_, source);
  EXPECT_EQ(set.points.count, 9);
  EXPECT_EQ(Ids(gathered(comm_, set).ids), sample_ids({0, 9}, 9, SampleIds::strings, "user ").ids);
}

TEST_F(PointsFileTest, CentroidsComeFromAnyDenseFile) {
  const Matrix centroids =
      read_centroids(comm_, npy_source(npy_bytes(npy_header("<f4", "2, 1"), bytes_of<float>({3, 4})))).rows;
  ASSERT_EQ(centroids.rows(), 2);
  EXPECT_EQ(centroids.row(0)[0], 3);
  EXPECT_EQ(centroids.row(1)[0], 4);
  const PointSource sparse = dataset_source({.users = 9, .items = 3});
  EXPECT_EQ(error_of([&] { static_cast<void>(read_centroids(comm_, sparse)); }),
            "65: " + sparse.path + ": holds sparse rows, expected dense centroids");
}

}  // namespace
}  // namespace rankwise
