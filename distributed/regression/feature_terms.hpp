#pragma once
// Columns of a table as terms of a regression: numbers standardized, categories as levels, missing values said.

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/regression/design_matrix.hpp"
#include "distributed/tables/table.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

enum class TermKind {
  intercept,
  number,   ///< (value - mean) / deviation; 0 if the value is missing
  missing,  ///< 1 if the value is missing, else 0
  level,    ///< 1 if the category is this one, else 0
  others    ///< 1 if the category is none that has a term, nor the one without, else 0
};

struct FeatureTerm {
  TermKind kind = TermKind::intercept;
  std::string column = {};
  std::string level = {};  ///< of a level
  double mean = 0;         ///< of a number: of the rows that have one
  double deviation = 1;    ///< of a number: of all rows, the mean being in the place of missing ones
  std::vector<std::string> known_levels = {};  ///< of others: all levels that are not among them

  /// "money", "money is missing", "segment = loyal", "segment = (others)".
  [[nodiscard]] std::string name() const;
};

struct FeatureRules {
  Index most_levels = 20;  ///< of a category, those with the most rows
  Index least_rows = 10;   ///< of which a level or the missing ones of a column need so many to have a term
};

/// What of a column no term says.
struct ColumnNote {
  std::string column;
  std::string reason;
};

struct FeatureTerms {
  std::vector<FeatureTerm> terms;      ///< the intercept first, then in the order of the columns
  std::vector<ColumnNote> left_out;    ///< columns without a term
  std::vector<ColumnNote> references;  ///< of columns of categories: the level without a term, that with the most rows
  std::vector<std::string> imputed = {};  ///< names of columns with missing numbers, whose place the mean takes
  /// Of each column of categories with terms: the levels of the fit's table.
  std::vector<std::pair<std::string, std::vector<std::string>>> levels = {};
};

/// Terms for the columns of numbers and categories, of the rows that take part (not 0). The same on every rank, and for
/// any ranks. Collective over comm; throws AgreedError(bad_data) if a column's squares are beyond all numbers.
[[nodiscard]] FeatureTerms find_terms(const Communicator& comm, const Table& table,
                                      std::span<const std::uint8_t> takes_part, const FeatureRules& rules);

/// A row for each row of the table. Throws Error(bad_data) if the table has no such column, or one of another type.
[[nodiscard]] DesignMatrix design_of(const std::vector<FeatureTerm>& terms, const Table& table);

/// Rows of this rank whose category is none of the levels that the fit knew, over all columns.
[[nodiscard]] Index unknown_levels(const FeatureTerms& terms, const Table& table);

}  // namespace rankwise
