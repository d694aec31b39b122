#pragma once
// The options of `similar`.

#include <optional>
#include <string>
#include <vector>

#include "io/points/point_format.hpp"
#include "jobs/lists/list_format.hpp"
#include "jobs/recommend/rules/item_rules.hpp"
#include "kernels/base/types.hpp"

namespace boost::program_options {
class options_description;
}

namespace rankwise {

/// What makes two rows of factors similar: <x, y> / (|x| |y|), or <x, y>.
enum class SimilarityMeasure { cosine, inner_product };

struct SimilarOptions {
  std::string model;
  std::string data;  ///< whose table of items rules and columns read; empty: none
  std::string output;
  std::string ids;              ///< file of the rows that have lists; empty: all, or those of `id`
  std::vector<std::string> id;  ///< likewise, given one by one
  RowSide rows = RowSide::items;
  Index top = 0;
  std::optional<SimilarityMeasure> measure;  ///< as given
  ItemRuleOptions rules;
  ListFormatOptions format;
  int deflate_level = 0;
};

/// Adds the options; `options` outlives them.
void describe_similar(boost::program_options::options_description& description, SimilarOptions& options);

/// Throws Error(usage) if options contradict each other or one of them would have no effect.
void require_sense(const SimilarOptions& options);

}  // namespace rankwise
