#include "io/dataset/dataset_writer.hpp"

#include <variant>

#include "distributed/log/content_digest.hpp"
#include "io/dataset/dataset_parts.hpp"
#include "io/dataset/id_file.hpp"
#include "io/dataset/merge_rules.hpp"
#include "io/dataset/provenance_attributes.hpp"
#include "io/hdf5/writer.hpp"
#include "io/sparse/order_file.hpp"
#include "io/sparse/sparse_file.hpp"
#include "io/tables/table_file.hpp"

namespace rankwise {

namespace {

/// Collective.
Index dataset_bytes(const Communicator& comm, const Dataset& dataset) {
  const auto bytes_of = [&](const auto& sides) {
    return sides ? sparse_bytes(comm, sides->by_user) + sparse_bytes(comm, sides->by_item) : Index{0};
  };
  Index bytes = id_bytes(comm, dataset.users) + id_bytes(comm, dataset.items) +
                sparse_bytes(comm, dataset.interactions) + sparse_bytes(comm, dataset.interactions_by_item) +
                bytes_of(dataset.heldout) + bytes_of(dataset.repeated) + bytes_of(dataset.log_rows);
  if (dataset.orders) bytes += order_bytes(comm, *dataset.orders);
  if (const auto& validation = dataset.validation) {
    bytes += bytes_of(&validation->interactions) + bytes_of(validation->given) + bytes_of(validation->repeated);
  }
  if (dataset.heldout_users) {
    bytes += id_bytes(comm, dataset.heldout_users->ids) + sparse_bytes(comm, dataset.heldout_users->given) +
             sparse_bytes(comm, dataset.heldout_users->given_by_item);
  }
  return bytes;
}

/// Calls visit(name, table, ids) for each table there is.
template <class Visit>
void for_each_table(const Dataset& dataset, const DatasetTables& tables, const Visit& visit) {
  if (tables.users) visit(user_table_name, *tables.users, dataset.users);
  if (tables.items) visit(item_table_name, *tables.items, dataset.items);
  if (tables.heldout_users) visit(heldout_user_table_name, *tables.heldout_users, dataset.heldout_users->ids);
}

// Programs that know no validation part would miss its rows; what has none they read as ever.
constexpr std::int64_t format_without_validation = 2;
constexpr std::int64_t format_with_validation = 3;

/// Where it comes from, its rules and figures.
void write_attributes(const Communicator& comm, Hdf5Writer& file, const Dataset& dataset,
                      const Provenance& provenance) {
  Provenance stamped = provenance;
  stamped.kind = "dataset";
  stamped.format_version = dataset.validation ? format_with_validation : format_without_validation;
  stamped.dataset_digest = content_digest(comm, dataset);
  write_provenance(file, stamped);
  write_merge_rules(file, dataset.rules);
  if (dataset.fold_origin != FoldOrigin::column) {
    file.write_attribute("/", "folds-by", origin_name(dataset.fold_origin));
  }
  for (const DatasetFigure& figure : dataset.figures) {
    std::visit([&](auto value) { file.write_attribute("/", figure.name, value); }, figure.value);
  }
  if (!dataset.source) return;
  file.write_attribute("/", "source-digest", dataset.source->digest);
  file.write_attribute("/", "source-configuration", dataset.source->configuration);
}

void write_training(const Communicator& comm, Hdf5Writer& file, const Dataset& dataset) {
  file.create_group("/users");
  write_ids(comm, file, user_ids_name, dataset.users);
  file.create_group("/items");
  write_ids(comm, file, item_ids_name, dataset.items);
  write_sparse(comm, file, group_name(DatasetPart::interactions), dataset.interactions);
  write_sparse(comm, file, group_name(DatasetPart::interactions_by_item), dataset.interactions_by_item);
  if (!dataset.log_rows) return;
  write_sparse(comm, file, log_rows_name(DatasetPart::interactions), dataset.log_rows->by_user);
  write_sparse(comm, file, log_rows_name(DatasetPart::interactions_by_item), dataset.log_rows->by_item);
}

void write_heldout(const Communicator& comm, Hdf5Writer& file, const Dataset& dataset) {
  const auto write_matrix = [&](DatasetPart part, const SparseRows& matrix) {
    write_sparse(comm, file, group_name(part), matrix);
  };
  if (dataset.heldout || dataset.heldout_users) file.create_group("/heldout");
  if (dataset.heldout) {
    write_matrix(DatasetPart::heldout, dataset.heldout->by_user);
    write_matrix(DatasetPart::heldout_by_item, dataset.heldout->by_item);
  }
  if (dataset.heldout_users) {
    file.create_group("/heldout/users");
    write_ids(comm, file, heldout_user_ids_name, dataset.heldout_users->ids);
    write_matrix(DatasetPart::given, dataset.heldout_users->given);
    write_matrix(DatasetPart::given_by_item, dataset.heldout_users->given_by_item);
  }
  if (dataset.repeated) {
    write_matrix(DatasetPart::repeated, dataset.repeated->by_user);
    write_matrix(DatasetPart::repeated_by_item, dataset.repeated->by_item);
  }
}

void write_validation(const Communicator& comm, Hdf5Writer& file, const ValidationPart& validation) {
  const auto write_both = [&](DatasetPart part, DatasetPart by_item, const BothSides<SparseRows>& sides) {
    write_sparse(comm, file, group_name(part), sides.by_user);
    write_sparse(comm, file, group_name(by_item), sides.by_item);
  };
  file.create_group("/validation");
  write_both(DatasetPart::validation, DatasetPart::validation_by_item, validation.interactions);
  if (validation.given) {
    write_both(DatasetPart::validation_given, DatasetPart::validation_given_by_item, *validation.given);
  }
  if (validation.repeated) {
    write_both(DatasetPart::validation_repeated, DatasetPart::validation_repeated_by_item, *validation.repeated);
  }
}

}  // namespace

void write_dataset(const Communicator& comm, const std::string& path, const Dataset& dataset,
                   const Provenance& provenance, int deflate_level, const DatasetTables& tables,
                   const std::optional<PseudonymMark>& pseudonyms) {
  Index bytes = dataset_bytes(comm, dataset);
  for_each_table(dataset, tables, [&](const std::string&, const Table& table, const IdRows& ids) {
    bytes += table_bytes(comm, table, ids);
  });
  Hdf5Writer file(comm, path, bytes, {.deflate_level = deflate_level});
  write_attributes(comm, file, dataset, provenance);
  if (pseudonyms) {
    file.write_attribute("/", pseudonyms_name, pseudonyms->method);
    file.write_attribute("/", pseudonym_key_id_name, pseudonyms->key_id);
  }
  write_training(comm, file, dataset);
  write_heldout(comm, file, dataset);
  if (dataset.validation) write_validation(comm, file, *dataset.validation);
  if (dataset.orders) write_orders(comm, file, *dataset.orders);
  for_each_table(dataset, tables, [&](const std::string& name, const Table& table, const IdRows& ids) {
    write_table(comm, file, name, table, ids);
  });
  file.commit();
}

}  // namespace rankwise
