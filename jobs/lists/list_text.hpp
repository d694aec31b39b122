#pragma once
// Lists as text: lines of CSV or TSV, or JSON lines (docs/FORMATS.md).

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "distributed/rows/ids.hpp"
#include "distributed/tables/table.hpp"
#include "jobs/lists/list_format.hpp"
#include "jobs/lists/list_values.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// What lines say, and what they have beside an entry's score.
struct EntryExtras {
  ListKind kind = ListKind::recommendations;    ///< these have a source
  std::span<const TableColumn> columns = {};    ///< of the table of items, each with a value of each item
  std::string segment = {};                     ///< the name of a column of Lists::segments; empty: none
  bool probabilities = false;                   ///< Lists::probabilities
  Index reasons = 0;                            ///< items and features of the user that speak for the item, at most
  std::vector<std::string> feature_names = {};  ///< of users, if such are among the reasons
};

/// Writes lists. What can be said of an item is made once, not once an entry.
class ListText {
 public:
  /// Extras come in the order of their members, but the segment before the columns.
  ListText(const ListFormat& format, const Ids& item_ids, const EntryExtras& extras);

  /// What the text begins with.
  [[nodiscard]] std::string header() const;
  /// CSV and TSV: a line per entry, best first; JSON lines: a line per list. By all threads.
  [[nodiscard]] std::string text(const Lists& lists) const;
  /// Likewise of some lists, by their places.
  [[nodiscard]] std::string text(const Lists& lists, std::span<const Index> owners) const;

 private:
  void append_lists(const Lists& lists, std::span<const Index> owners, std::string& text) const;
  void append_rows(const Lists& lists, Index owner, std::string& text) const;
  void append_object(const Lists& lists, Index owner, std::string& text) const;
  void append_probability(double probability, std::string& text) const;
  void append_reasons(const std::vector<Reason>& reasons, std::string& text) const;
  [[nodiscard]] std::string field(const std::string& text) const;
  [[nodiscard]] std::string value_field(const ColumnValues& values, Index item) const;

  ListFormat format_;
  ListWords words_;
  bool has_sources_;
  char separator_;
  std::string segment_name_;  // empty: none
  bool has_probabilities_;
  Index reasons_;
  std::vector<std::string> column_names_;
  std::vector<std::string> features_;  // of each feature of users, its name
  std::vector<std::string> items_;     // of each item, its id
  std::vector<std::string> values_;    // of each item, all columns with what comes before each; empty without columns
};

/// The word for what a list was made from.
[[nodiscard]] std::string_view source_word(ListSource source);

}  // namespace rankwise
