#include "jobs/recommend/rules/item_rules.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unordered_map>
#include <utility>

#include "distributed/rows/partition.hpp"
#include "io/conditions/condition_text.hpp"
#include "io/log/id_list.hpp"
#include "jobs/options/file_option.hpp"
#include "jobs/recommend/rules/item_columns.hpp"
#include "kernels/text/counted.hpp"
#include "kernels/text/number_text.hpp"
#include "kernels/text/shown_text.hpp"

namespace rankwise {

namespace {

struct QuotaText {
  std::string column;
  Index most = 0;
};
struct BoostText {
  std::string column;
  double factor = 1;
};

QuotaText parse_quota(const std::string& text) {
  const std::size_t equals = text.rfind('=');
  const auto most = equals == std::string::npos || equals == 0
                        ? std::nullopt
                        : whole_number<std::int64_t>(std::string_view(text).substr(equals + 1), 1, 1'000'000);
  if (!most) {
    throw Error(ExitCode::usage,
                fmt::format("--max-per {}: expected COLUMN=N, such as category=2, N at least 1", shown(text)));
  }
  return {text.substr(0, equals), *most};
}

BoostText parse_boost(const std::string& text) {
  const std::size_t equals = text.rfind('=');
  if (equals == std::string::npos) return {text, 1};
  const auto factor = finite_number(std::string_view(text).substr(equals + 1));
  if (!factor || equals == 0) {
    throw Error(ExitCode::usage,
                fmt::format("--boost {}: expected COLUMN or COLUMN=FACTOR, such as margin=0.5", shown(text)));
  }
  return {text.substr(0, equals), *factor};
}

/// The ids of a file, and what of them is in the dataset.
class ListedItems {
 public:
  /// Says how the file was read, and which of its ids the dataset does not have. Collective.
  ListedItems(const std::string& option, const std::string& path, const Ids& item_ids, std::string_view owner,
              JobContext& context)
      : owner_(owner) {
    const IdList list = read_item_list(context.comm, path);
    std::unordered_map<std::string, std::size_t> places;
    std::vector<const ListedId*> distinct;
    for (const ListedId& listed : list.ids) {
      if (places.try_emplace(listed.id, distinct.size()).second) distinct.push_back(&listed);
    }
    std::vector<bool> is_found(distinct.size());
    is_listed_.resize(static_cast<std::size_t>(id_count(item_ids)));
    for (Index item = 0; item < id_count(item_ids); ++item) {
      const auto place = places.find(id_text(item_ids, item));
      if (place == places.end()) continue;
      is_listed_[static_cast<std::size_t>(item)] = true;
      is_found[place->second] = true;
      ++known_;
    }
    context.report.line(list.note);
    if (list.missing > 0) {
      context.report.warning(fmt::format("{} of {} {} no id (it is empty, or a word such as NULL): passed over",
                                         counted(list.missing, "line"), option, verb(list.missing, "has", "have")));
    }
    const Index unknown = std::ranges::count(is_found, false);
    if (unknown > 0) {
      const ListedId& first =
          *distinct[static_cast<std::size_t>(std::ranges::find(is_found, false) - is_found.begin())];
      first_unknown_ = fmt::format("{}:{}: {}", path, first.line, shown(first.id));
      context.report.warning(fmt::format("{} in {} {} not in the {} and {} no effect, for example {}",
                                         counted(unknown, "id"), option, verb(unknown, "is", "are"), owner,
                                         verb(unknown, "has", "have"), first_unknown_));
    }
    context.report.event("listed_items", {{"option", option},
                                          {"known", known_},
                                          {"unknown", unknown},
                                          {"first_unknown", first_unknown_},
                                          {"missing", list.missing}});
  }

  [[nodiscard]] bool has(Index item) const { return is_listed_[static_cast<std::size_t>(item)]; }
  /// Throws AgreedError(bad_data) if the dataset has none of the ids.
  void require_known(const std::string& path) const {
    if (known_ > 0) return;
    throw AgreedError(ExitCode::bad_data, fmt::format("{0}: the {1} has none of its items, for example {2}; "
                                                      "expected item ids of the {1}",
                                                      path, owner_, first_unknown_));
  }

