#include "io/probability/probability_file.hpp"

#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <fmt/format.h>
#include <limits>
#include <nlohmann/json.hpp>

#include "io/config/json_fields.hpp"
#include "io/config/json_text.hpp"
#include "io/config/recorded_value.hpp"
#include "io/probability/reliability_json.hpp"
#include "kernels/base/error.hpp"
#include "kernels/process/small_file.hpp"

namespace rankwise {

namespace {

using Json = nlohmann::ordered_json;

constexpr int format_version = 1;
constexpr const char* file_kind = "probabilities";
constexpr Index most = std::numeric_limits<Index>::max();
constexpr std::size_t most_bands = 100;
constexpr std::size_t most_steps = score_bins;

/// What comes before the bands.
template <class Fields, class File>
void list_beginning(Fields& fields, File& file) {
  fields.text("version", file.version);
  fields.text("configuration", file.configuration);
  fields.text("data", file.data_file);
  fields.text("model", file.model_file);
  fields.whole("top", file.top, 1, most);
  fields.whole("users", file.users, 0, most);
}

template <class Fields, class Of>
void list_outcomes(Fields& fields, Of& outcomes) {
  fields.whole("pairs", outcomes.events, 0, most);
  fields.whole("bought", outcomes.successes, 0, most);
}

Json json_of(const PopularityBand& band) {
  Json json{{"name", band.name}, {"least_entries", band.least_entries}, {"steps", Json::array()}};
  for (const ProbabilityStep& step : band.steps) {
    Json& added = json["steps"].emplace_back(Json{{"from_score", static_cast<double>(step.from)}});
    FieldWriter fields(added);
    list_outcomes(fields, step.outcomes);
    added["probability"] = step.outcomes.rate();
  }
  return json;
}

Json json_of(const std::optional<Reliability>& reliability) {
  return reliability ? reliability_json(*reliability) : Json(nullptr);
}

/// As text, since a number of 64 bits is more than JavaScript can hold.
std::uint64_t digest_of(const RecordedValue& json) {
  const std::string text = json.text();
  std::uint64_t digest = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), digest, 16);
  if (text.size() != 16 || error != std::errc() || end != text.data() + text.size())
    json.refuse("16 hexadecimal digits");
  return digest;
}

ProbabilityStep step_of(const RecordedValue& json) {
  constexpr double largest = std::numeric_limits<float>::max();
  ProbabilityStep step;
  const double from = json.at("from_score").number(-largest, largest);
  step.from = static_cast<float>(from);
  if (static_cast<double>(step.from) != from) json.at("from_score").refuse("a number of 32-bit floating point");
  FieldReader fields(json);
  list_outcomes(fields, step.outcomes);
  if (step.outcomes.events == 0) json.at("pairs").refuse("at least 1");
  if (step.outcomes.successes > step.outcomes.events) json.at("bought").refuse("at most as many as pairs");
  return step;
}

PopularityBand band_of(const RecordedValue& json) {
  PopularityBand band;
  band.name = json.at("name").text();
  band.least_entries = json.at("least_entries").whole(0, most);
  const auto steps = json.at("steps").elements();
  if (steps.size() > most_steps) json.at("steps").refuse(fmt::format("at most {} steps", most_steps));
  for (const RecordedValue& each : steps) {
    const ProbabilityStep step = step_of(each);
    if (!band.steps.empty()) {
      const ProbabilityStep& before = band.steps.back();
      if (step.from <= before.from) each.at("from_score").refuse("a score above that of the step before");
      if (step.outcomes.rate() < before.outcomes.rate()) each.refuse("a share no lower than that of the step before");
    }
    band.steps.push_back(step);
  }
  return band;
}

ProbabilityMap map_of(const RecordedValue& json) {
  ProbabilityMap map;
  const auto bands = json.elements();
  if (bands.empty() || bands.size() > most_bands) json.refuse(fmt::format("1 to {} bands", most_bands));
  for (const RecordedValue& each : bands) {
    PopularityBand band = band_of(each);
    if (!map.bands.empty() && band.least_entries > map.bands.back().least_entries)
      each.at("least_entries").refuse("no more than in the band before");
    map.bands.push_back(std::move(band));
  }
  if (map.bands.back().least_entries != 0) bands.back().at("least_entries").refuse("0 in the last band");
  return map;
}

}  // namespace

std::string probability_json(const ProbabilityFile& file) {
  Json json{{"format", format_version}, {"kind", file_kind}};
  FieldWriter fields(json);
  list_beginning(fields, file);
  json["data_digest"] = fmt::format("{:016x}", file.data_digest);
  json["model_digest"] = fmt::format("{:016x}", file.model_digest);
  json["within_seconds"] = file.within_seconds ? Json(*file.within_seconds) : Json(nullptr);
  json["bands"] = Json::array();
  for (const PopularityBand& band : file.map.bands) json["bands"].push_back(json_of(band));
  json["reliability"] = {{"validation", json_of(file.fitted)},
                         {"heldout", json_of(file.checked)},
                         {"heldout_of_scores", json_of(file.of_scores)}};
  return json_text(json, 1) + "\n";
}

ProbabilityFile parse_probabilities(const std::string& text, const std::string& path) {
  const RecordedValue json = RecordedValue::parse(text, path);
  if (json.at("kind").text() != file_kind) json.at("kind").refuse(file_kind);
  (void)json.at("format").whole(format_version, format_version);
  ProbabilityFile file;
  FieldReader fields(json);
  list_beginning(fields, file);
  file.data_digest = digest_of(json.at("data_digest"));
  file.model_digest = digest_of(json.at("model_digest"));
  constexpr std::int64_t longest_seconds = std::int64_t{1} << 40;
  if (const auto within = json.find("within_seconds"); within && !std::isnan(within->number_or_nan()))
    file.within_seconds = within->whole(1, longest_seconds);
  file.map = map_of(json.at("bands"));
  return file;
}

ProbabilityFile read_probabilities(const std::string& path) {
  const std::optional<std::string> text = whole_file(path);
  if (!text) throw Error(ExitCode::no_input, fmt::format("{}: {}", path, std::strerror(errno)));
  return parse_probabilities(*text, path);
}

}  // namespace rankwise
