#include "io/synthetic/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <concepts>
#include <vector>

#include "distributed/threads/team_size.hpp"

namespace rankwise {

namespace {

constexpr Index users_per_task = 16;

int digits(Index number) {
  int count = 1;
  for (; number >= 10; number /= 10) ++count;
  return count;
}

template <std::integral Number>
void append_number(std::string& text, Number number) {
  std::array<char, 24> buffer;
  const auto written = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number).ptr - buffer.data();
  text.append(buffer.data(), static_cast<std::size_t>(written));
}

/// How rows are named: a prefix and a least number of digits.
class IdFormat {
 public:
  IdFormat(const SyntheticShape& shape, std::string_view prefix, Index rows, int least_digits) {
    if (shape.ids == SyntheticIds::integers) return;
    prefix_ = prefix;
    digits_ = std::max(least_digits, digits(rows));
  }
  void append(std::string& text, Index row) const {
    text += prefix_;
    text.append(static_cast<std::size_t>(std::max(0, digits_ - digits(row + 1))), '0');
    append_number(text, row + 1);
  }

 private:
  std::string_view prefix_;
  int digits_ = 0;
};

IdFormat user_format(const SyntheticShape& shape) {
  return {shape, "C", shape.users, 7};
}
IdFormat item_format(const SyntheticShape& shape) {
  return {shape, "SKU-", shape.items, 6};
}

Ids ids_of(const SyntheticShape& shape, const IdFormat& format, RowRange rows) {
  if (shape.ids == SyntheticIds::integers) {
    std::vector<std::int64_t> ids;
    for (Index row = rows.begin; row < rows.end; ++row) ids.push_back(row + 1);
    return ids;
  }
  std::vector<std::string> ids(static_cast<std::size_t>(rows.size()));
  for (Index row = rows.begin; row < rows.end; ++row)
    format.append(ids[static_cast<std::size_t>(row - rows.begin)], row);
  return ids;
}

class LineWriter {
 public:
  explicit LineWriter(const SyntheticShape& shape)
      : kind_(shape.kind), users_(user_format(shape)), items_(item_format(shape)) {}

  /// A wrong rating, for the list of them.
  void append_pair(std::string& text, const SyntheticRow& row) const {
    users_.append(text, row.user);
    text += ',';
    items_.append(text, row.item);
    text += ',';
    append_number(text, row.value);
    text += '\n';
  }

  void append(std::string& text, const SyntheticRow& row) const {
    if (row.dirt != SyntheticDirt::missing_user) users_.append(text, row.user);
    text += ',';
    items_.append(text, row.item);
    text += ',';
    if (row.dirt == SyntheticDirt::broken) {
      // Two ways to be unreadable: a word in place of the value, or a line that ends here.
      text += row.timestamp % 2 == 0 ? "many" : "\n";
      if (text.back() == '\n') return;
    } else {
      append_number(text, row.value);
    }
    if (kind_ == SyntheticKind::purchases) {
      text += ',';
      append_number(text, row.price_cents / 100);
      const std::int64_t cents = row.price_cents % 100;
      text += '.';
      text += static_cast<char>('0' + cents / 10);
      text += static_cast<char>('0' + cents % 10);
    }
    text += ',';
    append_number(text, row.timestamp);
    text += '\n';
  }

 private:
  SyntheticKind kind_;
  IdFormat users_;
  IdFormat items_;
};

/// A line for each row.
void append_rows(const LineWriter& writer, const std::vector<SyntheticRow>& rows, std::int64_t next_begin,
                 SyntheticLines& part) {
  for (const SyntheticRow& row : rows) {
    if (row.timestamp >= next_begin) {
      writer.append(part.next_text, row);
      ++part.next_rows;
      continue;
    }
    writer.append(part.text, row);
    if (row.dirt == SyntheticDirt::none) {
      ++part.clean_rows;
      continue;
    }
    part.dirt.push_back({part.clean_rows + part.added_rows, row.dirt});
    if (row.dirt == SyntheticDirt::wrong_rating) writer.append_pair(part.wrong_ratings, row);
    ++(row.dirt == SyntheticDirt::wrong_rating ? part.clean_rows : part.added_rows);
  }
}

}  // namespace

std::string_view synthetic_header(SyntheticKind kind) {
  return kind == SyntheticKind::purchases ? "user_id,item_id,quantity,price,timestamp\n"
                                          : "user_id,item_id,rating,timestamp\n";
}

Ids synthetic_user_ids(const SyntheticShape& shape, RowRange users) {
  return ids_of(shape, user_format(shape), users);
}
Ids synthetic_item_ids(const SyntheticShape& shape, RowRange items) {
  return ids_of(shape, item_format(shape), items);
}

SyntheticLines synthetic_lines(const SyntheticLog& log, RowRange users, int threads, std::int64_t next_begin) {
  const LineWriter writer(log.shape());
  const Index tasks = (users.size() + users_per_task - 1) / users_per_task;
  std::vector<SyntheticLines> parts(static_cast<std::size_t>(tasks));
  const double share = static_cast<double>(users.size()) / static_cast<double>(log.shape().users);
  const int team = team_size(share * log.shape().interactions * synthetic_row_operations, threads);
#pragma omp parallel for schedule(dynamic) num_threads(team)
  for (Index task = 0; task < tasks; ++task) {
    SyntheticLines& part = parts[static_cast<std::size_t>(task)];
    const Index begin = users.begin + task * users_per_task;
    for (Index user = begin; user < std::min(begin + users_per_task, users.end); ++user) {
      append_rows(writer, log.rows(user), next_begin, part);
    }
  }
  SyntheticLines lines;
  std::size_t size = 0;
  for (const SyntheticLines& part : parts) size += part.text.size();
  lines.text.reserve(size);
  for (const SyntheticLines& part : parts) {
    for (const auto& [line, kind] : part.dirt) lines.dirt.push_back({lines.clean_rows + lines.added_rows + line, kind});
    lines.text += part.text;
    lines.next_text += part.next_text;
    lines.next_rows += part.next_rows;
    lines.wrong_ratings += part.wrong_ratings;
    lines.clean_rows += part.clean_rows;
    lines.added_rows += part.added_rows;
  }
  return lines;
}

SyntheticLines bot_lines(const SyntheticLog& log, std::int64_t next_begin) {
  const LineWriter writer(log.shape());
  SyntheticLines lines;
  for (Index bot = 0; bot < log.shape().bots; ++bot) append_rows(writer, log.bot_rows(bot), next_begin, lines);
  return lines;
}

}  // namespace rankwise
