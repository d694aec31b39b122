#pragma once
// Reads an input as one of the program's own files from its beginning to its end, and holds each reader to what it
// promises.

#include <algorithm>
#include <array>
#include <span>
#include <string>

#include "io/campaign/assignment_file.hpp"
#include "io/clustering/clustering.hpp"
#include "io/dataset/dataset.hpp"
#include "io/dataset/dataset_tables.hpp"
#include "io/dataset/id_file.hpp"
#include "io/evaluation/user_metrics.hpp"
#include "io/hdf5/describe_file.hpp"
#include "io/hdf5/file_digests.hpp"
#include "io/hdf5/reader.hpp"
#include "io/model/checkpoint.hpp"
#include "io/model/item_model.hpp"
#include "io/model/model.hpp"
#include "io/points/points_file.hpp"
#include "io/profile/profile_file.hpp"
#include "io/profile/propensity_file.hpp"
#include "io/verify/verify_file.hpp"
#include "io/verify/verify_structure.hpp"
#include "tests/fuzz/base_files.hpp"
#include "tests/fuzz/harness.hpp"

namespace rankwise::fuzz {

/// Whether all of a part could be read.
inline bool read_part(const DatasetReader& file, DatasetPart part) {
  const RowRange rows{0, file.rows(part)};
  read_or_refuse([&] { static_cast<void>(file.row_sizes(part, {rows.end / 2, rows.end})); });
  return read_or_refuse([&] {
    const SparseRows read = file.read(part, rows);
    require(read.entries() == file.entries(part), "all entries are read");
    for (const Index column : read.columns) require(column >= 0 && column < file.columns(part), "columns are in range");
    for (const float value : read.values) require(value - value == 0, "values are finite");
  });
}

/// Whether all times and folds of a part could be read, where the file has them.
inline bool read_marks_of(const DatasetReader& file, DatasetPart part) {
  bool whole = true;
  for (const EntryMark mark : {EntryMark::time, EntryMark::fold}) {
    if (!file.has(part, mark)) continue;
    whole &= read_or_refuse([&] {
      const std::vector<std::int64_t> marks = file.marks(part, mark, {0, file.rows(part)});
      require(static_cast<Index>(marks.size()) == file.entries(part), "every entry has its mark");
      for (const std::int64_t number : marks) {
        require(mark == EntryMark::time || (number >= 0 && number < most_folds), "folds are in range");
      }
    });
  }
  return whole;
}

/// Whether all log rows of a side could be read.
inline bool read_log_rows_of(const DatasetReader& file, DatasetPart part) {
  return read_or_refuse([&] {
    const LogRows read = file.log_rows(part, {0, file.rows(part)});
    require(read.times_seconds->size() == read.columns.size(), "every log row has its time");
    for (const Index column : read.columns) require(column >= 0 && column < file.columns(part), "columns are in range");
    for (const double value : read.values) require(value - value == 0, "values are finite");
  });
}

/// The file as folds of its marks have it.
inline void read_folds(const std::string& path, std::span<const char* const> texts, InputCheck check) {
  for (const char* const text : texts) {
    read_or_refuse([&] {
      const DatasetReader fold(single_rank(), path, parse_fold(text), TrainedOn::training, check);
      Index entries = 0;
      for (const DatasetPart part : {DatasetPart::interactions, DatasetPart::heldout}) {
        require(fold.entries(part) > 0, "no part of a fold is empty");
        entries += fold.read(part, {0, fold.rows(part)}).entries();
      }
      const DatasetReader whole(single_rank(), path, std::nullopt, TrainedOn::training, check);
      require(whole.has_log_rows() || parse_fold(text)->kind == FoldKind::prepared ||
                  entries <= whole.entries(DatasetPart::interactions),
              "parts do not overlap");
    });
  }
}

/// The file as trainings on several or all of its parts have it.
inline void read_joined_parts(const std::string& path, TrainedOn trained_on, InputCheck check) {
  read_or_refuse([&] {
    const DatasetReader all(single_rank(), path, std::nullopt, trained_on, check);
    const RowRange users{0, all.users()};
    static_cast<void>(all.user_ids(users));
    for (const DatasetPart part : {DatasetPart::interactions, DatasetPart::interactions_by_item}) {
      const RowRange rows{0, all.rows(part)};
      const std::vector<Index> sizes = all.row_sizes(part, rows);
      const SparseRows read = all.read(part, rows);
      for (std::size_t r = 0; r < sizes.size(); ++r) {
        require(sizes[r] == read.offsets[r + 1] - read.offsets[r], "sizes are those of the rows");
      }
    }
  });
}

/// Whether all could be read as it is. The digests refuse most edited files early, so that they are read without, too.
inline bool read_both_ways(const std::string& path, bool (*read)(const std::string& path, InputCheck check)) {
  const bool compared = read(path, InputCheck::digests);
  const bool whole = read(path, InputCheck::none);
  require(whole || !compared, "what digests do not refuse is refused no more than without them");
  return whole;
}

/// Whether a table could be read, if the file has it.
inline bool read_table_of(const std::string& path, InputCheck check, Index rows,
                          std::optional<Table> (*read)(const Communicator&, const std::string&, RowRange, InputCheck)) {
  return read_or_refuse([&] {
    const std::optional<Table> table = read(single_rank(), path, {0, rows}, check);
    if (!table) return;
    for (const TableColumn& column : table->columns) {
      require(table->find(column.name) == &column, "names are columns' own");
      require(missing_count(column.values) <= rows, "no more values are missing than there are");
      for (Index row = 0; row < rows; ++row) static_cast<void>(value_text(column.values, row));
    }
  });
}

/// Every matrix, every id and every table.
inline bool read_dataset_file(const std::string& path, InputCheck check) {
  bool whole = true;
  return read_or_refuse([&] {
           const DatasetReader file(single_rank(), path, std::nullopt, TrainedOn::training, check);
           for (const DatasetPart part : all_dataset_parts) {
             if (!file.has(part)) continue;
             whole &= read_part(file, part);
             whole &= read_marks_of(file, part);
           }
           if (file.has_log_rows()) {
             whole &= read_log_rows_of(file, DatasetPart::interactions);
             whole &= read_log_rows_of(file, DatasetPart::interactions_by_item);
           }
           whole &= read_or_refuse([&] { static_cast<void>(file.user_ids({0, file.users()})); });
           whole &= read_or_refuse([&] { static_cast<void>(file.item_ids({0, file.items()})); });
           if (file.has(DatasetPart::given)) {
             whole &= read_or_refuse([&] {
               static_cast<void>(file.heldout_user_ids({0, file.rows(DatasetPart::given)}));
             });
           }
           if (file.has_orders()) {
             whole &= read_or_refuse([&] {
               const Orders orders = file.orders({0, file.all_users()});
               require(orders.size() == file.order_count(), "all orders are read");
               require(std::ssize(orders.parts) == orders.lines.entries(), "each line has a part");
             });
           }
           whole &= read_table_of(path, check, file.items(), read_item_table);
           whole &= read_table_of(path, check, file.all_users(), read_user_table);
           if (file.has(DatasetPart::interactions, EntryMark::time)) {
             read_folds(path, std::array{"temporal:1/2", "temporal:2/2", "column:2"}, check);
           }
           if (file.has(DatasetPart::validation)) {
             read_folds(path, std::array{"prepared"}, check);
             read_joined_parts(path, TrainedOn::training_and_validation, check);
           }
           read_joined_parts(path, TrainedOn::all, check);
         }) &&
         whole;
}

/// All factors and ids.
inline bool read_model_file(const std::string& path, InputCheck check) {
  bool whole = true;
  return read_or_refuse([&] {
           const ModelReader file(single_rank(), path, check);
           const RowRange users{0, file.users()};
           const RowRange items{0, file.items()};
           whole &= read_or_refuse([&] { static_cast<void>(file.user_factors(users)); });
           whole &= read_or_refuse([&] { static_cast<void>(file.item_factors(items)); });
           whole &= read_or_refuse([&] { static_cast<void>(file.user_ids(users)); });
           whole &= read_or_refuse([&] { static_cast<void>(file.item_ids(items)); });
           whole &= read_or_refuse([&] { static_cast<void>(file.user_entries(users)); });
           whole &= read_or_refuse([&] { static_cast<void>(file.item_entries(items)); });
         }) &&
         whole;
}

/// All ids, entries and weights.
inline bool read_item_model_file(const std::string& path, InputCheck check) {
  bool whole = true;
  return read_or_refuse([&] {
           const ItemModelReader file(single_rank(), path, check);
           const RowRange items{0, file.items()};
           whole &= read_or_refuse([&] { static_cast<void>(file.item_ids(items)); });
           whole &= read_or_refuse([&] { static_cast<void>(file.item_entries(items)); });
           whole &= read_or_refuse([&] { static_cast<void>(file.weight_counts(items)); });
           whole &= read_or_refuse([&] { static_cast<void>(file.item_weights(items)); });
         }) &&
         whole;
}

inline bool read_clustering_file(const std::string& path, InputCheck check) {
  return read_or_refuse([&] {
    const ClusteringReader file(single_rank(), path, check);
    const Matrix centroids = file.centroids();
    require(centroids.rows() == file.clusters() && centroids.columns() == file.dimensions(), "centroids are whole");
    const ClusteredRows rows = file.clustered_rows({0, file.rows()});
    require(
        std::ranges::all_of(rows.assignments,
                            [&](std::int32_t cluster) { return cluster >= no_cluster && cluster < centroids.rows(); }),
        "assignments are clusters");
  });
}

inline bool read_user_metrics_file(const std::string& path, InputCheck check) {
  bool whole = true;
  return read_or_refuse([&] {
           const UserMetricsReader file(single_rank(), path, check);
           const RowRange users{0, file.users()};
           whole &= read_or_refuse([&] { static_cast<void>(file.user_ids(users)); });
           for (std::size_t m = 0; m < file.names().size(); ++m) {
             whole &= read_or_refuse([&] {
               const UserMetric metric = file.metric(m, users);
               require(std::ssize(metric.values) == users.size(), "every user has a place");
               for (const double value : metric.values) {
                 require(value != value || value - value == 0, "values are finite or absent");
               }
             });
           }
         }) &&
         whole;
}

inline bool read_assignment_file(const std::string& path, InputCheck check) {
  return read_or_refuse([&] {
    const AssignmentReader file(single_rank(), path, check);
    const CampaignAssignment read = file.read({0, file.users()});
    require(std::ssize(read.groups) == file.users(), "every customer has a group");
    require(read.lines.offsets.back() == std::ssize(read.lines.offers), "every entry is of a customer");
  });
}

/// Both tables.
inline bool read_propensity_file(const std::string& path, InputCheck check) {
  return read_or_refuse([&] {
    const PropensityReader file(single_rank(), path, check);
    const RowRange users{0, file.users()};
    require(file.user_ids(users).rows == users, "every user has an id");
    const RowRange terms{0, file.terms().rows()};
    require(id_count(file.term_names(terms).ids) == terms.size(), "every term has a name");
    for (const Table& table : {file.scores().read(users), file.terms().read(terms)}) {
      for (const TableColumn& column : table.columns) {
        for (Index row = 0; row < table.rows.size(); ++row) static_cast<void>(value_text(column.values, row));
      }
    }
  });
}

/// All of it; and its numbers as rows to cluster, which may be none.
inline bool read_profile_file(const std::string& path, InputCheck check) {
  const bool whole = read_or_refuse([&] {
    const ProfileReader file(single_rank(), path, check);
    const RowRange users{0, file.users()};
    require(file.user_ids(users).rows == users, "every user has an id");
    const Table table = file.table().read(users);
    for (const TableColumn& column : table.columns) {
      for (Index user = 0; user < users.size(); ++user) static_cast<void>(value_text(column.values, user));
    }
  });
  read_or_refuse([&] {
    PointSource source;
    source.path = path;
    source.check = check;
    const PointSet set = read_points(single_rank(), source);
    require(set.points.count <= set.ids.total_rows, "points are rows");
  });
  return whole;
}

/// All of it; and as a training of the base files' size does.
inline bool read_checkpoint_file(const std::string& path) {
  const Index users = checkpoint_size.users;
  const Index items = checkpoint_size.items;
  const bool fits = read_or_refuse([&] {
    const Checkpoint read = read_checkpoint(single_rank(), path, Partition::by_count(users, 1),
                                            Partition::by_count(items, 1), checkpoint_width);
    require(read.users.rows() == users && read.users.columns() == checkpoint_width, "users' factors are whole");
    require(read.items.rows() == items && read.items.columns() == checkpoint_width, "items' factors are whole");
  });
  const bool whole = read_or_refuse([&] {
    const CheckpointReader file(single_rank(), path);
    const Matrix all_users = file.user_factors({0, file.users()});
    const Matrix all_items = file.item_factors({0, file.items()});
    require(all_users.columns() == all_items.columns(), "both sides have the same factors");
  });
  require(whole || !fits, "what fits a training can be read");
  return whole;
}

/// Compares the file with its digests, and its structure with its kind, whatever the digests say.
inline void verify_any_file(const std::string& path) {
  read_or_refuse([&] {
    const Verification found = check_file(single_rank(), path);
    for (const std::string& fault : found.faults) show_refusal(fault.c_str());
    const bool trusted = read_or_refuse([&] { verify_digests(single_rank(), path); });
    require(trusted || !found.faults.empty(), "a file without faults is trusted");
  });
  read_or_refuse([&] { static_cast<void>(verified_provenance(single_rank(), path, checkpoint_kind)); });
}

/// Each of its datasets as a matrix, as weights, as ids and as texts.
inline void read_any_file(const std::string& path, InputCheck check) {
  constexpr std::size_t most_objects = 16;
  read_or_refuse([&] { static_cast<void>(read_points(single_rank(), {.path = path, .check = check})); });
  read_or_refuse([&] {
    const FileDescription description = describe_file(path);
    const Hdf5Reader file = open_checked(path, check);
    std::size_t objects = 0;
    for (const FileObject& object : description.objects) {
      if (++objects > most_objects) break;
      if (object.kind != FileObject::Kind::dataset) continue;
      const std::string& name = object.path;
      read_or_refuse([&] {
        const RowRange rows{0, id_rows(file, name)};
        require(id_count(read_ids(file, name, rows).ids) == rows.size(), "every row has an id");
      });
      read_or_refuse(
          [&] { static_cast<void>(read_points(single_rank(), {.path = path, .dataset = name, .check = check})); });
      read_or_refuse([&] {
        const Index rows = file.shape(name).rows();
        static_cast<void>(file.read_rows<double>(name, {0, rows}));
      });
      read_or_refuse([&] {
        const Index rows = file.shape(name).rows();
        static_cast<void>(file.read_rows<std::int32_t>(name, {rows / 2, rows}));
      });
    }
  });
}

}  // namespace rankwise::fuzz
