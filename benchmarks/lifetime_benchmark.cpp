// Lifetime value of very many customers on one core: lifetime_benchmark [MILLIONS_OF_SINGLE MILLIONS_OF_GROUPED].
// First customers in continuous time, each a history of its own: are the parameters that they were drawn from found
// again? Then customers by whole days, which are grouped: how long do both fits and all forecasts take?

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <random>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "kernels/lifetime/bg_nbd.hpp"
#include "kernels/lifetime/expected_purchases.hpp"
#include "kernels/lifetime/gamma_gamma.hpp"

namespace {

using namespace rankwise;

constexpr BgNbd purchase_truth{0.6, 8, 0.8, 2.5};
constexpr GammaGamma value_truth{6, 4, 15};
constexpr double weeks_observed = 104;

/// Seconds of the processor: the benchmark has one thread, and the machine may have other work.
class Stopwatch {
 public:
  [[nodiscard]] double seconds() const {
    return static_cast<double>(std::clock() - begin_) / static_cast<double>(CLOCKS_PER_SEC);
  }

 private:
  std::clock_t begin_ = std::clock();
};

/// A customer's purchases by the model's own story; times in weeks.
PurchaseHistory drawn_history(std::mt19937_64& random) {
  std::uniform_real_distribution<double> entry(0, weeks_observed - 26);
  const double rate = std::gamma_distribution<double>(purchase_truth.r, 1 / purchase_truth.alpha)(random);
  const double a = std::gamma_distribution<double>(purchase_truth.a)(random);
  const double b = std::gamma_distribution<double>(purchase_truth.b)(random);
  PurchaseHistory history{0, 0, weeks_observed - entry(random)};
  std::exponential_distribution<double> gap(rate);
  std::bernoulli_distribution leaves(a / (a + b));
  for (double time = gap(random); time < history.observed_time; time += gap(random)) {
    ++history.repeats;
    history.last_time = time;
    if (leaves(random)) break;
  }
  return history;
}

double drawn_total(int repeats, std::mt19937_64& random) {
  const double rate = std::gamma_distribution<double>(value_truth.q, 1 / value_truth.v)(random);
  return std::gamma_distribution<double>(value_truth.p * repeats, 1 / rate)(random);
}

void show(const char* name, double truth, double value, double error) {
  std::printf("  %-6s %10.6f   drawn from %8.4f, standard error %.2e, off by %+.2f of them\n", name, value, truth,
              error, (value - truth) / error);
}

void show(const BgNbdFit& fit, double seconds) {
  std::printf("  BG/NBD: %s, %d steps, %.2f s\n", std::string(fit_state_name(fit.state)).c_str(), fit.steps, seconds);
  show("r", purchase_truth.r, fit.parameters.r, fit.standard_errors.r);
  show("alpha", purchase_truth.alpha, fit.parameters.alpha, fit.standard_errors.alpha);
  show("a", purchase_truth.a, fit.parameters.a, fit.standard_errors.a);
  show("b", purchase_truth.b, fit.parameters.b, fit.standard_errors.b);
}

void show(const GammaGammaFit& fit, double seconds) {
  std::printf("  Gamma-Gamma: %s, %d steps, %.2f s\n", std::string(fit_state_name(fit.state)).c_str(), fit.steps,
              seconds);
  show("p", value_truth.p, fit.parameters.p, fit.standard_errors.p);
  show("q", value_truth.q, fit.parameters.q, fit.standard_errors.q);
  show("v", value_truth.v, fit.parameters.v, fit.standard_errors.v);
}

void fit_single(std::int64_t customers) {
  std::mt19937_64 random(1);
  std::vector<PurchaseCell> purchases;
  std::vector<SpendCell> values;
  for (std::int64_t customer = 0; customer < customers; ++customer) {
    purchases.push_back({drawn_history(random), 1});
    const std::int32_t repeats = purchases.back().history.repeats;
    if (repeats > 0) values.push_back({repeats, drawn_total(repeats, random), 1});
  }
  std::printf("%ld customers, each a history of its own\n", static_cast<long>(customers));
  const Stopwatch sorting;
  std::ranges::sort(purchases, {}, [](const PurchaseCell& cell) { return cell.history.repeats; });
  std::ranges::sort(values, {}, &SpendCell::repeats);
  std::printf("  sorted in %.2f s\n", sorting.seconds());
  const Stopwatch fitting;
  const BgNbdFit fit = fit_bg_nbd(purchases);
  show(fit, fitting.seconds());
  const Stopwatch fitting_values;
  const GammaGammaFit value_fit = fit_gamma_gamma(values);
  show(value_fit, fitting_values.seconds());
}

struct Grouped {
  std::vector<PurchaseCell> purchases;
  std::vector<SpendCell> values;
};

/// By whole days and whole tenths of the currency.
Grouped drawn_groups(std::int64_t customers) {
  std::mt19937_64 random(2);
  std::unordered_map<std::uint64_t, Index> purchases;
  std::unordered_map<std::uint64_t, Index> values;
  for (std::int64_t customer = 0; customer < customers; ++customer) {
    const PurchaseHistory drawn = drawn_history(random);
    const auto repeats = static_cast<std::uint64_t>(drawn.repeats);
    const auto last = static_cast<std::uint64_t>(std::lround(drawn.last_time * 7));
    const auto observed = std::max(last, static_cast<std::uint64_t>(std::lround(drawn.observed_time * 7)));
    ++purchases[repeats << 40U | last << 20U | observed];
    if (repeats == 0) continue;
    const double total = drawn_total(drawn.repeats, random);
    ++values[repeats << 40U | static_cast<std::uint64_t>(std::max(1L, std::lround(total * 10)))];
  }
  Grouped grouped;
  constexpr std::uint64_t low = (1U << 20U) - 1;
  for (const auto& [key, count] : purchases) {
    const auto repeats = static_cast<std::int32_t>(key >> 40U);
    grouped.purchases.push_back(
        {{repeats, static_cast<double>(key >> 20U & low) / 7, static_cast<double>(key & low) / 7}, count});
  }
  for (const auto& [key, count] : values) {
    const auto tenths = static_cast<double>(key & ((std::uint64_t{1} << 40U) - 1));
    grouped.values.push_back({static_cast<std::int32_t>(key >> 40U), tenths / 10, count});
  }
  std::ranges::sort(grouped.purchases, {}, &PurchaseCell::history);
  std::ranges::sort(grouped.values, {}, [](const SpendCell& cell) { return std::pair(cell.repeats, cell.total); });
  return grouped;
}

void fit_grouped(std::int64_t customers) {
  const Grouped grouped = drawn_groups(customers);
  std::printf("%ld customers in %zu histories by days and %zu sums of money\n", static_cast<long>(customers),
              grouped.purchases.size(), grouped.values.size());
  const Stopwatch fitting;
  const BgNbdFit fit = fit_bg_nbd(grouped.purchases);
  show(fit, fitting.seconds());
  const Stopwatch fitting_values;
  const GammaGammaFit value_fit = fit_gamma_gamma(grouped.values);
  show(value_fit, fitting_values.seconds());
  const Stopwatch forecasting;
  double sum = 0;
  const Horizon quarter{90.0 / 7, 30.0 / 7, std::log1p(0.1) * 7 / 365};
  for (const PurchaseCell& cell : grouped.purchases) {
    const double purchases = discounted_purchases(fit.parameters, cell.history, quarter);
    sum += static_cast<double>(cell.customers) *
           (purchases + expected_purchases(fit.parameters, cell.history, quarter.duration) +
            probability_alive(fit.parameters, cell.history));
  }
  std::printf("  forecasts of all histories, 90 days: %.2f s (check %.6e)\n", forecasting.seconds(), sum);
}

}  // namespace

int main(int argc, char** argv) {
  constexpr double million = 1e6;
  const double single = argc > 1 ? std::atof(argv[1]) : 10;
  const double grouped = argc > 2 ? std::atof(argv[2]) : 100;
  fit_single(static_cast<std::int64_t>(single * million));
  fit_grouped(static_cast<std::int64_t>(grouped * million));
  return 0;
}
