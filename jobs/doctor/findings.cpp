#include "jobs/doctor/findings.hpp"

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
    text += fmt::format("{:<8} {:<21} {}\n", word_of(finding.verdict), finding.check, finding.found);
    if (!finding.advice.empty()) text += fmt::format("{:<30} -> {}\n", "", finding.advice);
  }
  const auto count = [findings](Verdict verdict) { return std::ranges::count(findings, verdict, &Finding::verdict); };
  const auto warnings = count(Verdict::warning);
  const auto faults = count(Verdict::fault);
  return text + fmt::format("{} checks: {} fine, {} warning{}, {} fault{}\n", findings.size(), count(Verdict::fine),
                            warnings, warnings == 1 ? "" : "s", faults, faults == 1 ? "" : "s");
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
