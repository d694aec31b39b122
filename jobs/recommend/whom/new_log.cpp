#include "jobs/recommend/whom/new_log.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <limits>
#include <string_view>
#include <utility>

#include "distributed/comm/key_exchange.hpp"
#include "distributed/log/events.hpp"
#include "distributed/rows/id_dictionary.hpp"
#include "distributed/rows/id_matching.hpp"
#include "distributed/rows/partition.hpp"
#include "distributed/rows/select_rows.hpp"
#include "io/log/reader.hpp"
#include "kernels/text/counted.hpp"
#include "kernels/text/shown_text.hpp"

namespace rankwise {

namespace {

/// The log's rows, merged, with the log's own numbers; everyone's in `users`' order, on every rank.
struct Pairs {
  std::vector<Index> users;
  std::vector<Index> items;
  std::vector<double> values;
};

/// Of each id of the log, in its order, the dataset's row or -1; on every rank. Collective.
std::vector<Index> rows_in(const Communicator& comm, const IdRows& ids, const IdRows& known) {
  const std::vector<Index> found = find_rows_by_id(comm, ids, known);
  return comm.all_gather_varied(std::span<const Index>(found)).values;
}

/// All ranks' ids, on every rank. Collective.
Ids gather(const Communicator& comm, const Ids& ids) {
  if (const auto* const numbers = std::get_if<std::vector<std::int64_t>>(&ids)) {
    return comm.all_gather_varied(std::span<const std::int64_t>(*numbers)).values;
  }
  const auto& texts = std::get<std::vector<std::string>>(ids);
  const std::vector<std::string_view> mine(texts.begin(), texts.end());
  const ReceivedKeys<std::string_view> all = gather_keys(comm, std::span<const std::string_view>(mine));
  return std::vector<std::string>(all.keys.begin(), all.keys.end());
}

/// Collective.
Pairs merged_pairs(const Communicator& comm, UserEvents events, DuplicatePolicy policy) {
  order_rows(events, policy);
  Pairs mine;
  for (Index user = 0; user < events.users.size(); ++user) {
    for_each_pair(std::as_const(events).of(user), [&](std::span<const Event> pair) {
      mine.users.push_back(events.users.begin + user);
      mine.items.push_back(pair.front().item);
      mine.values.push_back(merged_value(pair, policy));
    });
  }
  return {comm.all_gather_varied(std::span<const Index>(mine.users)).values,
          comm.all_gather_varied(std::span<const Index>(mine.items)).values,
          comm.all_gather_varied(std::span<const double>(mine.values)).values};
}

void require_no_pseudonyms(const DatasetReader& dataset, const std::string& data_path) {
  if (!dataset.pseudonyms()) return;
  throw AgreedError(
      ExitCode::bad_data,
      fmt::format("{}: its users have pseudonyms, so --log cannot name them; expected a dataset with ids", data_path));
}

/// Values of the log would not be as those of the dataset if `prepare` changed these by one of its options.
void warn_of_changed_values(Report& report, const DatasetReader& dataset, const std::string& data_path) {
  const std::string settings = "\n" + dataset.provenance().configuration;
  std::vector<std::string> options;
  for (const char* option : {"transform", "half-life", "event-weights"}) {
    if (settings.find(fmt::format("\n{} = ", option)) != std::string::npos)
      options.push_back(fmt::format("--{}", option));
  }
  if (options.empty()) return;
  const std::string names = fmt::format("{}", fmt::join(options, ", "));
  report.warning(
      fmt::format("{} was made with {}, which --log is not: its values are taken as they are", data_path, names));
  report.event("raw_log_values", {{"options", names}});
}

/// A value becomes a float32 in the dataset's rows.
void require_range(double value, const std::string& path, const Ids& users, Index user) {
  if (std::fabs(value) <= static_cast<double>(std::numeric_limits<float>::max())) return;
  throw AgreedError(ExitCode::bad_data, fmt::format("{}: values of user {} for one item make {}, which is beyond the "
                                                    "range of 32-bit floating point",
                                                    path, shown(id_text(users, user)), value));
}

/// Of these users those whom the dataset does not have, and those with an interaction, ascending. `pairs` are ordered.
template <class Pairs>
std::vector<Index> served_by_log(std::vector<Index> users, Index dataset_users, const Pairs& pairs) {
  std::ranges::sort(users);
  std::erase_if(users, [&](Index user) {
    if (user >= dataset_users) return false;
    const auto found = std::ranges::lower_bound(pairs, user, {}, [](const auto& pair) { return pair.user; });
    return found == pairs.end() || found->user != user;
  });
  return users;
}

}  // namespace

NewLog::NewLog(JobContext& context, const WhomOptions& options, const DatasetReader& dataset,
               const std::string& data_path) {
  const Communicator& comm = context.comm;
  require_no_pseudonyms(dataset, data_path);

  // 1. Rows, with ids numbered, at the owners of their users.
  LogOptions how;
  if (!options.log_columns.empty()) how.columns = parse_column_choice(options.log_columns);
  const LogPlan plan = plan_log(comm, options.logs, how);
  for (const std::string& note : plan.notes) context.report.line(note);
  has_values_ = !plan.counted();
  InteractionLog log = read_log(comm, plan, context.common.threads);
  const Index rows = log.rows_read;
  IdDictionary users = build_id_dictionary(comm, std::exchange(log.users, {}));
  IdDictionary items = build_id_dictionary(comm, std::exchange(log.items, {}));
  IndexedRows indexed{.users = std::move(users.index),
                      .items = std::move(items.index),
                      .values = std::move(log.values),
                      .times_microseconds = std::move(log.times_microseconds),
                      .positions = std::move(log.positions),
                      .folds = {},
                      .timed = log.timed};
  const Partition owners = Partition::by_count(users.rows.total_rows, comm.size());
  UserEvents events = events_by_user(comm, std::move(indexed), owners, items.rows.total_rows, context.common.threads);

  // 2. One interaction for each pair, in the dataset's rows.
  const Pairs pairs = merged_pairs(comm, std::move(events), dataset.rules().duplicates);
  const RowRange my_users = Partition::by_count(dataset.users(), comm.size()).range(comm.rank());
  const RowRange my_items = Partition::by_count(dataset.items(), comm.size()).range(comm.rank());
  std::vector<Index> user_rows = rows_in(comm, users.rows, dataset.user_ids(my_users));
  const std::vector<Index> item_rows = rows_in(comm, items.rows, dataset.item_ids(my_items));
  const Ids user_ids = gather(comm, users.rows.ids);
  std::vector<Index> new_users;
  for (std::size_t user = 0; user < user_rows.size(); ++user) {
    if (user_rows[user] >= 0) continue;
    user_rows[user] = dataset.users() + std::ssize(new_users);
    new_users.push_back(static_cast<Index>(user));
  }
  new_ids_ = select_rows(user_ids, new_users);

  // 3. By the dataset's order of users and items.
  struct Pair {
    Index user;
    Index item;
    double value;
  };
  std::vector<Pair> known;
  Index unknown_pairs = 0;
  for (std::size_t p = 0; p < pairs.users.size(); ++p) {
    require_range(pairs.values[p], plan.files.front(), user_ids, pairs.users[p]);
    const Index item = item_rows[static_cast<std::size_t>(pairs.items[p])];
    if (item < 0) {
      ++unknown_pairs;
    } else {
      known.push_back({user_rows[static_cast<std::size_t>(pairs.users[p])], item, pairs.values[p]});
    }
  }
  std::ranges::sort(known,
                    [](const Pair& a, const Pair& b) { return std::pair(a.user, a.item) < std::pair(b.user, b.item); });
  users_ = served_by_log(user_rows, dataset.users(), known);
  std::size_t next = 0;
  for (const Index user : users_) {
    for (; next < known.size() && known[next].user == user; ++next) {
      items_.push_back(known[next].item);
      values_.push_back(known[next].value);
    }
    offsets_.push_back(std::ssize(items_));
  }

  // 4. What there is of it.
  const Index unknown_items = std::ranges::count(item_rows, Index{-1});
  if (known.empty()) {
    throw AgreedError(ExitCode::bad_data,
                      fmt::format("{}: none of its {} is one of {}; expected item ids of the dataset",
                                  plan.files.front(), counted(std::ssize(item_rows), "item"), data_path));
  }
  context.report.line(fmt::format("--log: {}, {} of {}, {} of them not in {}", counted(rows, "row"),
                                  counted(std::ssize(known), "interaction"), counted(std::ssize(users_), "user"),
                                  new_users.size(), data_path));
  warn_of_changed_values(context.report, dataset, data_path);
  const Index without_items = std::ssize(user_rows) - std::ssize(users_);
  if (unknown_items > 0) {
    context.report.warning(fmt::format(
        "{} of --log {} not in {}: {} of {} {} no effect{}", counted(unknown_items, "item"),
        verb(unknown_items, "is", "are"), data_path, counted(unknown_pairs, "interaction"),
        verb(unknown_items, "it", "them"), verb(unknown_pairs, "has", "have"),
        without_items == 0 ? ""
                           : fmt::format(", and {} of {} {} no others and {} served "
                                         "without the log",
                                         counted(without_items, "user"), data_path, verb(without_items, "has", "have"),
                                         verb(without_items, "is", "are"))));
  }
  const Index negative = std::ranges::count_if(values_, [](double value) { return value < 0; });
  if (negative > 0 && !dataset.rules().min_total) {
    context.report.warning(
        fmt::format("--log has {} with a value below 0, and {} was made without --min-total: {} "
                    "counted like others",
                    counted(negative, "interaction"), data_path, verb(negative, "it is", "they are")));
  }
  context.report.event("new_log", {{"rows", rows},
                                   {"interactions", std::ssize(known)},
                                   {"users", std::ssize(users_)},
                                   {"new_users", std::ssize(new_users)},
                                   {"users_without_known_items", without_items},
                                   {"unknown_items", unknown_items},
                                   {"unknown_interactions", unknown_pairs}});
}

NewLog::Interactions NewLog::of(std::size_t place) const {
  const auto begin = static_cast<std::size_t>(offsets_[place]);
  const auto size = static_cast<std::size_t>(offsets_[place + 1]) - begin;
  return {std::span(items_).subspan(begin, size), std::span(values_).subspan(begin, size)};
}

}  // namespace rankwise
