#include "io/synthetic/response_table.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <set>
#include <string_view>
#include <utility>

#include "io/text/record_reader.hpp"
#include "io/text/small_table.hpp"
#include "io/text/text_probe.hpp"
#include "kernels/base/error.hpp"
#include "kernels/text/counted.hpp"
#include "kernels/text/number_text.hpp"
#include "kernels/text/shown_text.hpp"

namespace rankwise {

namespace {

std::size_t column_of(const std::vector<std::string>& header, std::string_view name) {
  const auto found = std::ranges::find(header, name);
  if (found != header.end()) return static_cast<std::size_t>(found - header.begin());
  throw Error(ExitCode::bad_data,
              fmt::format("has no column {}; expected a header with segment, offer, extra_orders and amount", name));
}

/// A number in [0, most].
double number_in(std::string_view text, std::string_view name, double most) {
  const double number = parse_number(trimmed(text), name);
  if (number >= 0 && number <= most) return number;
  throw Error(ExitCode::bad_data,
              fmt::format("{} is {}; expected a number from 0 to {}", name, shown(trimmed(text)), most));
}

void read_records(RecordReader& reader, std::vector<PlantedResponse>& responses) {
  constexpr double most_amount = 1e9;
  const std::vector<std::string> header = first_fields(reader);
  const std::size_t segment = column_of(header, "segment");
  const std::size_t offer = column_of(header, "offer");
  const std::size_t extra_orders = column_of(header, "extra_orders");
  const std::size_t amount = column_of(header, "amount");
  std::set<std::pair<std::string, std::string>> known;
  while (const std::vector<std::string_view>* const fields = reader.next()) {
    if (fields->size() != header.size()) {
      throw Error(ExitCode::bad_data, fmt::format("has {}, expected {} as in the header",
                                                  counted(std::ssize(*fields), "field"), header.size()));
    }
    PlantedResponse response;
    response.segment = trimmed((*fields)[segment]);
    response.offer = trimmed((*fields)[offer]);
    response.extra_orders = number_in((*fields)[extra_orders], "extra_orders", most_extra_orders);
    response.amount_cents = std::llround(100 * number_in((*fields)[amount], "amount", most_amount));
    if (!known.emplace(response.segment, response.offer).second) {
      throw Error(ExitCode::bad_data, fmt::format("segment {} and offer {} have a response already",
                                                  shown(response.segment), shown(response.offer)));
    }
    responses.push_back(std::move(response));
  }
}

}  // namespace

std::vector<PlantedResponse> read_responses(const Communicator& comm, const std::string& path) {
  return agree_on(comm, [&] {
    std::vector<PlantedResponse> responses;
    try {
      read_small_table(path, [&](RecordReader& reader) { read_records(reader, responses); });
    } catch (const Error& error) {
      throw Error(error.code(), fmt::format("{}: {}", path, error.what()));
    }
    return responses;
  });
}

}  // namespace rankwise
