#include "jobs/cleaning/transforms.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <optional>

#include "distributed/log/input_position.hpp"
#include "kernels/base/error.hpp"
#include "kernels/text/counted.hpp"
#include "kernels/text/number_text.hpp"

namespace rankwise {

namespace {

using Kind = ValueTransform::Kind;
using Mean = ValueTransform::Mean;

std::optional<ValueTransform> clip_between(std::string_view numbers) {
  const auto comma = numbers.find(',');
  if (comma == std::string_view::npos) return std::nullopt;
  const std::optional<double> low = finite_number(numbers.substr(0, comma));
  const std::optional<double> high = finite_number(numbers.substr(comma + 1));
  if (!low || !high || *low > *high) return std::nullopt;
  constexpr double most = std::numeric_limits<float>::max();  // that a dataset holds
  if (std::abs(*low) > most || std::abs(*high) > most) return std::nullopt;
  return ValueTransform{.kind = Kind::clip, .low = *low, .high = *high};
}

std::optional<ValueTransform> rule_of(std::string_view text) {
  constexpr std::string_view binarize = "binarize:";
  constexpr std::string_view clip = "clip:";
  if (text == "log1p") return ValueTransform{.kind = Kind::log1p};
  if (text == "centre:user") return ValueTransform{.kind = Kind::centre, .mean = Mean::of_user};
  if (text == "centre:item") return ValueTransform{.kind = Kind::centre, .mean = Mean::of_item};
  if (text == "centre:global") return ValueTransform{.kind = Kind::centre, .mean = Mean::of_all};
  if (text.starts_with(clip)) return clip_between(text.substr(clip.size()));
  if (!text.starts_with(binarize)) return std::nullopt;
  const std::optional<double> threshold = finite_number(text.substr(binarize.size()));
  return threshold ? std::optional(ValueTransform{.kind = Kind::binarize, .threshold = *threshold}) : std::nullopt;
}

bool is_centre(const GivenTransform& transform) {
  return transform.rule.kind == Kind::centre;
}

std::string note_of(const ValueTransform& rule, const TransformCounts& counts) {
  switch (rule.kind) {
    case Kind::binarize:
      return fmt::format("values above {:g} are 1 now, rows with others are dropped", rule.threshold);
    case Kind::log1p:
      return "value is the natural logarithm of 1 + value";
    case Kind::clip:
      return fmt::format("{} outside {:g} to {:g}", counted(counts.changed, "value"), rule.low, rule.high);
    case Kind::centre:
      break;
  }
  std::string note = "value less the mean of all training rows";
  if (rule.mean != Mean::of_all) {
    const std::string_view whose = rule.mean == Mean::of_user ? "user" : "item";
    note =
        fmt::format("value less the mean of its {}'s training rows, of {}; {} without such a {} have the mean of all",
                    whose, counted(counts.means, whose), counted(counts.rows_without_mean, "row"), whose);
  }
  return fmt::format("{}, {:.6g} of {}", note, counts.mean_of_all, counted(counts.training_rows, "row"));
}

}  // namespace

GivenTransform parse_transform(const std::string& text) {
  const std::optional<ValueTransform> rule = rule_of(text);
  if (rule) return {text, *rule};
  throw Error(ExitCode::usage,
              fmt::format("--transform '{}': expected binarize:T, log1p, centre:user, centre:item, centre:global or "
                          "clip:LOW,HIGH",
                          text));
}

std::span<const GivenTransform> transforms_before_split(const std::vector<GivenTransform>& transforms) {
  return {transforms.begin(), std::ranges::find_if(transforms, is_centre)};
}

std::span<const GivenTransform> transforms_after_split(const std::vector<GivenTransform>& transforms) {
  return {std::ranges::find_if(transforms, is_centre), transforms.end()};
}

void require_sense(const std::vector<GivenTransform>& transforms) {
  for (const auto& [word, rule] : transforms_after_split(transforms)) {
    if (rule.kind != Kind::binarize) continue;
    throw Error(ExitCode::usage,
                fmt::format("--transform {} after centre: it drops rows, and centre needs to know which rows are "
                            "trained on; expected binarize before centre",
                            word));
  }
}

void transform_log(JobContext& context, std::span<const GivenTransform> transforms, const InteractionLog& log,
                   RuleLog& rows, RowAccount& account) {
  for (const auto& [word, rule] : transforms) {
    const TransformCounts counts = transform_values(context.comm, rule, rows);
    if (counts.unfit > 0) {
      throw AgreedError(
          ExitCode::bad_data,
          fmt::format("{}: --transform {}: {} of -1 or less, of which this is the first; expected values "
                      "above -1",
                      log.place(InputPosition(counts.first_unfit)), word, counted(counts.unfit, "value")));
    }
    const std::string note = note_of(rule, counts);
    account.take(fmt::format("{} {}", rule_name(RowRule::transform), word), counts.dropped, counts.changed, note);
    context.report.line(fmt::format("transform {}: {} changed, {} dropped; {}", word, counted(counts.changed, "row"),
                                    counts.dropped, note));
  }
}

}  // namespace rankwise
