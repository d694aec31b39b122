#pragma once
// Logs that all ranks read, as rows or as the message that ends the reading.

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <map>
#include <sstream>
#include <tuple>

#include "io/log/reader.hpp"
#include "tests/io/log_files.hpp"

namespace rankwise {

/// One row as every rank sees it after gathering, ids as text.
struct Row {
  std::string place;
  std::string user;
  std::string item;
  double value = 0;
  std::int64_t time = 0;
  friend bool operator==(const Row&, const Row&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Row& row) {
    return out << fmt::format("{} {} {} {} {}", row.place, row.user, row.item, row.value, row.time);
  }
};
using Rows = std::vector<Row>;

inline std::string id_of(const IdColumn& column, std::size_t row) {
  const std::int32_t number = column.numbers()[row];
  return column.are_integers() ? std::to_string(column.integers().keys()[static_cast<std::size_t>(number)])
                               : std::string(column.texts().at(number));
}

class LogReaderTest : public testing::Test {
 protected:
  std::string write(const std::string& name, std::string_view content) {
    return write_log(comm_, folder_, name, content);
  }

  static LogOptions options(std::string_view format = "auto", std::string_view columns = "") {
    LogOptions result;
    result.format = parse_text_format(format);
    if (!columns.empty()) result.columns = parse_column_choice(columns);
    return result;
  }

  InteractionLog read(const std::vector<std::string>& paths, const LogOptions& options) {
    constexpr int threads = 3;  // each reads its part, as ranks do
    return read_log(comm_, plan_log(comm_, paths, options), threads);
  }

  /// All rows of all ranks in input order, on every rank. Files are named by their last component.
  Rows gathered(const InteractionLog& log) {
    std::string text;
    for (std::size_t row = 0; row < log.positions.size(); ++row) {
      const InputPosition position(log.positions[row]);
      const std::string& file = log.files[static_cast<std::size_t>(position.file())];
      text += fmt::format("{}\n{}:{}\n{}\n{}\n{}\n{}\n", log.positions[row], file.substr(file.rfind('/') + 1),
                          position.line(), id_of(log.users, row), id_of(log.items, row), log.values[row],
                          log.timed ? log.times_microseconds[row] : 0);
    }
    const std::vector<char> all = comm_.all_gather_varied(std::span<const char>(text.data(), text.size())).values;
    std::istringstream stream(std::string(all.begin(), all.end()));
    std::map<std::int64_t, Row> sorted;
    std::string position, value, time;
    Row row;
    while (std::getline(stream, position) && std::getline(stream, row.place) && std::getline(stream, row.user) &&
           std::getline(stream, row.item) && std::getline(stream, value) && std::getline(stream, time)) {
      row.value = std::stod(value);
      row.time = std::stoll(time);
      EXPECT_TRUE(sorted.emplace(std::stoll(position), row).second) << "two rows at " << row.place;
    }
    Rows rows;
    for (const auto& [key, one] : sorted) rows.push_back(one);
    return rows;
  }

  Rows rows_of(const std::vector<std::string>& paths, const LogOptions& options) {
    return gathered(read(paths, options));
  }

  /// "code: message" with the folder's name removed; the same on every rank or the test fails.
  std::string failure(const std::vector<std::string>& paths, const LogOptions& options) {
    std::string result = "no failure";
    try {
      (void)read(paths, options);
    } catch (const AgreedError& error) {
      result = fmt::format("{}: {}", static_cast<int>(error.code()), error.what());
    }
    const std::string folder = folder_.file("");
    for (auto at = result.find(folder); at != std::string::npos; at = result.find(folder))
      result.erase(at, folder.size());
    std::string root = result;
    comm_.broadcast(root);
    EXPECT_EQ(result, root);
    EXPECT_EQ(result.find('\n'), std::string::npos);
    return result;
  }
  std::string failure_of(std::string_view content, const LogOptions& options) {
    return failure({write("log", content)}, options);
  }

  Communicator comm_ = Communicator::world();
  SharedFolder folder_{comm_};
};

}  // namespace rankwise
