#pragma once
// Lines of a campaign's lists: who gets what, and why.

#include <string>
#include <vector>

#include "distributed/tables/table.hpp"
#include "jobs/campaign/campaign_run.hpp"
#include "jobs/lists/list_format.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// An entry of OfferLines, with its customer.
struct ListEntry {
  static constexpr std::size_t no_offer = static_cast<std::size_t>(-1);  ///< whoever gets nothing
  Index customer = 0;                                                    ///< local
  std::size_t entry = 0;
};

/// Makes lines of entries. `run` outlives this.
class ListLines {
 public:
  enum class Reasons { none, all };
  ListLines(const CampaignRun& run, const ListFormat& format, Reasons reasons);

  [[nodiscard]] std::string header() const;
  [[nodiscard]] std::string line(const ListEntry& entry) const;
  /// Columns of a table with a row for each of these entries of this rank.
  [[nodiscard]] std::vector<TableColumn> columns(const std::vector<ListEntry>& entries) const;

 private:
  /// Money and probability as text with up to six decimals; prices as the shortest text that reads back to them.
  struct Field {
    std::string name;
    std::string text;
    bool is_number = false;
  };
  [[nodiscard]] std::vector<Field> fields(const ListEntry& entry) const;
  [[nodiscard]] std::string encoded(const Field& field) const;

  const CampaignRun& run_;
  ListFormat format_;
  Reasons reasons_;
};

}  // namespace rankwise
