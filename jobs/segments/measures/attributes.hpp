#pragma once
// What customers of segments have, counted: items, categories of items, categories of their own, quarters of numbers.

#include <cstdint>
#include <string>
#include <vector>

#include "jobs/run/job.hpp"
#include "jobs/segments/measures/groups.hpp"
#include "jobs/segments/measures/quarter.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

enum class AttributeKind {
  item,           ///< a customer may have several
  item_category,  //
  category,       ///< every customer has one value, the last of which is that none is known
  number          ///< likewise, quarters of all customers
};

/// Customers with each value by group.
struct AttributeCounts {
  AttributeKind kind = AttributeKind::item;
  std::string name;                 ///< of the column; "item"
  std::vector<std::string> values;  ///< without the one that none is known
  std::vector<Index> counts;        ///< values x groups, row by row; of one's own values a row more

  bool publishes_unknown =
      false;  ///< another column has no value of the same customers, so they are as good as printed

  [[nodiscard]] bool is_own() const { return kind == AttributeKind::category || kind == AttributeKind::number; }
};

struct CountedAttributes {
  std::vector<AttributeCounts> counts;
  std::vector<std::string> left_out;  ///< columns that are not counted, and why
};

/// Of the `most_items` items with the most customers (ties to the lower), of each column of categories of the table of
/// items, and of the quarter's columns but `segment_column`, of their own categories the 200 of the most customers. Of
/// columns that have totals in common the one with the fewest values is counted (ties to the first), and none that has
/// totals in common with `withheld`, columns of whom others see a list with empty values. `data`: the dataset's path.
/// Collective over context.comm; throws AgreedError.
[[nodiscard]] CountedAttributes count_attributes(const JobContext& context, const Quarter& quarter,
                                                 const Groups& groups, const std::string& data, Index most_items,
                                                 const std::string& segment_column,
                                                 const std::vector<std::string>& withheld);

}  // namespace rankwise
