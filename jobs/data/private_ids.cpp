#include "jobs/data/private_ids.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "distributed/rows/id_dictionary.hpp"
#include "io/log/pseudonym_key.hpp"
#include "jobs/data/prepare_messages.hpp"
#include "kernels/base/error.hpp"
#include "kernels/text/counted.hpp"

namespace rankwise {

namespace {

/// The ids that rows refer to, each once, as text.
IdColumn each_once(const IdColumn& column) {
  std::vector<char> is_referred(at(column.distinct()), 0);
  for (const std::int32_t number : column.numbers()) is_referred[at(number)] = 1;
  IdColumn once;
  once.become_text();
  for (Index number = 0; number < column.distinct(); ++number) {
    if (is_referred[at(number)] != 0) once.append(column.text(number));
  }
  return once;
}

/// Whether the column of users is that of something else too. Orders become pseudonyms as users do.
bool is_user_elsewhere(const ColumnNumbers& columns) {
  const std::span<const int> values(columns.value.data(), static_cast<std::size_t>(columns.value_factors));
  const std::array others{columns.item, columns.time, columns.fold, columns.event, columns.quantity};
  return columns.user >= 0 &&
         (std::ranges::count(values, columns.user) > 0 || std::ranges::count(others, columns.user) > 0);
}

/// The list's ids, each with a number.
std::unordered_map<std::string_view, Index> numbered(const IdList& list) {
  std::unordered_map<std::string_view, Index> numbers;
  for (const ListedId& listed : list.ids) numbers.try_emplace(listed.id, std::ssize(numbers));
  return numbers;
}

}  // namespace

void require_no_recorded_ids(const LogPlan& plan) {
  for (std::size_t f = 0; f < plan.layouts.size(); ++f) {
    const ColumnNumbers& columns = plan.layouts[f].columns;
    if (is_user_elsewhere(columns)) {
      throw Error(ExitCode::usage, fmt::format("{}: the column of users has another role too, in which the dataset "
                                               "would hold the ids; expected columns of their own",
                                               plan.files[f]));
    }
    if (!plan.filter.condition) continue;
    const std::span<const int> used(columns.condition.data(), plan.filter.condition->columns().size());
    if (std::ranges::none_of(used, [&](int column) { return column == columns.user || column == columns.order; })) {
      continue;
    }
    throw Error(
        ExitCode::usage,
        fmt::format("{}: --where is on a column of ids, and the dataset would record them beside its pseudonyms; "
                    "expected --forget for users to leave out",
                    plan.files[f]));
  }
}

std::optional<Pseudonyms> read_pseudonyms(JobContext& context, const PrivacyOptions& options) {
  if (options.pseudonyms.empty()) return std::nullopt;
  const std::string key = read_pseudonym_key(context.comm, options.pseudonyms);
  return agree_on(context.comm, [&] { return std::optional<Pseudonyms>(std::in_place, key); });
}

std::optional<IdList> read_forget_list(JobContext& context, const PrivacyOptions& options) {
  if (options.forget.empty()) return std::nullopt;
  IdList list = read_user_list(context.comm, options.forget);
  context.report.line(list.note);
  return list;
}

void forget_users(JobContext& context, const IdList& list, InteractionLog& log, RowAccount& account) {
  const auto timer = context.report.phase("forget");
  const Communicator& comm = context.comm;
  // 1. Which of the distinct ids are listed, and which of the listed ones occur.
  const std::unordered_map<std::string_view, Index> listed = numbered(list);
  std::vector<char> is_forgotten(at(log.users.distinct()), 0);
  std::vector<std::int64_t> occurs(listed.size(), 0);
  for (Index number = 0; number < log.users.distinct(); ++number) {
    const auto found = listed.find(log.users.text(number));
    if (found == listed.end()) continue;
    is_forgotten[at(number)] = 1;
    occurs[at(found->second)] = 1;
  }
  comm.all_reduce_max(std::span<std::int64_t>(occurs));

  // 2. Their rows go.
  std::vector<Index> kept;
  for (Index row = 0; row < log.size(); ++row) {
    if (is_forgotten[at(log.users.numbers()[at(row)])] != 0) {
      log.rejected.add(RowRule::forget, log.positions[at(row)]);
    } else {
      kept.push_back(row);
    }
  }
  const Index dropped = comm.sum(log.size() - std::ssize(kept));
  log.keep(kept);

  // 3. What became of the list.
  const Index users = std::ranges::count(occurs, 1);
  const Index absent = std::ssize(listed) - users;
  const std::string note = fmt::format("{}; {} of the list {} not in the log", counted(users, "user"),
                                       counted(absent, "id"), verb(absent, "is", "are"));
  account.take(rule_name(RowRule::forget), dropped, 0, note);
  context.report.line(fmt::format("forget: {} of {}", counted(dropped, "row"), note));
  if (list.missing > 0) {
    context.report.line(fmt::format("forget: {} of the list {} no id", counted(list.missing, "record"),
                                    verb(list.missing, "has", "have")));
  }
  context.report.event("forget", {{"listed", std::ssize(listed)},
                                  {"absent", absent},
                                  {"missing", list.missing},
                                  {"users_dropped", users},
                                  {"rows_dropped", dropped}});
}

PseudonymMark use_pseudonyms(JobContext& context, const Pseudonyms& pseudonyms, InteractionLog& log) {
  const auto timer = context.report.phase("pseudonyms");
  const auto name_of = [&](std::string_view id) { return pseudonyms.of(id); };
  if (!log.users.are_integers()) {
    tell_variants(context.comm, context.report, "user", build_id_dictionary(context.comm, each_once(log.users)).rows,
                  name_of);
  }
  log.users.rename(name_of);
  if (log.ordered) log.orders.rename(name_of);
  PseudonymMark mark{.method = std::string(pseudonym_method), .key_id = pseudonyms.key_id()};
  context.report.line(fmt::format("users have pseudonyms instead of ids ({}, key id {})", mark.method, mark.key_id));
  context.report.event("pseudonyms", {{"method", mark.method}, {"key_id", mark.key_id}});
  return mark;
}

}  // namespace rankwise
