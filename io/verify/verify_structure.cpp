#include "io/verify/verify_structure.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <fmt/format.h>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "distributed/log/content_digest.hpp"
#include "distributed/rows/unique_ids.hpp"
#include "distributed/tables/table_digest.hpp"
#include "io/campaign/assignment_file.hpp"
#include "io/clustering/clustering.hpp"
#include "io/clustering/kmeans_checkpoint.hpp"
#include "io/dataset/dataset.hpp"
#include "io/dataset/dataset_parts.hpp"
#include "io/dataset/dataset_tables.hpp"
#include "io/evaluation/user_metrics.hpp"
#include "io/hdf5/describe_file.hpp"
#include "io/model/checkpoint.hpp"
#include "io/model/item_model.hpp"
#include "io/model/model.hpp"
#include "io/profile/profile_file.hpp"
#include "io/profile/propensity_file.hpp"
#include "kernels/text/text_encoding.hpp"

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

/// Calls visit(rows of the part, with their times and folds) for this rank's share in blocks. Collective.
void for_each_block_of(const Communicator& comm, const DatasetReader& file, DatasetPart part,
                       const std::function<void(const SparseRows&)>& visit) {
  const auto read_block = [&](RowRange block) {
    SparseRows rows = file.read(part, block);
    if (file.has(part, EntryMark::time)) rows.times_seconds = file.marks(part, EntryMark::time, block);
    if (file.has(part, EntryMark::fold)) {
      const std::vector<std::int64_t> folds = file.marks(part, EntryMark::fold, block);
      rows.folds.emplace(folds.begin(), folds.end());
    }
    visit(rows);
  };
  for_each_block(comm, row_blocks(comm, file.rows(part), block_rows), [&](RowRange rows) {
    for_each_block(comm, entry_blocks(rows, file.row_sizes(part, rows)), read_block);
  });
}

[[noreturn]] void refuse(const std::string& path, const std::string& reason) {
  throw AgreedError(ExitCode::bad_data, fmt::format("{}: {}", path, reason));
}

/// Sums over all ranks, of the entries of a matrix and of its transpose.
void require_transpose(const Communicator& comm, const std::string& path, const char* name, std::uint64_t by_user,
                       std::uint64_t by_item) {
  if (comm.sum(by_user) == comm.sum(by_item)) return;
  refuse(path, fmt::format("{0}_by_item is not the transpose of {0}", name));
}

/// A matrix against its transpose, if the file has both. Returns the content digest of this rank's rows. Collective.
std::uint64_t check_matrix(const Communicator& comm, const DatasetReader& file, const std::string& path,
                           DatasetPart part, DatasetPart part_by_item) {
  std::uint64_t content = 0;
  std::uint64_t by_user = 0;
  std::uint64_t by_item = 0;
  for_each_block_of(comm, file, part, [&](const SparseRows& rows) {
    content += sum_of_row_digests(rows);
    by_user += sum_of_entry_digests(rows, RowsAre::users);
  });
  if (!file.has(part_by_item)) return content;
  for_each_block_of(comm, file, part_by_item,
                    [&](const SparseRows& rows) { by_item += sum_of_entry_digests(rows, RowsAre::items); });
  require_transpose(comm, path, group_name(part), by_user, by_item);
  return content;
}

/// Likewise, of the log's rows.
std::uint64_t check_log_rows(const Communicator& comm, const DatasetReader& file, const std::string& path) {
  std::uint64_t content = 0;
  std::uint64_t by_user = 0;
  std::uint64_t by_item = 0;
  for_each_block(comm, row_blocks(comm, file.rows(DatasetPart::interactions), block_rows), [&](RowRange block) {
    const LogRows rows = file.log_rows(DatasetPart::interactions, block);
    content += sum_of_row_digests(rows);
    by_user += sum_of_entry_digests(rows, RowsAre::users);
  });
  for_each_block(comm, row_blocks(comm, file.rows(DatasetPart::interactions_by_item), block_rows), [&](RowRange block) {
    const LogRows rows = file.log_rows(DatasetPart::interactions_by_item, block);
    by_item += sum_of_entry_digests(rows, RowsAre::items);
  });
  require_transpose(comm, path, log_rows_name(DatasetPart::interactions), by_user, by_item);
  return content;
}

/// What the orders add to the content digest. Collective.
std::uint64_t check_orders(const Communicator& comm, const DatasetReader& file) {
  constexpr Index block_users = Index{1} << 12;
  std::uint64_t sum = 0;
  for_each_block(comm, row_blocks(comm, file.all_users(), block_users),
                 [&](RowRange users) { sum += sum_of_order_digests(file.orders(users)); });
  return orders_digest(comm.sum(sum));
}

