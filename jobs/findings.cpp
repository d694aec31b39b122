#include "jobs/findings.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace rankwise {

namespace {

const char* word_of(Verdict verdict) {
  if (verdict == Verdict::fine) return "fine";
  return verdict == Verdict::warning ? "warning" : "FAULT";
}

}  // namespace

std::string findings_table(std::span<const Finding> findings) {
  std::string text;
  for (const Finding& finding : findings) {
    text += fmt::format("{:<8} {:<18} {}\n", word_of(finding.verdict), finding.check, finding.found);
    if (!finding.advice.empty()) text += fmt::format("{:<27} -> {}\n", "", finding.advice);
  }
  const auto count = [findings](Verdict verdict) { return std::ranges::count(findings, verdict, &Finding::verdict); };
  return text + fmt::format("{} checks: {} fine, {} warnings, {} faults\n", findings.size(), count(Verdict::fine),
                            count(Verdict::warning), count(Verdict::fault));
}

void log_findings(Report& report, std::span<const Finding> findings) {
  for (const Finding& finding : findings) {
    report.event("finding", {{"check", finding.check},
                             {"verdict", word_of(finding.verdict)},
                             {"found", finding.found},
                             {"advice", finding.advice}});
  }
}

}  // namespace rankwise
