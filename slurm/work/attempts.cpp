#include "slurm/work/attempts.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <sstream>

#include "kernels/process/small_file.hpp"
#include "kernels/text/number_text.hpp"

namespace rankwise::slurm {

std::vector<Attempt> parse_attempts(std::string_view text) {
  constexpr std::int64_t most_restarts = 1'000'000'000;
  constexpr std::int64_t most_code = 255;
  std::vector<Attempt> attempts;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line) && !lines.eof();) {  // no newline: cut short
    std::istringstream words(line);
    std::string kind;
    std::string time;
    std::string restarts;
    std::string last;
    Attempt run;
    if (!(words >> kind >> time >> run.job >> run.job_id >> restarts >> last)) continue;
    const auto seconds = whole_number<std::int64_t>(time, 0, most_seconds);
    const auto restart = whole_number<std::int64_t>(restarts, 0, most_restarts);
    if (!seconds || !restart) continue;
    run.restart = *restart;
    if (kind == "begin") {
      run.host = last;
      run.begin_seconds = *seconds;
      attempts.push_back(std::move(run));
    } else if (const auto code = whole_number<std::int64_t>(last, 0, most_code); kind == "end" && code) {
      // Of two jobs that ran it at once (a node that seemed to be lost) each ends its own run.
      const auto begun = std::find_if(attempts.rbegin(), attempts.rend(), [&run](const Attempt& other) {
        return other.job_id == run.job_id && other.restart == run.restart && !other.end_seconds;
      });
      if (begun == attempts.rend()) continue;
      begun->end_seconds = *seconds;
      begun->exit_code = static_cast<int>(*code);
    }
  }
  return attempts;
}

std::vector<Attempt> read_attempts(const std::string& folder, const std::string& item) {
  return parse_attempts(read_small_file(attempts_path(folder, item)));
}

void append_attempt(const std::string& folder, const std::string& item, const Attempt& attempt) {
  const bool ended = attempt.exit_code.has_value();
  const std::string line = fmt::format(
      "{} {} {} {} {} {}", ended ? "end" : "begin", ended ? attempt.end_seconds.value_or(0) : attempt.begin_seconds,
      attempt.job, attempt.job_id, attempt.restart, ended ? std::to_string(*attempt.exit_code) : attempt.host);
  static_cast<void>(append_line(attempts_path(folder, item), line));  // what is only told later must not end the work
}

std::string log_path(const std::string& folder, const std::string& item) {
  return folder + "/logs/" + item + ".log";
}

std::string attempts_path(const std::string& folder, const std::string& item) {
  return folder + "/logs/" + item + ".attempts";
}

}  // namespace rankwise::slurm
