#pragma once
// What every job that predicts runs shares: how rows will be solved, what that costs, and how fast it is here.

#include <span>

#include "distributed/planning/epoch_model.hpp"
#include "jobs/als/als_settings.hpp"

namespace rankwise {

/// Of --calibrate.
inline constexpr double usual_calibration_seconds = 1;

/// Adds --network-latency, --network-bandwidth and --calibrate, whose targets outlive the description.
void describe_machine(boost::program_options::options_description& description, NetworkRate& network,
                      double& calibration_seconds);

/// The work of training, from the entries of every row of both sides.
struct PredictedWork {
  AlsCosts costs;
  SideWork users;
  SideWork items;
};
[[nodiscard]] PredictedWork predict_work(const AlsOptions& options, std::span<const Index> user_sizes,
                                         std::span<const Index> item_sizes);

/// Solves some of these rows for about `seconds` on the calling thread. 0 seconds: takes the build's rates as they are.
[[nodiscard]] MachineRatio measure_machine(const AlsCosts& costs, std::span<const Index> user_sizes,
                                           std::span<const Index> item_sizes, double seconds);

/// What HDF5, MPI and threads take once they are used: a run on a tiny dataset peaks so far above what it has at its
/// start.
inline constexpr double first_use_bytes = 10 << 20;

}  // namespace rankwise
