#include "jobs/segments/segments_json.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <string_view>

#include "io/config/json_text.hpp"
#include "jobs/segments/sentences.hpp"

namespace rankwise {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t most_reasons = 5;

template <class Value>
Json json_of(const std::optional<Value>& value) {
  return value ? Json(*value) : Json(nullptr);
}

std::string_view kind_word(GroupKind kind) {
  switch (kind) {
    case GroupKind::segment:
      return "segment";
    case GroupKind::no_segment:
      return "no-segment";
    case GroupKind::pool:
      return "pool";
  }
  return "";
}

std::string_view kind_word(AttributeKind kind) {
  switch (kind) {
    case AttributeKind::item:
      return "item";
    case AttributeKind::item_category:
      return "item-category";
    case AttributeKind::category:
      return "customer-category";
    case AttributeKind::number:
      return "customer-number";
  }
  return "";
}

Json json_of(const AttributeLifts& attribute, const LiftCell& cell) {
  return {{"kind", kind_word(attribute.kind)},
          {"attribute", attribute.name},
          {"value", attribute.values[cell.value]},
          {"customers", cell.inside.successes},
          {"share", cell.inside.rate()},
          {"share_elsewhere", cell.outside.rate()},
          {"lift", number_or_null(cell.lift.ratio)},
          {"interval", Json::array({number_or_null(cell.lift.interval.low), number_or_null(cell.lift.interval.high)})},
          {"test", cell.lift.test == ProportionTest::exact ? "fisher" : "z"},
          {"p", cell.lift.p},
          {"p_adjusted", cell.p_adjusted}};
}

/// The strongest lifts of each attribute.
Json lifts_json(const SegmentFindings& findings, std::size_t group) {
  Json lifts = Json::array();
  for (const AttributeLifts& attribute : findings.lifts) {
    std::vector<const LiftCell*> cells;
    for (const LiftCell& cell : attribute.cells) {
      if (cell.group == group) cells.push_back(&cell);
    }
    std::ranges::stable_sort(cells, std::ranges::greater(), [](const LiftCell* cell) { return cell->strength(); });
    cells.resize(std::min(cells.size(), static_cast<std::size_t>(findings.most_lifts)));
    for (const LiftCell* cell : cells) lifts.push_back(json_of(attribute, *cell));
  }
  return lifts;
}

/// Nothing of a group in which too few have the number, and no mean that is as good as the sum of too few.
Json json_of(const NumberSummary& summary, Index least) {
  const auto shown = [&](double value) { return summary.known >= least ? number_or_null(value) : Json(nullptr); };
  const bool is_mean_of_few = summary.contributors < least || summary.is_dominated;
  return {{"lower_quartile", shown(summary.lower_quartile)},
          {"median", shown(summary.median)},
          {"upper_quartile", shown(summary.upper_quartile)},
          {"trimmed_mean", is_mean_of_few ? Json(nullptr) : shown(summary.trimmed_mean)}};
}

Json numbers_json(const SegmentFindings& findings, std::size_t group) {
  Json numbers = Json::array();
  for (const GroupSummaries& column : findings.columns) {
    Json one{{"column", column.name}};
    one.update(json_of(column.of_group[group], findings.least_group));
    numbers.push_back(std::move(one));
  }
  return numbers;
}

Json money_json(const SegmentFindings& findings, std::size_t group) {
  if (findings.money.empty()) return nullptr;
  const auto& own = findings.money[group];
  const auto& all = findings.money.back();
  return {{"sum", json_of(own)},
          {"share", own && all && *all > 0 ? Json(*own / *all) : Json(nullptr)},
          {"per_customer", own ? Json(*own / static_cast<double>(findings.groups.list[group].customers)) : Json()}};
}

/// Of a group of so many customers.
Json cohesion_json(const GroupCohesion& cohesion, Index customers) {
  const auto& doubtful = cohesion.doubtful;
  return {{"silhouette", json_of(cohesion.silhouette)},
          {"simplified_silhouette", json_of(cohesion.simplified_silhouette)},
          {"doubtful", json_of(doubtful)},
          {"doubtful_share",
           doubtful ? Json(static_cast<double>(*doubtful) / static_cast<double>(customers)) : Json(nullptr)},
          {"stability", json_of(cohesion.stability)}};
}

Json overall_cohesion_json(const SegmentFindings& findings) {
  if (!findings.cohesion) return nullptr;
  Json json{{"points", findings.cohesion->points}, {"replicates", findings.cohesion->replicates}};
  json.update(cohesion_json(findings.cohesion->of_group.back(), findings.groups.customers));
  json.erase("stability");
  return json;
}

Json segment_json(const SegmentFindings& findings, std::size_t group) {
  const Group& of = findings.groups.list[group];
  Json json{
      {"name", of.name},
      {"kind", kind_word(of.kind)},
      {"key", of.kind == GroupKind::segment ? Json(of.key) : Json(nullptr)},
      {"customers", of.customers},
      {"share", static_cast<double>(of.customers) / static_cast<double>(findings.groups.customers)},
      {"money", money_json(findings, group)},
      {"fit", findings.cohesion ? cohesion_json(findings.cohesion->of_group[group], of.customers) : Json(nullptr)}};
  Json reasons = Json::array();
  for (const SegmentReason& reason : strongest_reasons(findings.lifts, group, most_reasons))
    reasons.push_back(reason_sentence(reason));
  json["reasons"] = std::move(reasons);
  json["numbers"] = numbers_json(findings, group);
  json["lifts"] = lifts_json(findings, group);
  Json recommended = Json::array();
  if (!findings.recommended.empty()) {
    for (const RecommendedItem& item : findings.recommended[group]) {
      recommended.push_back({{"item", item.id},
                             {"customers", item.customers},
                             {"share", static_cast<double>(item.customers) / static_cast<double>(of.customers)}});
    }
  }
  json["recommended"] = std::move(recommended);
  json["typical_customers"] = findings.typical.empty() ? Json::array() : Json(findings.typical[group]);
  return json;
}

Json migration_json(const SegmentFindings& findings, const Changes& changes) {
  const Migration& migration = changes.migration;
  const auto name_of = [](const std::vector<Group>& groups, std::size_t place, std::string_view last) {
    return place < groups.size() ? Json(groups[place].name) : Json(place == groups.size() ? last : "(all)");
  };
  Json cells = Json::array();
  for (std::size_t row = 0; row < migration.rows + 2; ++row) {
    for (std::size_t column = 0; column < migration.columns + 2; ++column) {
      if (row == migration.rows && column == migration.columns) continue;  // nobody is lost and new
      const MigrationCell& cell = migration.at(row, column);
      cells.push_back({{"from", name_of(changes.before, column, "(new)")},
                       {"to", name_of(findings.groups.list, row, "(lost)")},
                       {"customers", json_of(cell.customers)},
                       {"money_before", json_of(cell.money_before)},
                       {"money_now", json_of(cell.money_now)}});
    }
  }
  return cells;
}

Json matches_json(const SegmentFindings& findings, const Changes& changes) {
  Json matches = Json::array();
  for (std::size_t group = 0; group < findings.groups.list.size(); ++group) {
    if (findings.groups.list[group].kind != GroupKind::segment) continue;
    const std::ptrdiff_t partner = changes.migration.match[group];
    Json match{{"segment", findings.groups.list[group].name}, {"before", nullptr}, {"common", nullptr}};
    if (partner >= 0) {
      const auto column = static_cast<std::size_t>(partner);
      match["before"] = changes.before[column].name;
      match["common"] = json_of(changes.migration.at(group, column).customers);
    }
    matches.push_back(std::move(match));
  }
  return matches;
}

Json drift_json(const Drift& drift) {
  Json columns = Json::array();
  for (const ColumnDrift& column : drift.columns) {
    columns.push_back({{"column", column.name},
                       {"type", column_type_name(column.type)},
                       {"stability_index", number_or_null(column.stability_index)},
                       {"test", column.type == ColumnType::category ? "chi-square" : "kolmogorov-smirnov"},
                       {"statistic", number_or_null(column.test.statistic)},
                       {"p", number_or_null(column.test.p)},
                       {"p_adjusted", number_or_null(column.p_adjusted)},
                       {"median_before", json_of(column.median_before)},
                       {"median_now", json_of(column.median_now)}});
  }
  return columns;
}

Json changes_json(const SegmentFindings& findings, const Changes& changes) {
  Json before = Json::array();
  for (const Group& group : changes.before)
    before.push_back({{"name", group.name}, {"kind", kind_word(group.kind)}, {"customers", group.customers}});
  Json sleeping = Json::array();
  for (std::size_t place = 0; place < changes.sleeping.size(); ++place) {
    const bool is_all = place == findings.groups.list.size();
    sleeping.push_back({{"segment", is_all ? "(all)" : findings.groups.list[place].name},
                        {"customers", json_of(changes.sleeping[place])}});
  }
  return {{"customers_before", changes.customers_before},
          {"before", std::move(before)},
          {"matches", matches_json(findings, changes)},
          {"migration", migration_json(findings, changes)},
          {"migration_cells_hidden", changes.migration.hidden},
          {"sleeping", std::move(sleeping)},
          {"drift", changes.drift ? drift_json(*changes.drift) : Json(nullptr)}};
}

}  // namespace

