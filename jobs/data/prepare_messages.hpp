#pragma once
// What `rankwise prepare` tells of a log, of what it drops, and of a split.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "distributed/cleaning/part_rows.hpp"
#include "distributed/comm/communicator.hpp"
#include "distributed/log/dataset.hpp"
#include "distributed/log/duplicates.hpp"
#include "distributed/log/interaction_log.hpp"
#include "distributed/log/k_core.hpp"
#include "distributed/log/split_figures.hpp"
#include "distributed/rows/id_rows.hpp"
#include "jobs/data/log_split.hpp"
#include "jobs/data/prepare_options.hpp"
#include "jobs/run/report.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// The times between which a log lies, since 1970.
struct Period {
  std::int64_t first_seconds = 0;
  std::int64_t last_seconds = 0;
};

/// What --min-total drops, over all ranks.
struct RefusedTotals {
  RefusedParts parts;
  Index users = 0;  ///< without an interaction because of it
  Index items = 0;
};

/// What a split did, over all ranks.
struct SplitOutcome {
  std::optional<Period> period;                       ///< of a log with times
  std::optional<Index> orders;                        ///< of a log with them: different ones
  std::optional<std::int64_t> last_training_seconds;  ///< of a split at one time: since 1970
  Index repeated = 0;                                 ///< held-out pairs that training has too
  PartRows rows;  ///< of this rank, of all parts that --validation does not divide again
  SplitFigures figures;
  std::optional<ValidationOutcome> validation;  ///< if there is a validation part
  SplitFigures validation_figures;
};

/// Of a log's rows, without ranks; `repeated_headers` are lines inside files that repeat their header; `missing` are
/// rows that were skipped.
void tell_read(Report& report, Index rows, const MissingCounts& missing, Index repeated_headers);
/// What --where, --since, --until and --event-weights dropped, of those that were given; over all ranks.
void tell_filtered(Report& report, const RowFilter& filter, const FilteredCounts& counts);
/// Warns of ids that are probably one, once for each kind of difference; `name_of`: what an id is called in the
/// warning. Collective over comm.
void tell_variants(const Communicator& comm, Report& report, std::string_view role, const IdRows& ids,
                   const std::function<std::string(std::string_view)>& name_of);
/// Of the rows that were read: ids of orders, if there is a column of them, and orders, of which two users' are two.
void tell_orders(Report& report, std::optional<Index> ids, Index orders, Index rows);
/// What of them the dataset has. Collective over comm.
void tell_stored_orders(const Communicator& comm, Report& report, const Orders& orders);
void tell_period(Report& report, const Period& period);
/// What an option that holds out whole items is good for.
void warn_of_cold_items(Report& report, std::string_view option);
/// `rule`: what --folds says; a warning of folds that have no interactions.
void tell_folds(Report& report, std::string_view rule, const std::vector<Index>& interactions);
void tell_duplicates(Report& report, const DuplicateCounts& counts, DuplicatePolicy policy);
void tell_refused(Report& report, const TotalBound& bound, double min_total, const RefusedTotals& refused);
void tell_k_core(Report& report, const DroppedCounts& counts);
/// Sizes of the dataset; a warning if its split holds out nothing. Collective over comm.
void tell_sizes(const Communicator& comm, Report& report, const Dataset& dataset);
/// What the split knows of the future. Collective over comm.
void tell_split(const Communicator& comm, Report& report, const Dataset& dataset, const SplitOutcome& outcome);

/// The same for the dataset's file.
[[nodiscard]] std::vector<DatasetFigure> figures_of(const SplitOutcome& outcome, bool holds_out);

}  // namespace rankwise
