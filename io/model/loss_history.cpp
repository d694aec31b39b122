#include "io/model/loss_history.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>

#include "kernels/base/error.hpp"

namespace rankwise {

namespace {

constexpr const char* loss_parts[] = {"loss", "observed", "unobserved", "regularizer", "validation"};

double loss_part(const EpochLoss& epoch, std::size_t part) {
  const std::array values{epoch.total(), epoch.observed, epoch.unobserved, epoch.regularizer, epoch.validation};
  return values[part];
}

}  // namespace

void write_loss_history(const Communicator& comm, Hdf5Writer& file, const std::vector<EpochLoss>& history) {
  const auto epochs = static_cast<Index>(history.size());
  file.create_group("/history");
  const bool is_validated =
      std::ranges::any_of(history, [](const EpochLoss& epoch) { return !std::isnan(epoch.validation); });
  const std::size_t parts = std::size(loss_parts) - (is_validated ? 0 : 1);
  for (std::size_t part = 0; part < parts; ++part) {
    const RowRange mine = comm.is_root() ? RowRange{0, epochs} : RowRange{epochs, epochs};
    file.write_filled_rows<double>(fmt::format("/history/{}", loss_parts[part]), epochs, mine,
                                   [&](RowRange piece, double* out) {
                                     for (Index e = piece.begin; e < piece.end; ++e) {
                                       *out++ = loss_part(history[static_cast<std::size_t>(e)], part);
                                     }
                                   });
  }
}

namespace {

bool is_finite(double value) {
  return std::isfinite(value);
}

/// Of epochs that were not evaluated there is no value.
bool is_finite_or_absent(double value) {
  return !std::isinf(value);
}

}  // namespace

std::vector<EpochLoss> read_loss_history(const Hdf5Reader& file) {
  const auto read = [&](const char* part, bool (*is_sound)(double)) {
    const std::string name = fmt::format("/history/{}", part);
    std::vector<double> values = file.read_rows<double>(name, {0, file.shape(name, Hdf5Kind::floating, 1).rows()});
    if (!std::ranges::all_of(values, is_sound)) {
      throw Error(ExitCode::bad_data, fmt::format("{}: {} holds a value that is not finite", file.path(), name));
    }
    return values;
  };
  const std::vector<double> observed = read("observed", is_finite);
  const std::vector<double> unobserved = read("unobserved", is_finite);
  const std::vector<double> regularizer = read("regularizer", is_finite);
  const bool is_validated = file.has("/history/validation");
  const std::vector<double> validation = is_validated ? read("validation", is_finite_or_absent) : std::vector<double>();
  if (unobserved.size() != observed.size() || regularizer.size() != observed.size() ||
      (is_validated && validation.size() != observed.size())) {
    throw Error(ExitCode::bad_data, fmt::format("{}: /history: its parts differ in length", file.path()));
  }
  std::vector<EpochLoss> history(observed.size());
  for (std::size_t e = 0; e < history.size(); ++e) {
    history[e] = {observed[e], unobserved[e], regularizer[e]};
    if (is_validated) history[e].validation = validation[e];
  }
  return history;
}

}  // namespace rankwise
