#include "io/dataset/dataset_parts.hpp"

namespace rankwise {

const char* group_name(DatasetPart part) {
  switch (part) {
    case DatasetPart::interactions:
      return "/interactions";
    case DatasetPart::interactions_by_item:
      return "/interactions_by_item";
    case DatasetPart::heldout:
      return "/heldout/interactions";
    case DatasetPart::heldout_by_item:
      return "/heldout/interactions_by_item";
    case DatasetPart::given:
      return "/heldout/given";
    case DatasetPart::given_by_item:
      return "/heldout/given_by_item";
    case DatasetPart::repeated:
      return "/heldout/repeated";
    case DatasetPart::repeated_by_item:
      return "/heldout/repeated_by_item";
    case DatasetPart::validation:
      return "/validation/interactions";
    case DatasetPart::validation_by_item:
      return "/validation/interactions_by_item";
    case DatasetPart::validation_given:
      return "/validation/given";
    case DatasetPart::validation_given_by_item:
      return "/validation/given_by_item";
    case DatasetPart::validation_repeated:
      return "/validation/repeated";
    case DatasetPart::validation_repeated_by_item:
      return "/validation/repeated_by_item";
  }
  return "";
}

const char* log_rows_name(DatasetPart part) {
  return part == DatasetPart::interactions_by_item ? "/log_rows_by_item" : "/log_rows";
}

bool is_in_every_format(DatasetPart part) {
  return part == DatasetPart::interactions || part == DatasetPart::interactions_by_item ||
         part == DatasetPart::heldout || part == DatasetPart::given;
}

}  // namespace rankwise
