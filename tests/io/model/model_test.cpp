// Model files: what any number of ranks wrote, any number reads; damage is named.

#include "io/model/model.hpp"

#include <gtest/gtest.h>
#include <limits>

#include "tests/io/damage.hpp"
#include "tests/io/sample_files.hpp"
#include "tests/io/shared_folder.hpp"

namespace rankwise {
namespace {

constexpr SampleSize small_log{.users = 23, .items = 14};

class ModelTest : public testing::Test {
 protected:
  Communicator comm_ = Communicator::world();
  SharedFolder folder_{comm_};
};

/// Each factor is the sample's, and the padding beyond is zero.
void expect_sample(const Matrix& read, RowRange rows, Index columns) {
  EXPECT_EQ(read.rows(), rows.size());
  EXPECT_EQ(read.columns(), columns);
  for (Index r = 0; r < read.rows(); ++r) {
    for (Index c = 0; c < read.stride(); ++c) {
      EXPECT_EQ(read.row(r)[c], c < columns ? sample_factor(rows.begin + r, c) : 0);
    }
  }
}

TEST_F(ModelTest, ComesBackInAnyPartition) {
  for (const SampleSize& size : {small_log, SampleSize{.users = 1, .items = 173}, SampleSize{}}) {
    for (const SampleIds kind : {SampleIds::integers, SampleIds::strings}) {
      for (const Index factors : {1, 16, 33}) {
        const bool biases = factors % 2 == 1;
        const Model model = sample_model(comm_, size, kind, factors, biases);
        const std::string path = folder_.file("model.h5");
        write_model(comm_, path, model, sample_provenance());
        const ModelReader file(comm_, path);
        EXPECT_EQ(file.objective(), model.objective);
        EXPECT_EQ(file.factors(), factors);
        EXPECT_EQ(file.users(), size.users);
        EXPECT_EQ(file.items(), size.items);
        EXPECT_EQ(file.provenance().kind, "model");
        EXPECT_EQ(file.provenance().dataset_digest, sample_provenance().dataset_digest);
        EXPECT_EQ(file.provenance().version, sample_provenance().version);
        EXPECT_EQ(file.trained_on(), TrainedOn::all);
        EXPECT_TRUE(file.has_entry_counts());
        EXPECT_EQ(file.history().size(), 2U);
        EXPECT_EQ(file.best_epoch(), std::optional<Index>(2));
        EXPECT_EQ(file.history().back().total(), model.history.back().total());
        EXPECT_EQ(file.history().back().regularizer, model.history.back().regularizer);
        const int other = comm_.size() - 1 - comm_.rank();
        for (const RowRange rows : {sample_range(size.users, other, comm_.size()), RowRange{0, size.users}}) {
          expect_sample(file.user_factors(rows), rows, factors + (biases ? 1 : 0));
          EXPECT_EQ(file.user_entries(rows), sample_entries(rows));
          if (size.users > 0) {
            EXPECT_EQ(file.user_ids(rows).ids, sample_ids(rows, size.users, kind, "user ").ids);
          }
        }
        for (const RowRange rows : {sample_range(size.items, other, comm_.size()), RowRange{size.items, size.items}}) {
          expect_sample(file.item_factors(rows), rows, factors + (biases ? 1 : 0));
          EXPECT_EQ(file.item_entries(rows), sample_entries(rows));
          if (size.items > 0) {
            EXPECT_EQ(file.item_ids(rows).ids, sample_ids(rows, size.items, kind, "item ").ids);
          }
        }
        comm_.barrier();
      }
    }
  }
}

TEST_F(ModelTest, FeaturesComeBack) {
  Model model = sample_model(comm_, small_log, SampleIds::strings, 3, true);
  model.item_features = sample_features(4);
  write_model(comm_, folder_.file("model.h5"), model, sample_provenance());
  const ModelReader file(comm_, folder_.file("model.h5"));
  EXPECT_FALSE(file.user_features());
  ASSERT_TRUE(file.item_features());
  EXPECT_EQ(file.item_features()->map, model.item_features->map);
  EXPECT_EQ(file.item_features()->penalty, 12.5);
  expect_sample(file.item_features()->weights, {0, model.item_features->map.width()}, 4);
}

TEST_F(ModelTest, BiasesStandApart) {
  write_model(comm_, folder_.file("model.h5"), sample_model(comm_, small_log, SampleIds::integers, 4, true),
              sample_provenance());
  if (comm_.is_root()) {
    const OpenFile file(folder_.file("model.h5"));
    std::vector<float> biases(23);
    const hid_t set = H5Dopen2(file.get(), "/users/biases", H5P_DEFAULT);
    EXPECT_GE(H5Dread(set, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, biases.data()), 0);
    for (Index r = 0; r < 23; ++r) EXPECT_EQ(biases[static_cast<std::size_t>(r)], sample_factor(r, 4));
  }
  comm_.barrier();
}

/// As files of versions without counts: rows whose factors are all zero have no entry, the others some.
TEST_F(ModelTest, WithoutCountsZeroRowsHaveNoEntries) {
  const std::string path = folder_.file("model.h5");
  Model model = sample_model(comm_, small_log, SampleIds::integers, 4, true);
  const RowRange users = model.users.ids.rows;
  if (users.begin <= 5 && 5 < users.end)
    std::ranges::fill(std::span(model.users.factors.row(5 - users.begin), 5), 0.0F);
  write_model(comm_, path, model, sample_provenance());
  comm_.barrier();
  if (comm_.is_root()) {
    const OpenFile file(path);
    file.remove("/users/entries");
    file.remove_attribute("/", "trained-on");
  }
  comm_.barrier();
  const ModelReader file(comm_, path, InputCheck::none);
  EXPECT_FALSE(file.has_entry_counts());
  EXPECT_EQ(file.trained_on(), TrainedOn::training);
  std::vector<Index> expected(static_cast<std::size_t>(small_log.users), 1);
  expected[5] = 0;
  EXPECT_EQ(file.user_entries({0, small_log.users}), expected);
}

TEST_F(ModelTest, ADatasetIsNoModel) {
  const std::string path = folder_.file("log.h5");
  write_dataset(comm_, path, sample_dataset(comm_, small_log, SampleIds::integers), sample_provenance());
  EXPECT_EQ(error_of([&] { const ModelReader file(comm_, path); }), "65: " + path + " is a dataset, expected a model");
}

TEST_F(ModelTest, AFailedWriteLeavesTheOldModel) {
  const std::string path = folder_.file("model.h5");
  write_model(comm_, path, sample_model(comm_, small_log, SampleIds::strings, 4, false), sample_provenance());
  comm_.barrier();
  const std::string before = file_content(path);
  Model broken = sample_model(comm_, small_log, SampleIds::strings, 4, false);
  if (comm_.rank() == comm_.size() - 1) broken.items.factors = Matrix(3, 4);
  EXPECT_EQ(error_of([&] { write_model(comm_, path, broken, sample_provenance()); }),
            "70: /items: factors do not fit the ids or the model's size");
  comm_.barrier();
  EXPECT_TRUE(file_content(path) == before);
  EXPECT_EQ(folder_.names(), std::vector<std::string>{"model.h5"});
}

struct Damage {
  const char* name;
  void (*apply)(const OpenFile& file);
  const char* message;  ///< after the file's name
};

void PrintTo(const Damage& damage, std::ostream* out) {
  *out << damage.name;
}

class DamagedModel : public ModelTest, public testing::WithParamInterface<Damage> {
 protected:
  /// A sound file at `path`; written together once, then copied by the root.
  void put_sample(const std::string& path) const {
    static std::string content;
    if (content.empty()) {
      write_model(comm_, path, sample_model(comm_, small_log, SampleIds::integers, 4, true), sample_provenance());
      comm_.barrier();
      content = file_content(path);
    } else if (comm_.is_root()) {
      std::ofstream(path, std::ios::binary) << content;
    }
    comm_.barrier();
  }
};

void read_everything(const Communicator& comm, const std::string& path) {
  const ModelReader file(comm, path, InputCheck::none);
  static_cast<void>(file.user_ids(sample_range(comm, file.users())));
  static_cast<void>(file.item_ids(sample_range(comm, file.items())));
  static_cast<void>(file.user_factors(sample_range(comm, file.users())));
  static_cast<void>(file.item_factors(sample_range(comm, file.items())));
  static_cast<void>(file.user_entries(sample_range(comm, file.users())));
  static_cast<void>(file.item_entries(sample_range(comm, file.items())));
}

TEST_P(DamagedModel, IsNamedOnEveryRank) {
  const std::string path = folder_.file("damaged.h5");
  put_sample(path);
  EXPECT_EQ(error_of([&] { read_everything(comm_, path); }), "") << "before the damage";
  comm_.barrier();
  if (comm_.is_root()) GetParam().apply(OpenFile(path));
  comm_.barrier();
  EXPECT_EQ(error_of([&] { read_everything(comm_, path); }), "65: " + path + GetParam().message);
}

constexpr float infinite = std::numeric_limits<float>::infinity();

INSTANTIATE_TEST_SUITE_P(
    Kinds, DamagedModel,
    testing::Values(
        Damage{"nan_factor", [](const OpenFile& f) { f.overwrite<float>("/items/factors", 13 * 4 + 2, -infinite); },
               ": /items/factors: row 13 holds a value that is not finite"},
        Damage{"nan_bias", [](const OpenFile& f) { f.overwrite<float>("/users/biases", 22, infinite * 0); },
               ": /users/biases: row 22 holds a value that is not finite"},
        Damage{"no_factors", [](const OpenFile& f) { f.remove("/users/factors"); }, ": /users/factors is missing"},
        Damage{"flat_factors", [](const OpenFile& f) { f.replace("/users/factors", H5T_NATIVE_FLOAT, {92}); },
               ": /users/factors has 1 dimensions, expected 2"},
        Damage{"wide_factors",
               [](const OpenFile& f) {
                 f.replace("/users/factors", H5T_NATIVE_FLOAT, {23, 5});
               },
               ": /users/factors has 5 columns, but the model's attribute factors is 4"},
        Damage{"integer_factors",
               [](const OpenFile& f) {
                 f.replace("/users/factors", H5T_NATIVE_INT32, {23, 4});
               },
               ": /users/factors holds integers, expected floating-point numbers"},
        Damage{"fewer_rows",
               [](const OpenFile& f) {
                 f.replace("/items/factors", H5T_NATIVE_FLOAT, {13, 4});
               },
               ": /items: factors, ids, biases and entries differ in length"},
        Damage{"fewer_biases", [](const OpenFile& f) { f.replace("/items/biases", H5T_NATIVE_FLOAT, {13}); },
               ": /items: factors, ids, biases and entries differ in length"},
        Damage{"no_biases", [](const OpenFile& f) { f.remove("/items/biases"); }, ": /items/biases is missing"},
        Damage{"fewer_counts", [](const OpenFile& f) { f.replace("/users/entries", H5T_NATIVE_INT64, {22}); },
               ": /users: factors, ids, biases and entries differ in length"},
        Damage{"negative_count", [](const OpenFile& f) { f.overwrite<std::int64_t>("/items/entries", 2, -1); },
               ": /items/entries: row 2 is -1, expected a count"},
        Damage{"trained_on_nothing", [](const OpenFile& f) { f.set_text("/", "trained-on", "nothing"); },
               ": attribute trained-on is none of the known ones"},
        Damage{"late_best_epoch", [](const OpenFile& f) { f.set_attribute<std::int64_t>("/", "best-epoch", {3}); },
               ": attribute best-epoch is 3, expected 1 to 2"},
        Damage{"no_factor", [](const OpenFile& f) { f.set_attribute<std::int64_t>("/", "factors", {0}); },
               ": attribute factors is 0, expected 1 to 16384"},
        Damage{"huge_k", [](const OpenFile& f) { f.set_attribute<std::int64_t>("/", "factors", {1L << 40}); },
               ": attribute factors is 1099511627776, expected 1 to 16384"},
        Damage{"other_objective", [](const OpenFile& f) { f.set_text("/", "objective", "ranking"); },
               ": attribute objective is none of the known ones"},
        Damage{"nan_alpha", [](const OpenFile& f) { f.set_attribute<double>("/", "alpha", {0.0 * double{infinite}}); },
               ": attribute alpha is not finite"},
        Damage{"no_regularization", [](const OpenFile& f) { f.remove_attribute("/", "regularization"); },
               ": attribute regularization of / is missing"},
        Damage{"short_history", [](const OpenFile& f) { f.replace("/history/observed", H5T_NATIVE_DOUBLE, {1}); },
               ": /history: its parts differ in length"}),
    [](const auto& tested) { return std::string(tested.param.name); });

TEST_F(ModelTest, LineageComesBack) {
  const std::string path = folder_.file("model.h5");
  for (const std::vector<std::uint64_t>& lineage :
       {std::vector<std::uint64_t>{}, std::vector<std::uint64_t>{18446744073709551557U, 3}}) {
    Model model = sample_model(comm_, small_log, SampleIds::integers, 2, false);
    model.lineage = lineage;
    write_model(comm_, path, model, sample_provenance());
    EXPECT_EQ(ModelReader(comm_, path).lineage(), lineage);
    comm_.barrier();
  }
  Provenance warm = sample_provenance();
  warm.warm_start_digest = 5;
  write_model(comm_, path, sample_model(comm_, small_log, SampleIds::integers, 2, false), warm);
  EXPECT_EQ(ModelReader(comm_, path).lineage(), std::vector<std::uint64_t>{5}) << "of an older version";
}

}  // namespace
}  // namespace rankwise
