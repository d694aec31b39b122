#include "jobs/planning/prediction.hpp"

#include <algorithm>
#include <boost/program_options.hpp>
#include <numeric>
#include <string>

#include "jobs/options/choices.hpp"
#include "jobs/options/unit_options.hpp"
#include "kernels/cost/rate_calibration.hpp"

namespace rankwise {

void describe_machine(boost::program_options::options_description& description, NetworkRate& network,
                      double& calibration_seconds) {
  namespace po = boost::program_options;
  // clang-format off
  description.add_options()
    ("network-latency", po::value(&network.latency_seconds)->value_name("SECONDS")->default_value(network.latency_seconds)->notifier(
       within<double>("network-latency", 0, 1)), "of a message between nodes")
    ("network-bandwidth", po::value<std::string>()->value_name("BYTES")->default_value("10GB")->notifier([&network](const std::string& text) {
       network.bytes_per_second = static_cast<double>(parse_bytes("network-bandwidth", text)); }),
     "of a node, per second and direction")
    ("calibrate", po::value(&calibration_seconds)->value_name("SECONDS")->default_value(usual_calibration_seconds)->notifier(within<double>("calibrate", 0, 60)),
     "time to measure this machine for, about; 0: take the build's rates as they are");
  // clang-format on
}

PredictedWork predict_work(const AlsOptions& options, std::span<const Index> user_sizes,
                           std::span<const Index> item_sizes) {
  PredictedWork work;
  AlsCosts& costs = work.costs;
  const auto with_entries = [](std::span<const Index> sizes) {
    return std::ranges::count_if(sizes, [](Index size) { return size > 0; });
  };
  const auto interactions = std::accumulate(user_sizes.begin(), user_sizes.end(), Index{0});
  costs.objective = resolved_objective(options, {with_entries(user_sizes), with_entries(item_sizes), interactions});
  costs.width = options.factors + (costs.objective.biases ? 1 : 0);
  costs.row_format = options.row_format;
  const auto method = [&](std::span<const Index> sizes, std::span<const Index> opposite) {
    return plan_solver(options.solver, costs.objective, rows_by_size(sizes), static_cast<Index>(opposite.size()),
                       costs.width);
  };
  costs.user_method = method(user_sizes, item_sizes);
  costs.item_method = method(item_sizes, user_sizes);
  work.users = side_work(user_sizes, costs.objective, costs.user_method, costs.width);
  work.items = side_work(item_sizes, costs.objective, costs.item_method, costs.width);
  return work;
}

MachineRatio measure_machine(const AlsCosts& costs, std::span<const Index> user_sizes,
                             std::span<const Index> item_sizes, double seconds) {
  if (seconds == 0) return {};
  const auto ratio = [&](const SolverPlan& method, std::span<const Index> opposite, std::span<const Index> sizes) {
    return kernels::measure_rate_ratio(method, costs.objective, costs.width, static_cast<Index>(opposite.size()), sizes,
                                       seconds / 4);
  };
  return {ratio(costs.user_method, item_sizes, user_sizes), ratio(costs.item_method, user_sizes, item_sizes)};
}

}  // namespace rankwise
