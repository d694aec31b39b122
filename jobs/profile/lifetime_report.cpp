#include "jobs/profile/lifetime_report.hpp"

#include <array>
#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

#include "io/config/json_text.hpp"
#include "io/page/bar_plot.hpp"
#include "kernels/text/counted.hpp"

namespace rankwise {

namespace {

using Json = nlohmann::ordered_json;

struct Parameter {
  std::string_view name;
  double value = 0;
  double error = 0;
};

std::vector<Parameter> parameters_of(const BgNbdFit& fit) {
  const BgNbd& p = fit.parameters;
  const BgNbd& e = fit.standard_errors;
  return {{"r", p.r, e.r}, {"alpha", p.alpha, e.alpha}, {"a", p.a, e.a}, {"b", p.b, e.b}};
}

std::vector<Parameter> parameters_of(const GammaGammaFit& fit) {
  const GammaGamma& p = fit.parameters;
  const GammaGamma& e = fit.standard_errors;
  return {{"p", p.p, e.p}, {"q", p.q, e.q}, {"v", p.v, e.v}};
}

enum class Limit { none, zero, unbounded };

Limit limit_of(double parameter) {
  if (std::abs(std::log(parameter)) < border_of_logarithms - 1e-6) return Limit::none;
  return parameter < 1 ? Limit::zero : Limit::unbounded;
}

/// "a goes to 0, b goes beyond all bounds", of those at the border.
std::string limits_of(const std::vector<Parameter>& parameters) {
  std::vector<std::string> limits;
  for (const Parameter& each : parameters) {
    const Limit limit = limit_of(each.value);
    if (limit == Limit::none) continue;
    limits.push_back(fmt::format("{} goes {}", each.name, limit == Limit::zero ? "to 0" : "beyond all bounds"));
  }
  return fmt::format("{}", fmt::join(limits, ", "));
}

/// After a purchase a customer leaves with a chance that has the mean a / (a + b), and varies less the larger both are.
std::string_view leaving_at(Limit a, Limit b) {
  if (a == Limit::none && b == Limit::none) return {};
  if (a == Limit::unbounded && b == Limit::unbounded) return "all customers are as likely to leave after a purchase";
  if (a == Limit::zero && b == Limit::zero) return "customers leave after their first repeat purchase, or never";
  if (a == Limit::zero || b == Limit::unbounded) return "no customer leaves";
  return "all customers leave after their first repeat purchase";
}

/// Rates of purchases have the mean r / alpha, and vary less the larger both are.
std::string_view buying_at(Limit r, Limit alpha) {
  if (r == Limit::none && alpha == Limit::none) return {};
  if (r == Limit::unbounded && alpha == Limit::unbounded) return "all customers buy equally often";
  if (r == Limit::zero && alpha == Limit::zero) return "few customers make nearly all repeat purchases";
  if (r == Limit::zero || alpha == Limit::unbounded) return "no customer buys again";
  return "customers buy without end";
}

/// What forecasts at the border take for granted.
std::string meaning_of(const BgNbd& at) {
  std::vector<std::string_view> meanings;
  for (const std::string_view each :
       {leaving_at(limit_of(at.a), limit_of(at.b)), buying_at(limit_of(at.r), limit_of(at.alpha))}) {
    if (!each.empty()) meanings.push_back(each);
  }
  return fmt::format("{}", fmt::join(meanings, ", and "));
}

/// Values vary less about a customer's mean the larger p is, and these means less the larger q is.
std::string meaning_of(const GammaGamma& at) {
  std::vector<std::string_view> meanings;
  if (limit_of(at.p) == Limit::unbounded) meanings.emplace_back("all purchases of a customer have the same value");
  if (limit_of(at.q) == Limit::unbounded) meanings.emplace_back("all customers have the same mean value");
  if (meanings.empty()) meanings.emplace_back("values differ more than the model can describe");
  return fmt::format("{}", fmt::join(meanings, ", and "));
}

template <class Fit>
std::string advice_for(const Fit& fit) {
  switch (fit.state) {
    case FitState::too_few:
      return fmt::format("fewer than {} customers bought again, so there are no forecasts", least_repeaters);
    case FitState::flat:
      return "many other parameters are about as likely; forecasts of single customers may be far off";
    case FitState::at_border:
      return fmt::format("the likelihood rises as {}: forecasts are those of this limit, as if {}",
                         limits_of(parameters_of(fit)), meaning_of(fit.parameters));
    case FitState::no_convergence:
      return "the search did not end; there are no forecasts";
    case FitState::converged:
      break;
  }
  return {};
}

template <class Fit>
std::string fit_text(std::string_view name, const Fit& fit, const PrintedCount& customers, std::string_view units) {
  std::string text =
      fmt::format("{}, {} customers: {}", name, number_text(customers, fit.customers), fit_state_name(fit.state));
  if (!is_usable(fit.state)) return text + "\n";
  text += fmt::format(", log likelihood {:.4f}{}\n{:>10} {:>14} {:>14}\n", fit.log_likelihood, units, "parameter",
                      "value", "std. error");
  for (const Parameter& each : parameters_of(fit))
    text += fmt::format("{:>10} {:>14.6g} {:>14}\n", each.name, each.value,
                        std::isnan(each.error) ? "-" : fmt::format("{:.3g}", each.error));
  return text;
}

/// Groups from so many repeats on; those of fewer than ten customers are with the group below.
struct ShownGroup {
  std::size_t first = 0;
  std::size_t last = 0;
  CalibrationGroup sums;
};

void add_group(CalibrationGroup& sums, const CalibrationGroup& more) {
  if (more.customers == 0) return;
  const auto before = static_cast<double>(sums.customers);
  const auto added = static_cast<double>(more.customers);
  const auto mean = [&](double a, double b) { return before == 0 ? b : (a * before + b * added) / (before + added); };
  sums.predicted = mean(sums.predicted, more.predicted);
  sums.actual = mean(sums.actual, more.actual);
  sums.customers += more.customers;
}

std::vector<ShownGroup> shown_groups(const HoldoutCalibration& calibration) {
  std::vector<ShownGroup> shown;
  ShownGroup open{calibration_groups, calibration_groups - 1, {}};
  for (std::size_t group = calibration_groups; group-- > 0;) {
    add_group(open.sums, calibration.groups[group]);
    open.first = group;
    if (open.sums.customers < least_printed) continue;
    shown.insert(shown.begin(), open);
    open = {group, group - 1, {}};
  }
  if (open.sums.customers > 0 && !shown.empty()) {  // the lowest ones are too few by themselves
    add_group(shown.front().sums, open.sums);
    shown.front().first = 0;
  }
  return shown;
}

std::string group_name(const ShownGroup& group) {
  if (group.last == calibration_groups - 1) return fmt::format("{}+", group.first);
  return group.first == group.last ? fmt::format("{}", group.first) : fmt::format("{}-{}", group.first, group.last);
}

std::string calibration_text(const HoldoutCalibration& calibration, const PrintedCounts& printed) {
  std::string text = fmt::format("{:>10} {:>12} {:>12} {:>12}   purchases after --calibrate-at, mean\n", "repeats",
                                 "customers", "predicted", "actual");
  const auto line = [&](const std::string& name, const CalibrationGroup& group) {
    text += fmt::format("{:>10} {:>12} {:>12.4f} {:>12.4f}\n", name,
                        printed.has_calibration_counts ? fmt::format("{}", group.customers) : std::string("-"),
                        group.predicted, group.actual);
  };
  const std::vector<ShownGroup> groups = shown_groups(calibration);
  for (const ShownGroup& group : groups) line(group_name(group), group.sums);
  if (calibration.all.customers >= least_printed) line("all", calibration.all);
  return text;
}

template <class Fit>
Json fit_json(const Fit& fit, const PrintedCount& customers) {
  Json json{{"state", fit_state_name(fit.state)}, {"customers", count_json(customers)}};
  if (!is_usable(fit.state)) return json;
  json["log_likelihood"] = number_or_null(fit.log_likelihood);
  json["steps"] = fit.steps;
  for (const Parameter& each : parameters_of(fit)) {
    json["parameters"][std::string(each.name)] = {{"value", number_or_null(each.value)},
                                                  {"standard_error", number_or_null(each.error)}};
  }
  return json;
}

Json models_json(const LifetimeModels& models, const PrintedModel& printed) {
  Json purchases = fit_json(models.purchases, printed.customers);
  purchases["repeaters"] = count_json(printed.repeaters);
  purchases["cells"] = models.cells;
  Json values = fit_json(models.values, printed.with_value);
  values["correlation"] = number_or_null(models.values.correlation);
  values["without_value"] = count_json(printed.without_value);
  const std::optional<double> mean = models.values.parameters.mean();
  if (is_usable(models.values.state)) values["mean_value"] = mean ? number_or_null(*mean) : Json(nullptr);
  return {{"time_unit", "week"}, {"bg_nbd", std::move(purchases)}, {"gamma_gamma", std::move(values)}};
}

Json calibration_json(const HoldoutCalibration& calibration, const PrintedCounts& printed) {
  const auto customers_of = [&](const CalibrationGroup& group) {
    return printed.has_calibration_counts ? Json(group.customers) : Json(nullptr);
  };
  Json groups = Json::array();
  for (const ShownGroup& group : shown_groups(calibration)) {
    groups.push_back({{"repeats", group_name(group)},
                      {"customers", customers_of(group.sums)},
                      {"predicted", number_or_null(group.sums.predicted)},
                      {"actual", number_or_null(group.sums.actual)}});
  }
  return {{"groups", std::move(groups)},
          {"customers", customers_of(calibration.all)},
          {"predicted", number_or_null(calibration.all.predicted)},
          {"actual", number_or_null(calibration.all.actual)},
          {"mean_absolute_error", number_or_null(calibration.model_error)},
          {"mean_absolute_error_as_before", number_or_null(calibration.baseline_error)},
          {"worse_than_baseline", calibration.model_error > calibration.baseline_error}};
}

void add_doubts(const LifetimeModels& models, std::string_view when, std::vector<std::string>& doubts) {
  if (models.purchases.state != FitState::converged)
    doubts.push_back(
        fmt::format("BG/NBD{}: {}: {}", when, fit_state_name(models.purchases.state), advice_for(models.purchases)));
}

void add_value_doubts(const LifetimeModels& models, const PrintedModel& printed, std::vector<std::string>& doubts) {
  const GammaGammaFit& values = models.values;
  if (values.state != FitState::converged) {
    doubts.push_back(
        fmt::format("Gamma-Gamma: {}: {}", fit_state_name(values.state),
                    values.state == FitState::too_few
                        ? fmt::format("fewer than {} customers bought again for some value, so there are no values",
                                      least_repeaters)
                        : advice_for(values)));
  }
  if (std::abs(values.correlation) > greatest_correlation) {
    doubts.push_back(
        fmt::format("Gamma-Gamma: the number of repeat purchases and their mean value have a correlation of "
                    "{:.3f}; the model takes for granted that it is near 0",
                    values.correlation));
  }
  if (is_usable(values.state) && !values.parameters.mean()) {
    doubts.push_back(
        fmt::format("Gamma-Gamma: q is {:.4g}, not above 1, so that the mean value of customers has no bound: "
                    "those without repeats have no value",
                    values.parameters.q));
  }
  if (models.without_value > 0) {
    doubts.push_back(
        fmt::format("{} customers with repeat purchases of value 0 or less: Gamma-Gamma does not know them, and they "
                    "have the mean value of all",
                    number_text(printed.without_value, models.without_value)));
  }
}

}  // namespace

std::vector<std::string> doubts_about(const CustomerValue& value, const PrintedCounts& printed) {
  std::vector<std::string> doubts;
  add_doubts(value.models, "", doubts);
  add_value_doubts(value.models, printed.model, doubts);
  if (value.models_then) add_doubts(*value.models_then, " until --calibrate-at", doubts);
  if (!value.calibration) return doubts;
  const HoldoutCalibration& calibration = *value.calibration;
  if (calibration.model_error > calibration.baseline_error) {
    doubts.push_back(fmt::format(
        "after --calibrate-at BG/NBD is off by {:.4f} purchases a customer, more than who predicts that each "
        "buys as often as before ({:.4f})",
        calibration.model_error, calibration.baseline_error));
  }
  return doubts;
}

std::string lifetime_table(const CustomerValue& value, const PrintedCounts& printed) {
  std::string text = fit_text("BG/NBD", value.models.purchases, printed.model.customers, " (time in weeks)");
  text += fit_text("Gamma-Gamma", value.models.values, printed.model.with_value, "");
  if (const std::optional<double> mean = value.models.values.parameters.mean();
      mean && is_usable(value.models.values.state)) {
    text += fmt::format("{:>10} {:>14.6g}   of a purchase, over customers; correlation with repeats {:.4f}\n", "mean",
                        *mean, value.models.values.correlation);
  }
  if (value.calibration) text += calibration_text(*value.calibration, printed);
  return text;
}

std::string calibration_picture(const CustomerValue& value) {
  if (!value.calibration) return {};
  std::vector<BarPair> bars;
  for (const ShownGroup& group : shown_groups(*value.calibration))
    bars.push_back({group_name(group), group.sums.predicted, group.sums.actual});
  if (bars.empty()) return {};
  return bar_plot("Purchases after the day of --calibrate-at", "repeats until that day",
                  "days with a purchase, mean over customers", bars);
}

Json lifetime_json(const CustomerValue& value, const PrintedCounts& printed, const ProfileOptions& options) {
  Json json = models_json(value.models, printed.model);
  json["horizon_days"] = options.forecast().horizon_days;
  json["discount_per_year"] = options.forecast().discount_per_year;
  if (value.models_then) json["until_calibrate_at"] = models_json(*value.models_then, printed.model_then);
  if (value.calibration) json["calibration"] = calibration_json(*value.calibration, printed);
  json["doubts"] = doubts_about(value, printed);
  return json;
}

void tell_lifetime(Report& report, const CustomerValue& value, const PrintedCounts& printed) {
  const BgNbdFit& purchases = value.models.purchases;
  report.event("bg_nbd", {{"state", std::string(fit_state_name(purchases.state))},
                          {"customers", count_field(printed.model.customers)},
                          {"repeaters", count_field(printed.model.repeaters)},
                          {"cells", value.models.cells},
                          {"log_likelihood", purchases.log_likelihood},
                          {"r", purchases.parameters.r},
                          {"alpha", purchases.parameters.alpha},
                          {"a", purchases.parameters.a},
                          {"b", purchases.parameters.b}});
  const GammaGammaFit& values = value.models.values;
  report.event("gamma_gamma", {{"state", std::string(fit_state_name(values.state))},
                               {"customers", count_field(printed.model.with_value)},
                               {"log_likelihood", values.log_likelihood},
                               {"p", values.parameters.p},
                               {"q", values.parameters.q},
                               {"v", values.parameters.v},
                               {"correlation", values.correlation}});
  if (!value.calibration) return;
  const PrintedCount customers =
      printed.has_calibration_counts ? PrintedCount(value.calibration->all.customers) : std::nullopt;
  report.event("lifetime_calibrated", {{"customers", count_field(customers)},
                                       {"predicted", value.calibration->all.predicted},
                                       {"actual", value.calibration->all.actual},
                                       {"mean_absolute_error", value.calibration->model_error},
                                       {"mean_absolute_error_as_before", value.calibration->baseline_error}});
}

}  // namespace rankwise
