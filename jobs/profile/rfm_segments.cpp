#include "jobs/profile/rfm_segments.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fmt/format.h>
#include <sstream>
#include <string_view>
#include <system_error>

#include "kernels/base/error.hpp"
#include "kernels/process/small_file.hpp"
#include "kernels/statistics/midrank_class.hpp"
#include "kernels/text/shown_text.hpp"
#include "kernels/text/utf8.hpp"

namespace rankwise {

namespace {

std::optional<int> class_digit(std::string_view text) {
  if (text.size() != 1 || text.front() < '1' || text.front() > '0' + midrank_classes) return std::nullopt;
  return text.front() - '0';
}

/// "4", "4-5" or "*".
std::optional<ClassRange> parse_range(std::string_view text) {
  if (text == "*") return ClassRange{1, midrank_classes};
  const std::optional<int> first = class_digit(text.substr(0, 1));
  if (text.size() == 1 && first) return ClassRange{*first, *first};
  if (text.size() != 3 || text[1] != '-') return std::nullopt;
  const std::optional<int> last = class_digit(text.substr(2));
  if (!first || !last || *last < *first) return std::nullopt;
  return ClassRange{*first, *last};
}

std::optional<SegmentRule> parse_rule(const std::string& line) {
  std::array<std::string, 4> fields;
  std::istringstream stream(line);
  for (std::string& field : fields) {
    if (!std::getline(stream, field, ',')) return std::nullopt;
  }
  const auto recency = parse_range(fields[1]);
  const auto frequency = parse_range(fields[2]);
  const auto money = parse_range(fields[3]);
  const bool is_name = !fields[0].empty() && is_utf8(fields[0]);
  if (!stream.eof() || !is_name || !recency || !frequency || !money) return std::nullopt;
  return SegmentRule{fields[0], *recency, *frequency, *money};
}

std::vector<SegmentRule> parse_rules(const std::string& path, const std::string& text) {
  std::vector<SegmentRule> rules;
  std::istringstream lines(text);
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.empty() || line.front() == '#') continue;
    std::optional<SegmentRule> rule = parse_rule(line);
    if (!rule) {
      throw Error(ExitCode::bad_data, fmt::format("{}:{}: {}: expected NAME,R,F,M with classes as in 4, 4-5 or *", path,
                                                  number, shown(line)));
    }
    rules.push_back(std::move(*rule));
  }
  if (rules.empty())
    throw Error(ExitCode::bad_data, fmt::format("{}: names no segment; expected lines NAME,R,F,M", path));
  return rules;
}

}  // namespace

std::vector<SegmentRule> usual_segments() {
  constexpr ClassRange any{1, 5};
  return {{"champions", {5, 5}, {4, 5}, any},
          {"loyal", {3, 4}, {4, 5}, any},
          {"potential loyal", {4, 5}, {2, 3}, any},
          {"new", {5, 5}, {1, 1}, any},
          {"promising", {4, 4}, {1, 1}, any},
          {"need attention", {3, 3}, {3, 3}, any},
          {"about to sleep", {3, 3}, {1, 2}, any},
          {"cannot lose", {1, 2}, {5, 5}, any},
          {"at risk", {1, 2}, {3, 4}, any},
          {"hibernating", {2, 2}, {1, 2}, any},
          {"lost", {1, 1}, {1, 2}, any}};
}

std::vector<SegmentRule> read_segments(const Communicator& comm, const std::string& path) {
  std::string text = agree_on(comm, [&] {
    if (!comm.is_root()) return std::string();
    std::optional<std::string> content = whole_file(path);
    if (content) return std::move(*content);
    throw Error(ExitCode::no_input,
                fmt::format("{}: cannot read this file of segments: {}", path, std::generic_category().message(errno)));
  });
  comm.broadcast(text);
  return agree_on(comm, [&] { return parse_rules(path, text); });
}

std::optional<std::size_t> segment_of(const std::vector<SegmentRule>& rules, int recency, int frequency, int money) {
  const auto found = std::ranges::find_if(rules, [&](const SegmentRule& rule) {
    return rule.recency.contains(recency) && rule.frequency.contains(frequency) && rule.money.contains(money);
  });
  if (found == rules.end()) return std::nullopt;
  return static_cast<std::size_t>(found - rules.begin());
}

}  // namespace rankwise
