#include "io/log/event_weights.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "kernels/base/error.hpp"
#include "kernels/text/number_text.hpp"
#include "kernels/text/shown_text.hpp"

namespace rankwise {

EventWeights::EventWeights(std::string_view text) {
  const auto refuse = [text](const std::string& reason) {
    throw Error(ExitCode::usage, fmt::format("--event-weights {}: {}; expected EVENT=NUMBER[,EVENT=NUMBER...], as in "
                                             "view=1,cart=3,purchase=10,other=0",
                                             shown(text), reason));
  };
  for (std::string_view rest = text;;) {
    const auto comma = rest.find(',');
    const std::string_view piece = rest.substr(0, comma);
    const auto equals = piece.rfind('=');
    if (equals == std::string_view::npos || equals == 0)
      refuse(fmt::format("{} gives no event a weight", shown(piece)));
    const std::string_view event = piece.substr(0, equals);
    const std::optional<double> weight = finite_number(piece.substr(equals + 1));
    if (!weight) refuse(fmt::format("the weight of {} is no finite number", shown(event)));
    const bool is_known = std::ranges::find(weights_, event, &std::pair<std::string, double>::first) != weights_.end();
    if (is_known || (event == "other" && other_)) refuse(fmt::format("{} appears twice", shown(event)));
    if (event == "other") {
      other_ = weight;
    } else {
      weights_.emplace_back(event, *weight);
    }
    if (comma == std::string_view::npos) break;
    rest.remove_prefix(comma + 1);
  }
}

double EventWeights::of(std::string_view event) const {
  for (const auto& [name, weight] : weights_) {
    if (name == event) return weight;
  }
  if (other_) return *other_;
  std::string known;
  for (const auto& [name, weight] : weights_) known += (known.empty() ? "" : ", ") + name;
  throw Error(ExitCode::bad_data,
              fmt::format("event {} has no weight; known are {} (--event-weights ...,other=0 drops all others)",
                          shown(event), known));
}

}  // namespace rankwise
