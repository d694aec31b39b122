#pragma once
// What `segments` has found: all that its outputs hold, the same on every rank.

#include <optional>
#include <string>
#include <vector>

#include "distributed/segments/group_summary.hpp"
#include "io/dataset/provenance.hpp"
#include "jobs/segments/cohesion/cohesion.hpp"
#include "jobs/segments/measures/drift.hpp"
#include "jobs/segments/measures/groups.hpp"
#include "jobs/segments/measures/lifts.hpp"
#include "jobs/segments/measures/migration.hpp"
#include "jobs/segments/measures/recommended_items.hpp"

namespace rankwise {

/// Of a column of numbers: each group's summary, then that of all customers.
struct GroupSummaries {
  std::string name;
  std::vector<NumberSummary> of_group;
};

/// Since last quarter.
struct Changes {
  std::vector<Group> before;  ///< groups of last quarter
  Index customers_before = 0;
  Migration migration;
  std::vector<std::optional<Index>> sleeping;  ///< of each group, then of all; empty: not known
  std::optional<Drift> drift;
};

struct SegmentFindings {
  Provenance provenance;
  std::string data_file;
  Index least_group = 0;
  Index most_lifts = 0;
  Groups groups;
  std::vector<std::optional<double>> money;  ///< of each group, then of all; empty: not known
  std::vector<GroupSummaries> columns;
  std::vector<AttributeLifts> lifts;
  std::vector<std::vector<std::string>> typical;          ///< of each group: pseudonyms; empty: not printed
  std::vector<std::vector<RecommendedItem>> recommended;  ///< of each group; empty: not known
  std::optional<Cohesion> cohesion;                       ///< nothing without the rows that were clustered
  Index outside_data = 0;  ///< rows of the division whose customers the dataset does not know
  std::optional<Changes> changes;
  std::vector<std::string> left_out;  ///< what is not known, and why
};

}  // namespace rankwise