 private:
  std::string_view owner_;
  std::vector<bool> is_listed_;
  Index known_ = 0;
  std::string first_unknown_;
};

/// What is offered of the dataset's items; nothing if no option chooses items. Collective.
std::optional<std::vector<bool>> chosen_items(const ItemRuleOptions& options, JobContext& context,
                                              const ItemSpace& space) {
  if (options.choosing().empty()) return std::nullopt;
  const auto items = static_cast<std::size_t>(space.items);
  std::vector<bool> chosen(items, true);
  const auto keep = [&](const auto& allows) {
    for (std::size_t item = 0; item < items; ++item) chosen[item] = chosen[item] && allows(static_cast<Index>(item));
  };
  const bool has_lists = !options.items.empty() || !options.exclude_items.empty();
  const Ids ids = has_lists ? space.ids() : Ids();
  if (!options.items.empty()) {
    const ListedItems listed("--items", options.items, ids, space.owner, context);
    listed.require_known(options.items);
    keep([&](Index item) { return listed.has(item); });
  }
  if (!options.exclude_items.empty()) {
    const ListedItems listed("--exclude-items", options.exclude_items, ids, space.owner, context);
    keep([&](Index item) { return !listed.has(item); });
  }
  if (!options.where.empty()) {
    const ItemColumns table(context.comm, space.path, "--where", context.common.input_check);
    const std::vector<bool> fulfilled =
        agree_on(context.comm, [&] { return table.fulfil(parse_condition("--where", options.where)); });
    keep([&](Index item) { return fulfilled[static_cast<std::size_t>(item)]; });
  }
  return chosen;
}

/// Values of the dataset's items as those of the model's; items of the model alone have `absent`.
template <class Value>
std::vector<Value> in_model(const ItemSpace& space, const std::vector<Value>& values, Value absent) {
  std::vector<Value> placed(static_cast<std::size_t>(space.model_items), absent);
  for (std::size_t item = 0; item < values.size(); ++item) {
    const Index row = space.model_row(static_cast<Index>(item));
    if (row >= 0) placed[static_cast<std::size_t>(row)] = values[item];
  }
  return placed;
}

/// Collective.
ListQuota read_quota(const QuotaText& asked, JobContext& context, const ItemSpace& space) {
  const ItemColumns table(context.comm, space.path, "--max-per", context.common.input_check);
  const ItemGroups groups = agree_on(context.comm, [&] { return table.groups(asked.column); });
  context.report.line(fmt::format("a list has at most {} of each of {} of {}", counted(asked.most, "item"),
                                  counted(groups.count, "group"), asked.column));
  if (groups.without_value > 0) {
    context.report.warning(fmt::format("{} {} no {}: --max-per does not count {}",
                                       counted(groups.without_value, "item"), verb(groups.without_value, "has", "have"),
                                       asked.column, verb(groups.without_value, "it", "them")));
  }
  context.report.event("list_quota", {{"column", asked.column},
                                      {"most", asked.most},
                                      {"groups", groups.count},
                                      {"items_without_value", groups.without_value}});
  return {in_model(space, groups.groups, ListQuota::no_group), asked.most};
}

/// Collective.
std::vector<float> read_boosts(const BoostText& asked, JobContext& context, const ItemSpace& space) {
  const ItemColumns table(context.comm, space.path, "--boost", context.common.input_check);
  const std::vector<double> numbers = agree_on(context.comm, [&] { return table.numbers(asked.column); });
  Index without_value = 0;
  std::vector<float> boosts;
  agree_on(context.comm, [&] {
    for (std::size_t item = 0; item < numbers.size(); ++item) {
      without_value += std::isnan(numbers[item]) ? 1 : 0;
      boosts.push_back(std::isnan(numbers[item]) ? 0.0F : static_cast<float>(asked.factor * numbers[item]));
      if (std::isfinite(boosts.back())) continue;
      throw Error(ExitCode::bad_data, fmt::format("--boost: {} times {} of item row {} is {}; expected a number "
                                                  "within the range of 32-bit floating point",
                                                  asked.factor, asked.column, item, boosts.back()));
    }
  });
  if (without_value > 0) {
    context.report.warning(fmt::format("{} {} no {}: --boost raises {} by 0", counted(without_value, "item"),
                                       verb(without_value, "has", "have"), asked.column,
                                       verb(without_value, "its score", "their scores")));
  }
  context.report.event("boost",
                       {{"column", asked.column}, {"factor", asked.factor}, {"items_without_value", without_value}});
  return in_model(space, boosts, 0.0F);
}

/// Says how many of the pairs have no effect. Collective.
void tell_unknown_pairs(JobContext& context, const std::string& path, Index unknown_items, std::string first_item,
                        const std::vector<std::string>& unknown_users) {
  context.comm.broadcast(first_item);
  unknown_items = context.comm.sum(unknown_items);
  if (unknown_items > 0) {
    context.report.warning(
        fmt::format("{} of --exclude-pairs {} an item that the dataset does not have, for example {}",
                    counted(unknown_items, "pair"), verb(unknown_items, "has", "have"), first_item));
  }
  if (!unknown_users.empty()) {
    context.report.warning(fmt::format(
        "{} of --exclude-pairs {} not in the dataset, for example {} of {}", counted(std::ssize(unknown_users), "user"),
        verb(std::ssize(unknown_users), "is", "are"), shown(unknown_users.front()), path));
  }
}

/// Collective.
ExcludedPairs read_pairs(const std::string& path, JobContext& context, const ItemSpace& space) {
  const Communicator& comm = context.comm;
  const PairList list = read_pair_list(comm, path);
  const Ids ids = space.ids();
  std::vector<Index> rows;
  Index unknown_items = 0;
  std::string first_unknown;
  if (comm.is_root()) {
    std::unordered_map<std::string, Index> items;
    for (Index item = 0; item < id_count(ids); ++item) items.emplace(id_text(ids, item), item);
    for (std::size_t p = 0; p < list.items.size(); ++p) {
      const auto item = items.find(list.items[p]);
      rows.push_back(item == items.end() ? -1 : space.model_row(item->second));
      if (item != items.end()) continue;
      if (++unknown_items == 1) first_unknown = fmt::format("{}:{}: {}", path, list.lines[p], shown(list.items[p]));
    }
  }
  ExcludedPairs pairs(comm, list, std::move(rows));
  const RowRange mine = Partition::by_count(space.dataset->users(), comm.size()).range(comm.rank());
  const std::array<Ids, 2> known{space.dataset->user_ids(mine).ids, space.new_users};
  const std::vector<std::string> unknown_users = pairs.unknown_users(comm, known);
  context.report.line(fmt::format("{}: {} left out", path, counted(pairs.count(), "pair")));
  tell_unknown_pairs(context, path, unknown_items, first_unknown, unknown_users);
  context.report.event("excluded_pairs", {{"pairs", pairs.count()},
                                          {"unknown_items", comm.sum(unknown_items)},
                                          {"unknown_users", std::ssize(unknown_users)}});
  return pairs;
}

}  // namespace

std::string ItemRuleOptions::choosing() const {
  std::vector<std::string_view> given;
  if (!items.empty()) given.emplace_back("--items");
  if (!exclude_items.empty()) given.emplace_back("--exclude-items");
  if (!where.empty()) given.emplace_back("--where");
  return fmt::format("{}", fmt::join(given, ", "));
}

void describe_list_rules(boost::program_options::options_description& description, ItemRuleOptions& options) {
  namespace po = boost::program_options;
  // clang-format off
  description.add_options()
    ("items", read_file(&options.items), "items that lists may have, such as the stock: an id per line, or a CSV with an item column; without it all")
    ("exclude-items", read_file(&options.exclude_items), "items that no list has, in the same form")
    ("where", po::value(&options.where)->value_name("CONDITION"),
     "items that lists may have, by the dataset's table of items: 'category = toys and price < 20'; grammar: see prepare --where")
    ("max-per", po::value(&options.max_per)->value_name("COLUMN=N"),
     "at most N items of a list have the same value of this column of the table of items; items without a value do not count")
    ("min-score", po::value<double>()->value_name("SCORE")->notifier([&options](double score) { options.min_score = score; }),
     "lists of a model have no item with a score below this");
  // clang-format on
}

void describe_user_rules(boost::program_options::options_description& description, ItemRuleOptions& options) {
  namespace po = boost::program_options;
  // clang-format off
  description.add_options()
    ("exclude-pairs", read_file(&options.exclude_pairs), "CSV with a user and an item column: that user's list does not have that item")
    ("boost", po::value(&options.boost)->value_name("COLUMN[=FACTOR]"),
     "rank by score + FACTOR (1) times this column of the table of items, which may be negative; 0 where it is missing");
  // clang-format on
}

void require_sense(const ItemRuleOptions& options) {
  if (!options.where.empty()) static_cast<void>(parse_condition("--where", options.where));
  if (!options.max_per.empty()) static_cast<void>(parse_quota(options.max_per));
  if (!options.boost.empty()) static_cast<void>(parse_boost(options.boost));
}

ItemRules read_item_rules(const ItemRuleOptions& options, JobContext& context, const ItemSpace& space) {
  ItemRules rules;
  if (const std::optional<std::vector<bool>> chosen = chosen_items(options, context, space)) {
    const Index count = std::ranges::count(*chosen, true);
    const std::string by = options.choosing();
    context.report.line(fmt::format("{}: lists may have {} of {}", by, count, counted(space.items, "item")));
    context.report.event("offered_items", {{"by", by}, {"items", space.items}, {"offered", count}});
    rules.offered = in_model(space, *chosen, false);
    if (std::ranges::count(rules.offered, true) == 0) {
      throw AgreedError(ExitCode::bad_data,
                        fmt::format("{}: {} of the {} {} left; expected at least one that the model knows", by,
                                    counted(count, "item"), space.owner, verb(count, "is", "are")));
    }
  }
  if (!options.max_per.empty()) rules.quota = read_quota(parse_quota(options.max_per), context, space);
  if (!options.boost.empty()) rules.boosts = read_boosts(parse_boost(options.boost), context, space);
  if (!options.exclude_pairs.empty()) rules.pairs = read_pairs(options.exclude_pairs, context, space);
  return rules;
}

}  // namespace rankwise
