#pragma once
// An indexed, cleaned and split log as sparse matrices: what a dataset file holds (io/dataset/dataset.hpp).

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "distributed/log/duplicates.hpp"
#include "distributed/log/fold.hpp"
#include "distributed/log/orders.hpp"
#include "distributed/rows/id_rows.hpp"
#include "distributed/rows/sparse_rows.hpp"

namespace rankwise {

/// Users held out whole.
struct HeldoutUsers {
  IdRows ids;
  SparseRows given;          ///< held-out users x items
  SparseRows given_by_item;  ///< items x held-out users
};

/// What is taken off the training part, after the held-out part, to choose a model by. Its rows are the users of the
/// training part; those that are validated whole keep their rows there, which then are empty.
struct ValidationPart {
  BothSides<SparseRows> interactions;
  std::optional<BothSides<SparseRows>> given;  ///< of users that are validated whole: what their fold-in may see
  /// Pairs with rows both in training and in validation: the merge of all of these rows.
  std::optional<BothSides<SparseRows>> repeated;
};

/// A number about the log or its split, for people: an attribute of the file's root.
struct DatasetFigure {
  std::string name;
  std::variant<std::int64_t, double> value;
};

/// The dataset that another one was made from.
struct DatasetSource {
  std::uint64_t digest = 0;   ///< its content digest
  std::string configuration;  ///< of the run that wrote it
};

/// The whole, distributed over ranks by rows (any contiguous partition in rank order).
struct Dataset {
  IdRows users;
  IdRows items;
  SparseRows interactions;          ///< users x items
  SparseRows interactions_by_item;  ///< items x users
  std::optional<BothSides<SparseRows>> heldout;
  std::optional<HeldoutUsers> heldout_users;  ///< when set, users of `heldout` are these
  /// Pairs with rows on both sides of a split in time: the merge of all of these rows.
  std::optional<BothSides<SparseRows>> repeated;
  std::optional<ValidationPart> validation;
  /// All rows of the training part on pairs that have rows of several times.
  std::optional<BothSides<LogRows>> log_rows;
  std::optional<Orders> orders = {};            ///< if its log has some
  MergeRules rules;                             ///< by which rows became interactions
  FoldOrigin fold_origin = FoldOrigin::column;  ///< of the training part's folds, if it has some
  std::vector<DatasetFigure> figures;
  std::optional<DatasetSource> source = {};  ///< of one that was made from another one
};

/// The sparse matrices of a dataset.
enum class DatasetPart {
  interactions,
  interactions_by_item,
  heldout,
  heldout_by_item,
  given,
  given_by_item,
  repeated,
  repeated_by_item,
  validation,
  validation_by_item,
  validation_given,
  validation_given_by_item,
  validation_repeated,
  validation_repeated_by_item
};
inline constexpr std::array all_dataset_parts{DatasetPart::interactions,
                                              DatasetPart::interactions_by_item,
                                              DatasetPart::heldout,
                                              DatasetPart::heldout_by_item,
                                              DatasetPart::given,
                                              DatasetPart::given_by_item,
                                              DatasetPart::repeated,
                                              DatasetPart::repeated_by_item,
                                              DatasetPart::validation,
                                              DatasetPart::validation_by_item,
                                              DatasetPart::validation_given,
                                              DatasetPart::validation_given_by_item,
                                              DatasetPart::validation_repeated,
                                              DatasetPart::validation_repeated_by_item};

}  // namespace rankwise
