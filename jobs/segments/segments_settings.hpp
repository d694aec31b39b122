#pragma once
// The options of `segments`.

#include <optional>
#include <string>
#include <vector>

#include "kernels/base/types.hpp"

namespace boost::program_options {
class options_description;
}

namespace rankwise {

/// What is said of last quarter; empty paths: nothing.
struct AgainstSettings {
  std::string division;  ///< a clustering, or with a segment column a file with a table of users
  std::string data;
  std::string profile;
  std::string names;
};

struct SegmentsOptions {
  std::string data;
  std::string clustering;
  std::string segment_column;
  std::string points;               ///< that were clustered; empty: not known
  std::optional<Index> replicates;  ///< of --points, for the stability of segments; nothing: 20
  std::string profile;
  std::string names;
  std::string lists;  ///< of recommend; empty: none
  std::string money;  ///< a column; empty: the column money
  AgainstSettings against;
  Index least_group = 10;
  Index most_items = 1000;
  Index most_lifts = 20;  ///< that are written of a segment and an attribute
  std::string output;
  std::string report;
  std::string customers;                  ///< the list of customers
  std::vector<std::string> list_columns;  ///< that it has
};

/// Adds the options.
void describe_segments_options(boost::program_options::options_description& description, SegmentsOptions& options);

/// Throws Error(usage) if the options contradict each other.
void require_sense(const SegmentsOptions& options);

}  // namespace rankwise
