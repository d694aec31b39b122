#pragma once
// RFM: recency, frequency and money in five classes each, over all customers.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/profiles/customer_history.hpp"
#include "distributed/profiles/midrank_classes.hpp"
#include "jobs/profile/customer_columns.hpp"
#include "jobs/profile/rfm_segments.hpp"
#include "jobs/run/job.hpp"

namespace rankwise {

/// One of the three. Class 5 is the best.
struct RfmScore {
  std::string name;          ///< "recency"
  std::string unit;          ///< "days"
  bool is_reversed = false;  ///< of recency: fewer days are better, and values are negative
  MidrankClasses classes;
};

struct SegmentSize {
  std::string name;
  Index customers = 0;
};

inline constexpr std::size_t recency_frequency_cells = midrank_classes * midrank_classes;

struct RfmScores {
  std::vector<RfmScore> scores;       ///< without times there is no recency
  std::vector<SegmentSize> segments;  ///< in the order of the rules; none without recency
  Index without_segment = 0;
  std::array<bool, 3>
      in_rules{};           ///< scores of which some rule of the segments asks: their classes and segments overlap
  Index smallest_cell = 0;  ///< customers of the smallest combination of these scores that has any
  std::array<Index, recency_frequency_cells> recency_frequency{};  ///< customers, by class of recency, then frequency
};

/// A class's bound as people read it: the least of its values; of recency the most days.
[[nodiscard]] double bound_of(const RfmScore& score, const ClassBounds& bounds);

/// Scores of all customers, as columns too: r_score, f_score, m_score, rfm, segment. Collective over comm.
[[nodiscard]] RfmScores score_customers(const Communicator& comm, std::span<const CustomerHistory> histories,
                                        std::optional<std::int64_t> at_day, const std::vector<SegmentRule>& rules,
                                        CustomerColumns& columns);

}  // namespace rankwise
