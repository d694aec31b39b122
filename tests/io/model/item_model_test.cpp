// Item model files: what any number of ranks wrote, any number reads.

#include "io/model/item_model.hpp"

#include <gtest/gtest.h>

#include "io/model/model.hpp"
#include "tests/io/model/sample_item_model.hpp"
#include "tests/io/sample_files.hpp"
#include "tests/io/shared_folder.hpp"

namespace rankwise {
namespace {

TEST(ItemModelTest, ComesBackInAnyPartition) {
  const Communicator comm = Communicator::world();
  const SharedFolder folder(comm);
  const std::string path = folder.file("items.h5");
  for (const Index items : {Index{1}, Index{173}}) {
    for (const SampleIds kind : {SampleIds::integers, SampleIds::strings}) {
      const ItemModel model = sample_item_model(comm, items, kind);
      write_item_model(comm, path, model, sample_provenance());
      EXPECT_TRUE(is_item_model(comm, path));
      const ItemModelReader file(comm, path);
      EXPECT_EQ(file.items(), items);
      EXPECT_EQ(file.weights(), comm.sum(model.weights.entries()));
      EXPECT_EQ(file.weighting(), model.weighting);
      EXPECT_EQ(file.record().users, model.users);
      EXPECT_EQ(file.record().trained_on, model.trained_on);
      EXPECT_EQ(file.record().last_training_seconds, model.last_training_seconds);
      EXPECT_EQ(file.record().provenance.dataset_digest, sample_provenance().dataset_digest);
      const RowRange mine = model.ids.rows;
      EXPECT_EQ(file.item_ids(mine).ids, model.ids.ids);
      EXPECT_EQ(file.item_entries(mine), model.entries);
      const SparseRows weights = file.item_weights(mine);
      EXPECT_EQ(weights.offsets, model.weights.offsets);
      EXPECT_EQ(weights.columns, model.weights.columns);
      EXPECT_EQ(weights.values, model.weights.values);
    }
  }
}

TEST(ItemModelTest, IsNoModelOfFactorsAndSpeaksForNoItemItself) {
  const Communicator comm = Communicator::world();
  const SharedFolder folder(comm);
  ItemModel model = sample_item_model(comm, 9, SampleIds::integers);
  write_item_model(comm, folder.file("items.h5"), model, sample_provenance());
  EXPECT_THROW(ModelReader(comm, folder.file("items.h5")), AgreedError);
  write_model(comm, folder.file("model.h5"),
              sample_model(comm, {.users = 3, .items = 2}, SampleIds::integers, 2, false), sample_provenance());
  EXPECT_FALSE(is_item_model(comm, folder.file("model.h5")));
  EXPECT_THROW(ItemModelReader(comm, folder.file("model.h5")), AgreedError);
  for (Index row = 0; row < model.weights.rows.size(); ++row) {
    const auto first = static_cast<std::size_t>(model.weights.offsets[static_cast<std::size_t>(row)]);
    if (model.weights.rows.begin + row == 0) model.weights.columns[first] = 0;
  }
  write_item_model(comm, folder.file("own.h5"), model, sample_provenance());
  const ItemModelReader own(comm, folder.file("own.h5"));
  EXPECT_THROW(static_cast<void>(own.item_weights({0, 9})), AgreedError);
}

}  // namespace
}  // namespace rankwise
