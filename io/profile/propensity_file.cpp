#include "io/profile/propensity_file.hpp"

#include <utility>

#include "distributed/rows/partition.hpp"
#include "io/dataset/id_file.hpp"
#include "io/dataset/provenance_attributes.hpp"
#include "io/files/file_version.hpp"
#include "io/hdf5/file_digests.hpp"
#include "io/hdf5/writer.hpp"

namespace rankwise {

namespace {

/// This rank's terms as a table.
struct TermTable {
  IdRows names;
  Table table;
};

TermTable table_of(const Communicator& comm, const std::vector<ModelTerm>& terms) {
  const Index total = std::ssize(terms);
  const RowRange mine = Partition::by_count(total, comm.size()).range(comm.rank());
  std::vector<std::string> names;
  Texts columns;
  Texts levels;
  Numbers coefficients;
  Numbers errors;
  Numbers means;
  Numbers deviations;
  for (Index t = mine.begin; t < mine.end; ++t) {
    const ModelTerm& term = terms[static_cast<std::size_t>(t)];
    names.push_back(term.name);
    columns.push_back(term.column);
    levels.push_back(term.level);
    coefficients.push_back(term.coefficient);
    errors.push_back(term.standard_error);
    means.push_back(term.mean);
    deviations.push_back(term.deviation);
  }
  TermTable found;
  found.names = {mine, total, std::move(names)};
  found.table = {mine, total, {}};
  found.table.columns.push_back({"coefficient", std::move(coefficients)});
  found.table.columns.push_back({"standard_error", std::move(errors)});
  found.table.columns.push_back({"column", std::move(columns)});
  found.table.columns.push_back({"level", std::move(levels)});
  found.table.columns.push_back({"mean", std::move(means)});
  found.table.columns.push_back({"deviation", std::move(deviations)});
  return found;
}

}  // namespace

void write_propensity(const Communicator& comm, const std::string& path, const Profile& scores,
                      const std::vector<ModelTerm>& terms, const std::string& outcomes_until,
                      const Provenance& provenance, int deflate_level) {
  const TermTable model = table_of(comm, terms);
  const Index bytes = id_bytes(comm, scores.ids) + table_bytes(comm, scores.table, scores.ids) +
                      table_bytes(comm, model.table, model.names);
  Hdf5Writer file(comm, path, bytes, {.deflate_level = deflate_level});
  Provenance stamped = provenance;
  stamped.kind = propensity_kind;
  write_provenance(file, stamped);
  if (!outcomes_until.empty()) file.write_attribute("/", outcomes_until_attribute, std::string_view(outcomes_until));
  write_profile_rows(comm, file, scores);
  file.create_group("/model");
  write_table(comm, file, term_table_name, model.table, model.names);
  file.commit();
}

PropensityReader::PropensityReader(const Communicator& comm, const std::string& path, InputCheck check)
    : comm_(&comm), file_(agree_on(comm, [&] { return std::make_unique<Hdf5Reader>(open_checked(path, check)); })) {
  agree_on_version(comm, path, file_->version());
  agree_on(comm, [&] {
    provenance_ = read_provenance(*file_, propensity_kind);
    scores_.emplace(*file_, profile_table_name, id_rows(*file_, profile_ids_name));
    terms_.emplace(*file_, term_table_name, file_->shape(term_table_name + "/_index").rows());
  });
}

IdRows PropensityReader::user_ids(RowRange rows) const {
  return agree_on(*comm_, [&] { return read_ids(*file_, profile_ids_name, rows); });
}

IdRows PropensityReader::term_names(RowRange rows) const {
  return agree_on(*comm_, [&] { return IdRows{rows, terms_->rows(), terms_->index(rows)}; });
}

}  // namespace rankwise
