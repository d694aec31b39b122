#include "io/verify_structure.hpp"

#include <algorithm>
#include <functional>

#include "io/checkpoint.hpp"
#include "io/clustering.hpp"
#include "io/dataset.hpp"
#include "io/describe_file.hpp"
#include "io/kmeans_checkpoint.hpp"
#include "io/model.hpp"

namespace rankwise {

namespace {

constexpr Index block_rows = Index{1} << 16;
constexpr Index block_entries = Index{1} << 21;

/// This rank's share of `rows`.
RowRange share(const Communicator& comm, Index rows) {
  const auto cut = [&](Index rank) { return rows / comm.size() * rank + rows % comm.size() * rank / comm.size(); };
  return {cut(comm.rank()), cut(comm.rank() + 1)};
}

/// Calls `read`, which is collective, with this rank's blocks; with no rows where others have more blocks.
void for_each_block(const Communicator& comm, const std::vector<RowRange>& blocks,
                    const std::function<void(RowRange)>& read) {
  const auto mine = static_cast<Index>(blocks.size());
  const Index rounds = comm.max(mine);
  for (Index b = 0; b < rounds; ++b) read(b < mine ? blocks[static_cast<std::size_t>(b)] : RowRange{});
}

/// The share in blocks of so many rows.
std::vector<RowRange> row_blocks(const Communicator& comm, Index rows, Index most_rows) {
  const RowRange mine = share(comm, rows);
  std::vector<RowRange> blocks;
  for (Index first = mine.begin; first < mine.end; first += most_rows) {
    blocks.push_back({first, std::min(first + most_rows, mine.end)});
  }
  return blocks;
}

/// The rows in blocks of so many entries, one row at least.
std::vector<RowRange> entry_blocks(RowRange rows, const std::vector<Index>& sizes) {
  std::vector<RowRange> blocks;
  Index entries = 0;
  for (Index r = rows.begin; r < rows.end; ++r) {
    const Index size = sizes[static_cast<std::size_t>(r - rows.begin)];
    if (blocks.empty() || entries + size > block_entries) {
      blocks.push_back({r, r});
      entries = 0;
    }
    blocks.back().end = r + 1;
    entries += size;
  }
  return blocks;
}

void check_dataset(const Communicator& comm, const std::string& path) {
  const DatasetReader file(comm, path);
  for (const DatasetPart part : all_dataset_parts) {
    if (!file.has(part)) continue;
    for_each_block(comm, row_blocks(comm, file.rows(part), block_rows), [&](RowRange rows) {
      for_each_block(comm, entry_blocks(rows, file.row_sizes(part, rows)),
                     [&](RowRange block) { static_cast<void>(file.read(part, block)); });
      for (const EntryMark mark : {EntryMark::time, EntryMark::fold}) {
        if (file.has(part, mark)) static_cast<void>(file.marks(part, mark, rows));
      }
    });
  }
  for_each_block(comm, row_blocks(comm, file.users(), block_rows),
                 [&](RowRange rows) { static_cast<void>(file.user_ids(rows)); });
  for_each_block(comm, row_blocks(comm, file.items(), block_rows),
                 [&](RowRange rows) { static_cast<void>(file.item_ids(rows)); });
  if (file.has_log_rows()) {
    for (const DatasetPart part : {DatasetPart::interactions, DatasetPart::interactions_by_item}) {
      for_each_block(comm, row_blocks(comm, file.rows(part), block_rows),
                     [&](RowRange rows) { static_cast<void>(file.log_rows(part, rows)); });
    }
  }
  if (!file.has(DatasetPart::given)) return;
  for_each_block(comm, row_blocks(comm, file.rows(DatasetPart::given), block_rows),
                 [&](RowRange rows) { static_cast<void>(file.heldout_user_ids(rows)); });
}

void check_model(const Communicator& comm, const std::string& path) {
  const ModelReader file(comm, path);
  const Index most_rows = std::max<Index>(1, block_entries / (file.factors() + 1));
  for_each_block(comm, row_blocks(comm, file.users(), most_rows), [&](RowRange rows) {
    static_cast<void>(file.user_factors(rows));
    static_cast<void>(file.user_ids(rows));
  });
  for_each_block(comm, row_blocks(comm, file.items(), most_rows), [&](RowRange rows) {
    static_cast<void>(file.item_factors(rows));
    static_cast<void>(file.item_ids(rows));
  });
}

void check_clustering(const Communicator& comm, const std::string& path) {
  const ClusteringReader file(comm, path);
  static_cast<void>(file.centroids());
  for_each_block(comm, row_blocks(comm, file.rows(), block_rows),
                 [&](RowRange rows) { static_cast<void>(file.clustered_rows(rows)); });
}

void check_checkpoint(const Communicator& comm, const std::string& path) {
  const CheckpointReader file(comm, path);
  const Index most_rows = std::max<Index>(1, block_entries / file.width());
  for_each_block(comm, row_blocks(comm, file.users(), most_rows),
                 [&](RowRange rows) { static_cast<void>(file.user_factors(rows)); });
  for_each_block(comm, row_blocks(comm, file.items(), most_rows),
                 [&](RowRange rows) { static_cast<void>(file.item_factors(rows)); });
}

/// Of the centroids that the file holds; 1 where it holds none.
Index centroid_dimensions(const std::string& path) {
  for (const FileObject& object : describe_file(path).objects) {
    if (object.path.ends_with("/centroids") && object.shape.size() == 2) return object.shape[1];
  }
  return 1;
}

void check_kmeans_checkpoint(const Communicator& comm, const std::string& path) {
  const Index dimensions = agree_on(comm, [&] { return centroid_dimensions(path); });
  static_cast<void>(read_kmeans_checkpoint(comm, path, dimensions));
}

}  // namespace

void verify_structure(const Communicator& comm, const std::string& path, const std::string& kind) {
  if (kind == "dataset") check_dataset(comm, path);
  if (kind == "model") check_model(comm, path);
  if (kind == checkpoint_kind) check_checkpoint(comm, path);
  if (kind == kmeans_checkpoint_kind) check_kmeans_checkpoint(comm, path);
  if (kind == "clustering") check_clustering(comm, path);
}

}  // namespace rankwise
