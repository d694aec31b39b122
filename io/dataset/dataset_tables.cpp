#include "io/dataset/dataset_tables.hpp"

#include "io/dataset/dataset_parts.hpp"
#include "io/dataset/id_file.hpp"
#include "io/hdf5/file_digests.hpp"

namespace rankwise {

namespace {

std::optional<TableReader> read(const Hdf5Reader& file, const std::string& name, const std::string& ids) {
  if (!file.has(name)) return std::nullopt;
  return TableReader(file, name, id_rows(file, ids));
}

}  // namespace

DatasetTablesReader::DatasetTablesReader(const Communicator& comm, const std::string& path, InputCheck check)
    : file_(agree_on(comm, [&] { return std::make_unique<Hdf5Reader>(open_checked(path, check)); })) {
  agree_on_version(comm, path, file_->version());
  agree_on(comm, [&] {
    items_ = read(*file_, item_table_name, item_ids_name);
    users_ = read(*file_, user_table_name, user_ids_name);
    const bool may_be_held_out = file_->has("/heldout") && file_->has("/heldout/users");
    if (may_be_held_out) heldout_users_ = read(*file_, heldout_user_table_name, heldout_user_ids_name);
  });
}

}  // namespace rankwise
