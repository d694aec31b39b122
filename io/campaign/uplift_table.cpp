#include "io/campaign/uplift_table.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <set>
#include <utility>

#include "distributed/campaign/assignment.hpp"
#include "distributed/comm/key_exchange.hpp"
#include "io/campaign/table_columns.hpp"
#include "io/text/small_table.hpp"
#include "io/text/text_probe.hpp"
#include "kernels/campaign/offer_value.hpp"
#include "kernels/text/number_text.hpp"
#include "kernels/text/shown_text.hpp"

namespace rankwise {

namespace {

double share_of(std::string_view text) {
  const std::optional<double> number = finite_number(text);
  if (number && *number >= 0 && *number <= 1) return *number;
  throw Error(ExitCode::bad_data, fmt::format("sent_share {}: expected a number from 0 to 1", shown(text)));
}

std::int64_t margin_of(std::string_view text, double sent_share) {
  std::optional<double> number = finite_number(text);
  if (number) *number /= sent_share;
  constexpr double most = static_cast<double>(most_value_millionths) / static_cast<double>(millionths);
  if (number && std::abs(*number) <= most) return std::llrint(*number * static_cast<double>(millionths));
  throw Error(ExitCode::bad_data, fmt::format("shrunk_uplift {} of a sent_share of {}: expected a number from {} to {}",
                                              shown(text), sent_share, -most, most));
}

UpliftTable uplifts_on_root(const std::string& path) {
  UpliftTable table;
  std::set<std::pair<std::string, std::string>> known;
  read_small_table(path, [&](RecordReader& reader) {
    const std::vector<std::string> header = first_fields(reader);
    const std::size_t segment = table_column(header, "segment");
    const std::size_t offer = table_column(header, "offer");
    const std::size_t uplift = table_column(header, "shrunk_uplift");
    const auto sent = std::ranges::find(header, "sent_share");
    table.has_sent_share = sent != header.end();
    const auto sent_place = static_cast<std::size_t>(sent - header.begin());
    for_each_record(reader, header.size(), [&](const std::vector<std::string_view>& fields) {
      table.segments.emplace_back(fields[segment]);
      table.offers.emplace_back(fields[offer]);
      if (!known.emplace(table.segments.back(), table.offers.back()).second) {
        throw Error(ExitCode::bad_data, fmt::format("segment {} and offer {} have a row already",
                                                    shown(table.segments.back()), shown(table.offers.back())));
      }
      const double share = table.has_sent_share ? share_of(trimmed(fields[sent_place])) : 1;
      const bool has_value = !trimmed(fields[uplift]).empty() && share >= least_sent_share;
      table.has_value.push_back(has_value ? 1 : 0);
      table.margin_millionths.push_back(has_value ? margin_of(trimmed(fields[uplift]), share) : 0);
    });
  });
  return table;
}

}  // namespace

UpliftTable read_uplift(const Communicator& comm, const std::string& path) {
  UpliftTable table = read_table_on_root(comm, path, uplifts_on_root);
  broadcast_texts(comm, table.segments);
  broadcast_texts(comm, table.offers);
  comm.broadcast(table.margin_millionths);
  comm.broadcast(table.has_value);
  table.has_sent_share = comm.max(Index{comm.is_root() && table.has_sent_share ? 1 : 0}) > 0;
  return table;
}

}  // namespace rankwise
