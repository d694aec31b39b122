#pragma once
// --items and --users of `rankwise prepare`: tables that go into the dataset beside the log.

#include <boost/program_options.hpp>
#include <optional>

#include "distributed/log/dataset.hpp"
#include "distributed/tables/table.hpp"
#include "io/dataset/dataset_tables.hpp"
#include "io/log/id_list.hpp"
#include "io/tables/table_choice.hpp"
#include "io/tables/table_text.hpp"
#include "io/text/missing_values.hpp"
#include "jobs/run/job.hpp"
#include "kernels/keyed_hash/pseudonyms.hpp"

namespace rankwise {

/// No path: no table.
struct TableOptions {
  TableSource items{.side = TableSide::items};
  TableSource users{.side = TableSide::users};
};

/// Adds the options; their values go to `values`, which must outlive the parsing.
void add_table_options(boost::program_options::options_description& options, TableOptions& values);

/// Throws Error(usage) if columns or types are said of a table that is not given.
void require_sense(const TableOptions& options);

/// As they were read, on the root.
struct ListedTables {
  ListedTable items;
  ListedTable users;
};

/// Reads the tables there are, and says how; users as the log has them once `pseudonyms` and `forget` have been
/// applied. Collective; throws AgreedError.
[[nodiscard]] ListedTables read_tables(JobContext& context, const TableOptions& options,
                                       const MissingValues& missing_values, const std::optional<Pseudonyms>& pseudonyms,
                                       const std::optional<IdList>& forget);

/// Their rows as the dataset's ids want them; says what is left out and what is missing. Collective; throws
/// AgreedError(bad_data) if no row is of an id of the dataset.
[[nodiscard]] DatasetTables place_tables(JobContext& context, const TableOptions& options, const ListedTables& listed,
                                         const Dataset& dataset);

}  // namespace rankwise