/// The matrices of the validation part, if the file has one; their content digests. Collective.
std::optional<ValidationSums> check_validation(const Communicator& comm, const DatasetReader& file,
                                               const std::string& path) {
  if (!file.has(DatasetPart::validation)) return std::nullopt;
  const auto check = [&](DatasetPart part, DatasetPart by_item) {
    return file.has(part) ? comm.sum(check_matrix(comm, file, path, part, by_item)) : std::uint64_t{0};
  };
  ValidationSums sums;
  sums.interactions = check(DatasetPart::validation, DatasetPart::validation_by_item);
  sums.given = check(DatasetPart::validation_given, DatasetPart::validation_given_by_item);
  sums.repeated = check(DatasetPart::validation_repeated, DatasetPart::validation_repeated_by_item);
  return sums;
}

/// Adds all of a table's ids. Collective.
void add_ids(const Communicator& comm, UniqueIds& ids, std::size_t table, Index rows,
             const std::function<IdRows(RowRange)>& read) {
  for_each_block(comm, row_blocks(comm, rows, block_rows), [&](RowRange block) {
    const IdRows some = read(block);
    agree_on(comm, [&] { ids.add(table, some); });
  });
}

void check_dataset_ids(const Communicator& comm, const DatasetReader& file, const std::string& path) {
  UniqueIds users(comm, {path + ": /users/ids", path + ": /heldout/users/ids"});
  add_ids(comm, users, 0, file.users(), [&](RowRange rows) { return file.user_ids(rows); });
  if (file.has(DatasetPart::given)) {
    add_ids(comm, users, 1, file.rows(DatasetPart::given), [&](RowRange rows) { return file.heldout_user_ids(rows); });
  }
  users.require_unique();
  UniqueIds items(comm, {path + ": /items/ids"});
  add_ids(comm, items, 0, file.items(), [&](RowRange rows) { return file.item_ids(rows); });
  items.require_unique();
}

/// A table's values, its digest, and that its rows are those of the ids in `ids`. Collective.
void check_table(const Communicator& comm, const std::string& path, const std::string& name,
                 const std::optional<TableReader>& table, const std::function<IdRows(RowRange)>& ids) {
  if (!table) return;
  std::uint64_t rows = 0;
  for_each_block(comm, row_blocks(comm, table->rows(), block_rows), [&](RowRange block) {
    const IdRows expected = ids(block);
    agree_on(comm, [&] {
      rows += sum_of_row_digests(table->read(block));
      const Texts index = table->index(block);
      for (Index i = 0; i < block.size(); ++i) {
        const std::string& found = index[static_cast<std::size_t>(i)];
        const std::string id = id_text(expected.ids, i);
        if (found == id) continue;
        throw Error(ExitCode::bad_data, fmt::format("{}: {}/_index: row {} is '{}', expected the id '{}'", path, name,
                                                    block.begin + i, printable(found), printable(id)));
      }
    });
  });
  const std::uint64_t columns = agree_on(comm, [&] { return columns_digest(table->read({})); });
  const std::uint64_t content = comm.sum(rows) + columns;
  if (content == table->digest()) return;
  refuse(path, fmt::format("attribute table-digest of {} is {:016x}, but the table has {:016x}", name, table->digest(),
                           content));
}

void check_tables(const Communicator& comm, const DatasetReader& file, const std::string& path) {
  const DatasetTablesReader tables(comm, path, InputCheck::none);
  check_table(comm, path, item_table_name, tables.items(), [&](RowRange rows) { return file.item_ids(rows); });
  check_table(comm, path, user_table_name, tables.users(), [&](RowRange rows) { return file.user_ids(rows); });
  check_table(comm, path, heldout_user_table_name, tables.heldout_users(),
              [&](RowRange rows) { return file.heldout_user_ids(rows); });
}

void check_dataset(const Communicator& comm, const std::string& path) {
  const DatasetReader file(comm, path, std::nullopt, TrainedOn::training, InputCheck::none);
  // 1. Matrices.
  std::uint64_t content = check_matrix(comm, file, path, DatasetPart::interactions, DatasetPart::interactions_by_item);
  constexpr std::array others{std::pair(DatasetPart::heldout, DatasetPart::heldout_by_item),
                              std::pair(DatasetPart::given, DatasetPart::given_by_item),
                              std::pair(DatasetPart::repeated, DatasetPart::repeated_by_item)};
  for (const auto& [part, by_item] : others) {
    if (file.has(part)) static_cast<void>(check_matrix(comm, file, path, part, by_item));
  }
  if (file.has_log_rows()) content += check_log_rows(comm, file, path);
  const std::optional<ValidationSums> validation = check_validation(comm, file, path);

  // 2. What the file says of itself.
  content = comm.sum(content);
  if (validation) content += validation_digest(*validation);
  if (file.has_log_rows()) content += rules_digest(file.rules());
  if (file.has_orders()) content += check_orders(comm, file);
  const std::uint64_t stated = file.provenance().dataset_digest;
  if (content != stated) {
    refuse(path,
           fmt::format("attribute dataset-digest is {:016x}, but the training part has {:016x}", stated, content));
  }

  // 3. Ids, and what is known of them.
  check_dataset_ids(comm, file, path);
  check_tables(comm, file, path);
}

