#include "distributed/regression/feature_terms.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <numeric>
#include <optional>
#include <span>
#include <utility>

#include "distributed/comm/order_free_sum.hpp"
#include "kernels/base/error.hpp"

namespace rankwise {

namespace {

/// Counts and moments of a column of numbers, over all ranks.
struct NumberFacts {
  Index known = 0;
  Index missing = 0;
  double mean = 0;
  double deviation = 0;
};

/// Collective.
NumberFacts facts_of(const Communicator& comm, const std::string& column, const Numbers& numbers,
                     std::span<const std::uint8_t> takes_part) {
  Numbers known;
  NumberFacts facts;
  for (std::size_t row = 0; row < numbers.size(); ++row) {
    if (takes_part[row] == 0) continue;
    if (std::isnan(numbers[row])) {
      ++facts.missing;
    } else {
      known.push_back(numbers[row]);
    }
  }
  facts.known = comm.sum(std::ssize(known));
  facts.missing = comm.sum(facts.missing);
  const double sum = order_free_sum(comm, known);
  if (facts.known == 0) return facts;
  facts.mean = sum / static_cast<double>(facts.known);
  for (double& number : known) number = (number - facts.mean) * (number - facts.mean);
  facts.deviation = std::sqrt(order_free_sum(comm, known) / static_cast<double>(facts.known + facts.missing));
  if (!std::isfinite(facts.deviation)) {
    throw AgreedError(
        ExitCode::bad_data,
        fmt::format("column {}: squares of its values are beyond all numbers; expected smaller values", column));
  }
  return facts;
}

void add_number(const Communicator& comm, const TableColumn& column, std::span<const std::uint8_t> takes_part,
                const FeatureRules& rules, FeatureTerms& found) {
  const NumberFacts facts = facts_of(comm, column.name, std::get<Numbers>(column.values), takes_part);
  constexpr double rounding = 1e-12;
  if (facts.known == 0) {
    found.left_out.push_back({column.name, "it has no value"});
    return;
  }
  if (facts.missing > 0) found.imputed.push_back(column.name);
  if (facts.deviation > rounding * std::abs(facts.mean)) {
    found.terms.push_back({TermKind::number, column.name, {}, facts.mean, facts.deviation});
  } else {
    found.left_out.push_back({column.name, "its value is the same everywhere"});
  }
  if (facts.missing >= rules.least_rows) found.terms.push_back({TermKind::missing, column.name});
}

/// Rows of each category, then of none, over all ranks. Collective.
std::vector<Index> count_levels(const Communicator& comm, const Categories& categories,
                                std::span<const std::uint8_t> takes_part) {
  std::vector<Index> counts(categories.categories.size() + 1);
  for (std::size_t row = 0; row < takes_part.size(); ++row) {
    const std::int32_t code = categories.codes[row];
    if (takes_part[row] != 0)
      ++counts[code == Categories::missing ? counts.size() - 1 : static_cast<std::size_t>(code)];
  }
  comm.all_reduce_sum(std::span<Index>(counts));
  return counts;
}

void add_categories(const Communicator& comm, const TableColumn& column, std::span<const std::uint8_t> takes_part,
                    const FeatureRules& rules, FeatureTerms& found) {
  const auto& categories = std::get<Categories>(column.values);
  const std::vector<Index> counts = count_levels(comm, categories, takes_part);
  std::vector<std::size_t> order(categories.categories.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, [&](std::size_t one, std::size_t other) { return counts[one] > counts[other]; });
  std::vector<std::size_t> chosen;
  Index others = 0;
  for (const std::size_t level : order) {
    if (std::ssize(chosen) < rules.most_levels && counts[level] >= rules.least_rows) {
      chosen.push_back(level);
    } else {
      others += counts[level];
    }
  }
  const bool has_missing = counts.back() >= rules.least_rows;
  const bool has_others = others >= rules.least_rows;
  if (chosen.empty() || (chosen.size() == 1 && !has_missing && !has_others)) {
    found.left_out.push_back(
        {column.name, fmt::format("fewer than two of its categories have {} rows", rules.least_rows)});
    return;
  }
  found.references.push_back({column.name, categories.categories[chosen.front()]});
  found.levels.emplace_back(column.name, categories.categories);
  std::vector<std::string> known;
  for (const std::size_t level : chosen) known.push_back(categories.categories[level]);
  for (std::size_t level = 1; level < chosen.size(); ++level)
    found.terms.push_back({TermKind::level, column.name, known[level]});
  if (has_others) found.terms.push_back({TermKind::others, column.name, {}, 0, 1, known});
  if (has_missing) found.terms.push_back({TermKind::missing, column.name});
}

const TableColumn& column_of(const FeatureTerm& term, const Table& table) {
  const TableColumn* const column = table.find(term.column);
  if (column == nullptr)
    throw Error(ExitCode::bad_data, fmt::format("has no column {}, which the model knows", term.column));
  return *column;
}

template <class Values>
const Values& values_of(const FeatureTerm& term, const Table& table) {
  const auto* const values = std::get_if<Values>(&column_of(term, table).values);
  if (values != nullptr) return *values;
  throw Error(ExitCode::bad_data,
              fmt::format("column {} is of another type than the one that the model knows", term.column));
}

/// Each category's number in a row of the design.
std::vector<double> indicators(const FeatureTerm& term, const Categories& categories) {
  std::vector<double> of_categories;
  for (const std::string& category : categories.categories) {
    const bool is_one = term.kind == TermKind::level
                            ? category == term.level
                            : std::ranges::find(term.known_levels, category) == term.known_levels.end();
    of_categories.push_back(is_one ? 1 : 0);
  }
  return of_categories;
}

void fill_missing(const ColumnValues& values, Index place, DesignMatrix& design) {
  const auto* const numbers = std::get_if<Numbers>(&values);
  const auto* const categories = std::get_if<Categories>(&values);
  for (Index row = 0; row < design.rows.size(); ++row) {
    const auto r = static_cast<std::size_t>(row);
    const bool is_missing = numbers != nullptr ? std::isnan((*numbers)[r])
                                               : categories != nullptr && categories->codes[r] == Categories::missing;
    design.row(row)[place] = is_missing ? 1 : 0;
  }
}

void fill(const FeatureTerm& term, const Table& table, Index place, DesignMatrix& design) {
  if (term.kind == TermKind::missing) {
    fill_missing(column_of(term, table).values, place, design);
  } else if (term.kind == TermKind::number) {
    const auto& numbers = values_of<Numbers>(term, table);
    for (Index row = 0; row < design.rows.size(); ++row) {
      const double number = numbers[static_cast<std::size_t>(row)];
      design.row(row)[place] = std::isnan(number) ? 0 : (number - term.mean) / term.deviation;
    }
  } else {
    const auto& categories = values_of<Categories>(term, table);
    const std::vector<double> of_categories = indicators(term, categories);
    for (Index row = 0; row < design.rows.size(); ++row) {
      const std::int32_t code = categories.codes[static_cast<std::size_t>(row)];
      design.row(row)[place] = code == Categories::missing ? 0 : of_categories[static_cast<std::size_t>(code)];
    }
  }
}

}  // namespace

std::string FeatureTerm::name() const {
  switch (kind) {
    case TermKind::intercept:
      return "(intercept)";
    case TermKind::number:
      return column;
    case TermKind::missing:
      return column + " is missing";
    case TermKind::level:
      return column + " = " + level;
    case TermKind::others:
      return column + " = (others)";
  }
  return {};
}

FeatureTerms find_terms(const Communicator& comm, const Table& table, std::span<const std::uint8_t> takes_part,
                        const FeatureRules& rules) {
  FeatureTerms found;
  found.terms.emplace_back();
  for (const TableColumn& column : table.columns) {
    switch (column.type()) {
      case ColumnType::number:
        add_number(comm, column, takes_part, rules, found);
        break;
      case ColumnType::category:
        add_categories(comm, column, takes_part, rules, found);
        break;
      case ColumnType::text:
        found.left_out.push_back({column.name, "it is of texts"});
        break;
    }
  }
  return found;
}

DesignMatrix design_of(const std::vector<FeatureTerm>& terms, const Table& table) {
  DesignMatrix design{table.rows, table.total_rows, std::ssize(terms), {}};
  design.values.resize(static_cast<std::size_t>(table.rows.size() * design.width));
  for (Index place = 0; place < design.width; ++place) {
    const FeatureTerm& term = terms[static_cast<std::size_t>(place)];
    if (term.kind != TermKind::intercept) {
      fill(term, table, place, design);
      continue;
    }
    for (Index row = 0; row < table.rows.size(); ++row) design.row(row)[place] = 1;
  }
  return design;
}

Index unknown_levels(const FeatureTerms& terms, const Table& table) {
  Index rows = 0;
  for (const auto& [name, levels] : terms.levels) {
    const TableColumn* const column = table.find(name);
    const auto* const categories = column == nullptr ? nullptr : std::get_if<Categories>(&column->values);
    if (categories == nullptr) continue;
    for (const std::int32_t code : categories->codes) {
      if (code == Categories::missing) continue;
      const std::string& category = categories->categories[static_cast<std::size_t>(code)];
      rows += std::ranges::binary_search(levels, category) ? 0 : 1;
    }
  }
  return rows;
}

}  // namespace rankwise
