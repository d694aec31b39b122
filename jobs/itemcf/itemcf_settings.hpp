#pragma once
// What the user asks of an item-based model: the options of `itemcf`.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "distributed/itemcf/entry_weights.hpp"
#include "distributed/log/fold.hpp"
#include "io/dataset/trained_on.hpp"
#include "kernels/base/types.hpp"
#include "kernels/itemcf/similarity.hpp"

namespace boost::program_options {
class options_description;
}

namespace rankwise {

/// Whether neighbours speak with their similarity, or with the weights of a ridge regression.
enum class ItemWeights { similarity, ridge };

struct ItemcfOptions {
  std::string data;
  std::string model;
  std::optional<Fold> fold;  ///< without what it validates; its seed is the run's
  TrainedOn trained_on = TrainedOn::training;
  EntryWeighting entry_weights = EntryWeighting::one;
  std::optional<SimilarityKind> similarity;
  std::optional<double> asymmetry;
  std::optional<double> popularity_exponent;
  std::optional<double> walk_exponent;
  std::optional<double> shrinkage;  ///< nothing: usual_shrinkage()
  std::optional<Index> neighbours;  ///< nothing: all
  double min_similarity = 0;
  Index min_common_users = 1;
  ItemWeights weights = ItemWeights::similarity;
  std::optional<double> penalty;
  std::optional<double> normalization;
  std::optional<Index> max_user_items;
  Index memory_budget_bytes = 0;  ///< of each rank; 0: not given, resolved_budget_bytes() then says
  int deflate_level = 0;

  /// All items at once, of which none is chosen by its similarity.
  [[nodiscard]] bool is_dense() const { return weights == ItemWeights::ridge && !neighbours; }
  /// h if none is given: without one, chance chooses the neighbours in a thin log (docs/PERFORMANCE.md).
  [[nodiscard]] double usual_shrinkage() const;
  [[nodiscard]] SimilaritySettings resolved_similarity() const;
  [[nodiscard]] double resolved_penalty() const;
  [[nodiscard]] double resolved_normalization() const;
  [[nodiscard]] Index resolved_budget_bytes() const;
};

/// The configuration with what the options that were not given came to, as far as they have a part in the model: one
/// `name = value` a line, by name.
[[nodiscard]] std::string resolved_configuration(const ItemcfOptions& options, const std::string& configuration);

/// Adds the options; `options` outlives them.
void describe_itemcf(boost::program_options::options_description& description, ItemcfOptions& options);

/// An option that has no effect beside the others.
struct IdleOption {
  std::string_view name;
  bool is_given = false;  ///< with a value that asks for something
  std::string reason;     ///< what follows "--name "
};
[[nodiscard]] std::vector<IdleOption> idle_options(const ItemcfOptions& options);

/// Throws Error(usage) if options contradict each other or one of them would have no effect.
void require_sense(const ItemcfOptions& options);

}  // namespace rankwise