Json segments_json(const SegmentFindings& findings) {
  Index tested = 0;
  Index hidden = 0;
  for (const AttributeLifts& attribute : findings.lifts) {
    tested += std::ssize(attribute.cells);
    hidden += attribute.hidden;
  }
  Json segments = Json::array();
  for (std::size_t group = 0; group < findings.groups.list.size(); ++group)
    segments.push_back(segment_json(findings, group));
  Json overall = Json::array();
  for (const GroupSummaries& column : findings.columns) {
    Json one{{"column", column.name}};
    one.update(json_of(column.of_group.back(), findings.least_group));
    overall.push_back(std::move(one));
  }
  return {
      {"kind", findings.provenance.kind},
      {"version", findings.provenance.version},
      {"configuration", findings.provenance.configuration},
      {"data", {{"file", findings.data_file}, {"digest", fmt::format("{:016x}", findings.provenance.dataset_digest)}}},
      {"sentences", overview_sentences(findings)},
      {"customers", findings.groups.customers},
      {"money", findings.money.empty() ? Json(nullptr) : json_of(findings.money.back())},
      {"least_group", findings.least_group},
      {"segments_pooled", findings.groups.pooled},
      {"segments_empty", findings.groups.empty},
      {"customers_in_no_segment",
       findings.groups.pools_no_segment ? Json(nullptr) : Json(findings.groups.in_no_segment)},
      {"customers_outside_data", findings.outside_data < findings.least_group && findings.outside_data > 0
                                     ? Json(nullptr)
                                     : Json(findings.outside_data)},
      {"fit", overall_cohesion_json(findings)},
      {"cells_tested", tested},
      {"cells_hidden", hidden},
      {"segments", std::move(segments)},
      {"overall", std::move(overall)},
      {"changes", findings.changes ? changes_json(findings, *findings.changes) : Json(nullptr)},
      {"left_out", findings.left_out}};
}

}  // namespace rankwise
