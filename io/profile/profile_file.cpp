#include "io/profile/profile_file.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>

#include "io/dataset/id_file.hpp"
#include "io/dataset/provenance_attributes.hpp"
#include "io/files/commit.hpp"
#include "io/files/file_version.hpp"
#include "io/hdf5/file_digests.hpp"
#include "io/text/csv_field.hpp"

namespace rankwise {

namespace {

constexpr const char* definition_attribute = "definition";
constexpr const char* analysis_day_attribute = "analysis-day";

std::string header_of(const Table& table) {
  std::string header = "id";
  for (const TableColumn& column : table.columns) header += "," + csv_field(column.name);
  return header + "\n";
}

std::string lines_of(const Profile& profile, RowRange places) {
  fmt::memory_buffer text;
  for (Index place = places.begin; place < places.end; ++place) {
    fmt::format_to(std::back_inserter(text), "{}", csv_field(id_text(profile.ids.ids, place)));
    for (const TableColumn& column : profile.table.columns)
      fmt::format_to(std::back_inserter(text), ",{}", csv_field(value_text(column.values, place)));
    text.push_back('\n');
  }
  return {text.data(), text.size()};
}

}  // namespace

void write_profile(const Communicator& comm, const std::string& path, const Profile& profile,
                   const Provenance& provenance, int deflate_level) {
  Hdf5Writer file(comm, path, id_bytes(comm, profile.ids) + table_bytes(comm, profile.table, profile.ids),
                  {.deflate_level = deflate_level});
  Provenance stamped = provenance;
  stamped.kind = profile_kind;
  write_provenance(file, stamped);
  write_profile_rows(comm, file, profile);
  file.commit();
}

void write_profile_rows(const Communicator& comm, Hdf5Writer& file, const Profile& profile) {
  if (!profile.analysis_day.empty())
    file.write_attribute("/", analysis_day_attribute, std::string_view(profile.analysis_day));
  file.create_group("/users");
  write_ids(comm, file, profile_ids_name, profile.ids);
  write_table(comm, file, profile_table_name, profile.table, profile.ids);
  for (std::size_t c = 0; c < profile.definitions.size(); ++c) {
    file.write_attribute(profile_table_name + "/" + profile.table.columns[c].name, definition_attribute,
                         std::string_view(profile.definitions[c]));
  }
}

void write_profile_csv(const Communicator& comm, const std::string& path, const Profile& profile) {
  constexpr Index rows_at_once = 1 << 16;
  OrderedTextFile file(comm, path);
  file.append(comm.is_root() ? header_of(profile.table) : std::string());
  // Ranks follow each other in the file, so that each writes all of its rows before the next one does.
  for (int rank = 0; rank < comm.size(); ++rank) {
    const Index mine = rank == comm.rank() ? profile.ids.rows.size() : 0;
    const Index rows = comm.max(mine);
    for (Index begin = 0; begin < rows; begin += rows_at_once) {
      const RowRange places{std::min(begin, mine), std::min(begin + rows_at_once, mine)};
      file.append(lines_of(profile, places));
    }
  }
  file.commit();
}

ProfileReader::ProfileReader(const Communicator& comm, const std::string& path, InputCheck check)
    : comm_(&comm), file_(agree_on(comm, [&] { return std::make_unique<Hdf5Reader>(open_checked(path, check)); })) {
  agree_on_version(comm, path, file_->version());
  agree_on(comm, [&] {
    provenance_ = read_provenance(*file_, profile_kind);
    if (file_->has_attribute("/", analysis_day_attribute))
      analysis_day_ = file_->read_text("/", analysis_day_attribute);
    table_.emplace(*file_, profile_table_name, id_rows(*file_, profile_ids_name));
  });
}

IdRows ProfileReader::user_ids(RowRange rows) const {
  return agree_on(*comm_, [&] { return read_ids(*file_, profile_ids_name, rows); });
}

}  // namespace rankwise
