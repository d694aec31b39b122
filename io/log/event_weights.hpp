#pragma once
// What the kinds of events of a log weigh: view=1,cart=3,purchase=10.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rankwise {

class EventWeights {
 public:
  /// `view=1,cart=3,other=0`: finite numbers; `other` is for all events that are not named. Throws Error(usage).
  explicit EventWeights(std::string_view text);

  /// Throws Error(bad_data) without a place if the event is not named and there is no weight for others.
  [[nodiscard]] double of(std::string_view event) const;

 private:
  std::vector<std::pair<std::string, double>> weights_;
  std::optional<double> other_;
};

}  // namespace rankwise
