#include "jobs/quarterly/serving.hpp"

#include <filesystem>
#include <fmt/format.h>
#include <limits>

#include "io/config/recorded_value.hpp"
#include "io/files/commit.hpp"
#include "jobs/evaluate/gate.hpp"
#include "kernels/process/small_file.hpp"

namespace rankwise {

namespace {

namespace fs = std::filesystem;

/// The bytes of `from`, whole or not at all. Collective over comm; throws AgreedError.
void copy_file(const Communicator& comm, const std::string& from, const std::string& to) {
  OutputFile output(comm, to);
  agree_on(comm, [&] {
    if (!comm.is_root()) return;
    std::error_code error;
    fs::copy_file(from, output.temporary_path(), fs::copy_options::overwrite_existing, error);
    if (error)
      throw Error(ExitCode::io_error, fmt::format("{}: cannot be copied to {}: {}", from, to, error.message()));
  });
  output.commit();
}

}  // namespace

GateVerdict read_verdict(const std::string& path) {
  constexpr double most = std::numeric_limits<double>::max();
  const RecordedValue gate = RecordedValue::parse(read_small_file(path), path).at("gate");
  GateVerdict verdict;
  verdict.against = gate.at("against").text();
  verdict.metric = gate.at("metric").text();
  verdict.margin = gate.at("margin").number(0, most);
  verdict.confidence = gate.at("confidence").number(0, 1);
  verdict.difference = gate.at("difference").number(-most, most);
  verdict.lower_bound = gate.at("lower_bound").number(-most, most);
  verdict.may_know_heldout = gate.at("against_may_know_heldout").flag();
  verdict.passed = gate.at("passed").flag();
  return verdict;
}

std::string held_back_text(const GateVerdict& verdict) {
  if (verdict.passed) return {};
  return fmt::format("the new model is held back, and last quarter's serves: {}{}", verdict_text(verdict),
                     verdict.may_know_heldout ? "; last quarter's model may know part of what is held out, and is then "
                                                "too good: split = temporal:SHARE holds out what is later"
                                              : "");
}

bool serve_chosen_model(const Communicator& comm, const ChainStep& step) {
  const ServingChoice& choice = step.choice;
  if (!choice.is_made()) return false;
  const bool passed_here = agree_on(comm, [&] { return !comm.is_root() || read_verdict(choice.verdict).passed; });
  const bool passed = comm.min(Index{passed_here ? 1 : 0}) != 0;
  const std::string& model = passed ? choice.measured : choice.older;
  if (model.empty()) return false;
  copy_file(comm, model, step.outputs.front());
  return true;
}

}  // namespace rankwise
