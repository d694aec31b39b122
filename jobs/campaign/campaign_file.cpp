#include "jobs/campaign/campaign_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <functional>
#include <map>
#include <system_error>

#include "io/conditions/condition_text.hpp"
#include "io/config/config_file.hpp"
#include "io/text/time_text.hpp"
#include "kernels/base/error.hpp"
#include "kernels/base/time_units.hpp"
#include "kernels/campaign/offer_value.hpp"
#include "kernels/process/small_file.hpp"
#include "kernels/text/nearest_name.hpp"
#include "kernels/text/number_text.hpp"
#include "kernels/text/shown_text.hpp"
#include "kernels/text/units.hpp"
#include "kernels/text/utf8.hpp"

namespace rankwise {

namespace {

constexpr Index most_offers = 1000;
constexpr std::string_view offer_mark = "offer ";

[[noreturn]] void expect(const std::string& what) {
  throw Error(ExitCode::usage, "expected " + what);
}

/// Money from 0 on.
std::int64_t money_of(const std::string& text) {
  const std::optional<double> number = finite_number(text);
  constexpr double most = static_cast<double>(most_value_millionths) / static_cast<double>(millionths);
  if (number && *number >= 0 && *number <= most) return std::llrint(*number * static_cast<double>(millionths));
  expect(fmt::format("an amount of money from 0 to {}", most));
}

/// "10%", or "0.1".
std::int64_t share_of(const std::string& text) {
  std::string_view number = text;
  const bool is_percent = number.ends_with('%');
  if (is_percent) number.remove_suffix(1);
  const std::optional<double> share = finite_number(trimmed(number));
  const double most = is_percent ? 90 : 0.9;
  if (share && *share >= 0 && *share <= most)
    return std::llrint(*share * static_cast<double>(is_percent ? millionths / 100 : millionths));
  expect("a share from 0% to 90%, as in 10% or 0.1");
}

Index count_of(const std::string& text, Index least) {
  constexpr Index most = 1'000'000'000'000;
  if (const auto number = whole_number<Index>(text, least, most)) return *number;
  expect(fmt::format("a whole number from {} to {}", least, most));
}

std::int64_t duration_of(const std::string& text) {
  constexpr double most_seconds = 3650.0 * seconds_per_day;
  const double seconds = parse_duration(text).value_or(0);
  if (seconds >= 1 && seconds <= most_seconds && seconds == std::floor(seconds))
    return static_cast<std::int64_t>(seconds);
  expect("a duration of whole seconds, at most 3650d, as in 28d");
}

std::int64_t moment_of(const std::string& text) {
  try {
    return TimeReader(TimeForm::by_look, "").read(text);
  } catch (const Error&) {
    expect("a date or time (UTC), as in 2024-10-01 or 2024-10-01 08:00:00");
  }
}

CampaignGoal goal_of(const std::string& text) {
  for (const CampaignGoal goal :
       {CampaignGoal::revenue, CampaignGoal::margin, CampaignGoal::orders, CampaignGoal::buyers}) {
    if (text == goal_word(goal)) return goal;
  }
  expect("one of revenue, margin, orders, buyers");
}

std::vector<std::string> parts_of(const std::string& text) {
  std::vector<std::string> parts;
  for (std::string_view rest = text;;) {
    const std::size_t comma = rest.find(',');
    parts.emplace_back(trimmed(rest.substr(0, comma)));
    if (parts.back().empty()) expect("values with a comma between two of them");
    if (std::find(parts.begin(), parts.end() - 1, parts.back()) != parts.end() - 1) expect("each value once");
    if (comma == std::string_view::npos) return parts;
    rest.remove_prefix(comma + 1);
  }
}

void take_strata(const std::string& text, CampaignSettings& settings) {
  for (const std::string& part : parts_of(text)) {
    if (part != "segment" && part != "value") expect("segment, value, or both with a comma");
    (part == "segment" ? settings.strata_by_segment : settings.strata_by_value) = true;
  }
}

std::string checked_name(const std::string& text) {
  constexpr std::size_t most_bytes = 200;
  if (text.empty() || text.size() > most_bytes || !is_utf8(text) || text.find('\0') != std::string::npos)
    expect(fmt::format("a name of 1 to {} bytes", most_bytes));
  return text;
}

OfferProbability probability_of(const std::string& text) {
  const std::optional<double> number = finite_number(text);
  if (!number) return {.column = checked_name(text)};
  if (*number < 0 || *number > 1) expect("a number from 0 to 1, or the name of a column");
  return {.column = {}, .constant_millionths = static_cast<std::int32_t>(std::lrint(*number * 1e6))};
}

using Takers = std::map<std::string, std::function<void(const std::string&)>, std::less<>>;

Takers campaign_takers(CampaignSettings& settings) {
  CampaignTerms& terms = settings.terms;
  return {
      {"name", [&](const auto& text) { terms.campaign = checked_name(text); }},
      {"goal", [&](const auto& text) { terms.goal = goal_of(text); }},
      {"horizon", [&](const auto& text) { terms.horizon_seconds = duration_of(text); }},
      {"start", [&](const auto& text) { terms.start_microseconds = moment_of(text); }},
      {"segments", [&](const auto& text) { settings.segments = parts_of(text); }},
      {"where",
       [&](const auto& text) {
         static_cast<void>(parse_condition("where", text));
         settings.condition = text;
       }},
      {"offers-per-customer",
       [&](const auto& text) { settings.offers_per_customer = std::min(count_of(text, 1), most_offers); }},
      {"offers-per-category", [&](const auto& text) { settings.offers_per_category = count_of(text, 1); }},
      {"budget", [&](const auto& text) { settings.budget_millionths = money_of(text); }},
      {"hold-out", [&](const auto& text) { terms.hold_out_millionths = share_of(text); }},
      {"global-hold-out", [&](const auto& text) { terms.global_hold_out_millionths = share_of(text); }},
      {"strata", [&](const auto& text) { take_strata(text, settings); }},
      {"contacts-within", [&](const auto& text) { settings.contacts_within_seconds = duration_of(text); }},
      {"contacts-limit", [&](const auto& text) { settings.contacts_limit = count_of(text, 1); }},
  };
}

/// An offer is the last one of `settings`.
Takers offer_takers(CampaignSettings& settings) {
  CampaignOffers& offers = settings.offers;
  return {
      {"cost", [&](const auto& text) { offers.cost_millionths.back() = money_of(text); }},
      {"margin", [&](const auto& text) { offers.margin_millionths.back() = money_of(text); }},
      {"probability", [&](const auto& text) { settings.probabilities.back() = probability_of(text); }},
      {"capacity", [&](const auto& text) { offers.capacity.back() = count_of(text, 0); }},
      {"category", [&](const auto& text) { offers.categories.back() = checked_name(text); }},
      {"channel", [&](const auto& text) { offers.channels.back() = checked_name(text); }},
  };
}

/// Calls the taker of each entry. Throws Error(usage) with the place.
void take_entries(const ConfigSection& section, const Takers& takers, std::initializer_list<const char*> required,
                  const std::string& file_name) {
  std::vector<std::string> names;
  for (const auto& [name, taker] : takers) names.push_back(name);
  for (const ConfigEntry& entry : section.entries) {
    const auto taker = takers.find(entry.name);
    if (taker == takers.end()) {
      throw Error(ExitCode::usage, fmt::format("{}:{}: [{}] has no option {}{}", file_name, entry.line, section.name,
                                               shown(entry.name), nearest_hint(entry.name, names, "")));
    }
    try {
      taker->second(entry.value);
    } catch (const Error& error) {
      throw Error(ExitCode::usage, fmt::format("{}:{}: [{}] {} = {}: {}", file_name, entry.line, section.name,
                                               entry.name, entry.value, error.what()));
    }
  }
  for (const char* const name : required) {
    if (std::ranges::find(section.entries, name, &ConfigEntry::name) != section.entries.end()) continue;
    throw Error(ExitCode::usage,
                fmt::format("{}:{}: [{}] has no {}; expected one", file_name, section.line, section.name, name));
  }
}

void read_offer(const ConfigSection& section, const std::string& file_name, CampaignSettings& settings) {
  CampaignOffers& offers = settings.offers;
  offers.names.emplace_back(trimmed(std::string_view(section.name).substr(offer_mark.size())));
  offers.categories.emplace_back();
  offers.channels.emplace_back();
  offers.cost_millionths.push_back(0);
  offers.margin_millionths.push_back(0);
  offers.capacity.push_back(CampaignOffers::unlimited);
  settings.probabilities.emplace_back();
  if (offers.names.back().empty() || std::ranges::count(offers.names, offers.names.back()) > 1) {
    throw Error(ExitCode::usage, fmt::format("{}:{}: [{}]: expected a name that no other offer has", file_name,
                                             section.line, section.name));
  }
  take_entries(section, offer_takers(settings), {"margin", "probability"}, file_name);
}

/// What one entry alone cannot say. Throws Error(usage).
void require_sense(const CampaignSettings& settings, const std::string& file_name) {
  const auto refuse = [&](const std::string& reason) {
    throw Error(ExitCode::usage, fmt::format("{}: {}", file_name, reason));
  };
  if (settings.terms.campaign.empty()) refuse("expected a section [campaign]");
  if (settings.offers.size() == 0) refuse("has no offer; expected a section such as [offer toys-10]");
  if (static_cast<Index>(settings.offers.size()) > most_offers)
    refuse(fmt::format("has {} offers; expected at most {}", settings.offers.size(), most_offers));
  if ((settings.contacts_limit > 0) != (settings.contacts_within_seconds > 0))
    refuse("contacts-limit and contacts-within have a meaning only together");
}

std::string settings_text(const std::vector<ConfigSection>& sections) {
  std::vector<std::string> lines;
  for (const ConfigSection& section : sections) {
    for (const ConfigEntry& entry : section.entries)
      lines.push_back(fmt::format("[{}] {} = {}", section.name, entry.name, entry.value));
  }
  std::ranges::sort(lines);
  return fmt::format("{}\n", fmt::join(lines, "\n"));
}

}  // namespace

CampaignSettings parse_campaign(std::string_view text, const std::string& file_name) {
  CampaignSettings settings;
  const std::vector<ConfigSection> sections =
      parse_config_sections(text, file_name, [](const auto& /*section*/, const auto& /*option*/) { return false; });
  for (const ConfigSection& section : sections) {
    if (section.name == "campaign") {
      take_entries(section, campaign_takers(settings), {"name", "horizon", "start", "hold-out"}, file_name);
    } else if (section.name.starts_with(offer_mark)) {
      read_offer(section, file_name, settings);
    } else {
      throw Error(ExitCode::usage, fmt::format("{}:{}: [{}] is unknown; expected [campaign] and [offer NAME]",
                                               file_name, section.line, section.name));
    }
  }
  require_sense(settings, file_name);
  settings.terms.settings = settings_text(sections);
  return settings;
}

CampaignSettings read_campaign(const Communicator& comm, const std::string& path) {
  std::string text = agree_on(comm, [&] {
    if (!comm.is_root()) return std::string();
    std::optional<std::string> content = whole_file(path);
    if (content) return std::move(*content);
    throw Error(ExitCode::no_input, fmt::format("{}: cannot read this file of a campaign: {}", path,
                                                std::generic_category().message(errno)));
  });
  comm.broadcast(text);
  return agree_on(comm, [&] { return parse_campaign(text, path); });
}

}  // namespace rankwise
