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

  [[nodiscard]] bool is_own() const { return kind == AttributeKind::category || kind == AttributeKind::number; }
};

/// Of the `most_items` items with the most customers (ties to the lower), of each column of categories of the table of
/// items, and of the quarter's columns but `segment_column`, of their own categories the 200 of the most customers.
/// `data`: the dataset's path. Collective over context.comm; throws AgreedError.
[[nodiscard]] std::vector<AttributeCounts> count_attributes(const JobContext& context, const Quarter& quarter,
                                                            const Groups& groups, const std::string& data,
                                                            Index most_items, const std::string& segment_column);

}  // namespace rankwise
