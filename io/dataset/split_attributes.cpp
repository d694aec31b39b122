#include "io/dataset/split_attributes.hpp"

#include <fmt/format.h>
#include <limits>
#include <string>

#include "kernels/base/error.hpp"

namespace rankwise {

namespace {

/// The attributes of one part.
struct Names {
  std::string users;
  std::string items;
  std::string cold_users;
  std::string cold_items;
  std::string after_own;
  std::string after_first;
  std::string future_items;
  std::string median_gap_days;
};

Names names_of(SplitPart part) {
  if (part == SplitPart::heldout) {
    return {"heldout-users",
            "heldout-items",
            "cold-users",
            "cold-items",
            "training-after-own-heldout",
            "training-after-first-heldout",
            "heldout-of-future-items",
            "median-gap-days"};
  }
  return {"validation-users",
          "validation-items",
          "validation-cold-users",
          "validation-cold-items",
          "training-after-own-validation",
          "training-after-first-validation",
          "validation-of-future-items",
          "validation-median-gap-days"};
}

[[noreturn]] void refuse(const Hdf5Reader& file, const std::string& name, const std::string& expected) {
  throw Error(ExitCode::bad_data,
              fmt::format("{}: its attribute {} is impossible, expected {}", file.path(), name, expected));
}

Index read_count(const Hdf5Reader& file, const std::string& name, Index most) {
  const Index count = file.read_integer("/", name);
  if (count < 0 || count > most) refuse(file, name, "a count of users or items");
  return count;
}

/// Between 0 and `most`.
double read_amount(const Hdf5Reader& file, const std::string& name, double most) {
  const double amount = file.read_number("/", name);
  if (!(amount >= 0 && amount <= most)) refuse(file, name, fmt::format("a number from 0 to {:g}", most));
  return amount;
}

}  // namespace

std::vector<DatasetFigure> split_attributes(SplitPart part, const SplitFigures& figures) {
  const Names names = names_of(part);
  std::vector<DatasetFigure> attributes{{names.users, figures.heldout_users},
                                        {names.items, figures.heldout_items},
                                        {names.cold_users, figures.cold_users},
                                        {names.cold_items, figures.cold_items}};
  if (!figures.leakage) return attributes;
  attributes.push_back({names.after_own, figures.leakage->after_own_heldout});
  attributes.push_back({names.after_first, figures.leakage->after_first_heldout});
  attributes.push_back({names.future_items, figures.leakage->future_items});
  const std::optional<double>& gap = figures.leakage->median_gap_days;
  if (gap) attributes.push_back({names.median_gap_days, *gap});
  return attributes;
}

std::optional<SplitFigures> read_split_figures(const Hdf5Reader& file, SplitPart part) {
  const Names names = names_of(part);
  if (!file.has_attribute("/", names.users)) return std::nullopt;
  constexpr Index any = std::numeric_limits<Index>::max();
  SplitFigures figures;
  figures.heldout_users = read_count(file, names.users, any);
  figures.heldout_items = read_count(file, names.items, any);
  figures.cold_users = read_count(file, names.cold_users, figures.heldout_users);
  figures.cold_items = read_count(file, names.cold_items, figures.heldout_items);
  if (!file.has_attribute("/", names.after_own)) return figures;
  Leakage& leakage = figures.leakage.emplace();
  leakage.after_own_heldout = read_amount(file, names.after_own, 1);
  leakage.after_first_heldout = read_amount(file, names.after_first, 1);
  leakage.future_items = read_amount(file, names.future_items, 1);
  if (file.has_attribute("/", names.median_gap_days)) {
    leakage.median_gap_days = read_amount(file, names.median_gap_days, std::numeric_limits<double>::max());
  }
  return figures;
}

}  // namespace rankwise