void check_model(const Communicator& comm, const std::string& path) {
  const ModelReader file(comm, path, InputCheck::none);
  const Index most_rows = std::max<Index>(1, block_entries / (file.factors() + 1));
  for_each_block(comm, row_blocks(comm, file.users(), most_rows), [&](RowRange rows) {
    static_cast<void>(file.user_factors(rows));
    static_cast<void>(file.user_entries(rows));
  });
  for_each_block(comm, row_blocks(comm, file.items(), most_rows), [&](RowRange rows) {
    static_cast<void>(file.item_factors(rows));
    static_cast<void>(file.item_entries(rows));
  });
  UniqueIds users(comm, {path + ": /users/ids"});
  add_ids(comm, users, 0, file.users(), [&](RowRange rows) { return file.user_ids(rows); });
  users.require_unique();
  UniqueIds items(comm, {path + ": /items/ids"});
  add_ids(comm, items, 0, file.items(), [&](RowRange rows) { return file.item_ids(rows); });
  items.require_unique();
}

void check_item_model(const Communicator& comm, const std::string& path) {
  const ItemModelReader file(comm, path, InputCheck::none);
  UniqueIds ids(comm, {path + ": /items/ids"});
  add_ids(comm, ids, 0, file.items(), [&](RowRange rows) { return file.item_ids(rows); });
  ids.require_unique();
  for_each_block(comm, row_blocks(comm, file.items(), block_rows), [&](RowRange rows) {
    static_cast<void>(file.item_entries(rows));
    for_each_block(comm, entry_blocks(rows, file.weight_counts(rows)),
                   [&](RowRange block) { static_cast<void>(file.item_weights(block)); });
  });
}

/// Ids of other files' rows may repeat.
void check_clustering(const Communicator& comm, const std::string& path) {
  const ClusteringReader file(comm, path, InputCheck::none);
  static_cast<void>(file.centroids());
  UniqueIds ids(comm, {path + ": /ids"});
  for_each_block(comm, row_blocks(comm, file.rows(), block_rows), [&](RowRange block) {
    const ClusteredRows rows = file.clustered_rows(block);  // assignments below K, too
    agree_on(comm, [&] { ids.add(0, rows.ids); });
  });
  const std::optional<RowOrigin>& origin = file.origin();
  if (origin && (origin->format == PointFormat::model || origin->format == PointFormat::dataset)) ids.require_unique();
}

/// Rows of one number: finite, or NaN of a user without a value.
void check_user_metrics(const Communicator& comm, const std::string& path) {
  const UserMetricsReader file(comm, path, InputCheck::none);
  for_each_block(comm, row_blocks(comm, file.users(), block_rows), [&](RowRange rows) {
    for (std::size_t m = 0; m < file.names().size(); ++m) static_cast<void>(file.metric(m, rows));
  });
  UniqueIds users(comm, {path + ": /users/ids"});
  add_ids(comm, users, 0, file.users(), [&](RowRange rows) { return file.user_ids(rows); });
  users.require_unique();
}

void check_profile(const Communicator& comm, const std::string& path) {
  const ProfileReader file(comm, path, InputCheck::none);
  UniqueIds users(comm, {path + ": " + profile_ids_name});
  add_ids(comm, users, 0, file.users(), [&](RowRange rows) { return file.user_ids(rows); });
  users.require_unique();
  check_table(comm, path, profile_table_name, file.table(), [&](RowRange rows) { return file.user_ids(rows); });
}

void check_propensity(const Communicator& comm, const std::string& path) {
  const PropensityReader file(comm, path, InputCheck::none);
  UniqueIds users(comm, {path + ": " + profile_ids_name});
  add_ids(comm, users, 0, file.users(), [&](RowRange rows) { return file.user_ids(rows); });
  users.require_unique();
  check_table(comm, path, profile_table_name, file.scores(), [&](RowRange rows) { return file.user_ids(rows); });
  check_table(comm, path, term_table_name, file.terms(), [&](RowRange rows) { return file.term_names(rows); });
}

void check_assignment(const Communicator& comm, const std::string& path) {
  const AssignmentReader file(comm, path, InputCheck::none);
  for_each_block(comm, row_blocks(comm, file.users(), block_rows),
                 [&](RowRange rows) { static_cast<void>(file.read(rows)); });
  UniqueIds users(comm, {path + ": /users/ids"});
  add_ids(comm, users, 0, file.users(), [&](RowRange rows) { return file.user_ids(rows); });
  users.require_unique();
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
  if (kind == item_model_kind) check_item_model(comm, path);
  if (kind == checkpoint_kind) check_checkpoint(comm, path);
  if (kind == kmeans_checkpoint_kind) check_kmeans_checkpoint(comm, path);
  if (kind == "clustering") check_clustering(comm, path);
  if (kind == user_metrics_kind) check_user_metrics(comm, path);
  if (kind == profile_kind) check_profile(comm, path);
  if (kind == propensity_kind) check_propensity(comm, path);
  if (kind == assignment_kind) check_assignment(comm, path);
}

}  // namespace rankwise
