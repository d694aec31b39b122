#include "jobs/quarterly/chain/links.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <string>
#include <string_view>

#include "kernels/base/error.hpp"

namespace rankwise {

namespace {

/// What a step reads must last: it would else never be done.
void require_earlier_writers(const Chain& chain, const std::map<std::string, std::size_t>& writers) {
  for (std::size_t place = 0; place < chain.steps.size(); ++place) {
    const ChainStep& step = chain.steps[place];
    for (const std::string& path : step.inputs) {
      const auto writer = writers.find(path);
      if (writer == writers.end() || writer->second < place) continue;
      throw Error(ExitCode::usage,
                  fmt::format("{}: {} reads {}, which {} writes; expected a file that no step writes, or one before it",
                              chain.file, step.name, path, chain.steps[writer->second].name));
    }
  }
}

}  // namespace

void link_steps(Chain& chain) {
  std::map<std::string, std::size_t> writers;
  for (std::size_t place = 0; place < chain.steps.size(); ++place) {
    ChainStep& step = chain.steps[place];
    for (const std::string& path : step.inputs) {
      const auto writer = writers.find(path);
      if (writer != writers.end()) step.after.push_back(writer->second);
    }
    // Only a model whose options have been measured is trained to serve.
    if (step.name.starts_with("final")) {
      const std::string evaluation = "evaluate" + step.name.substr(std::string_view("final").size());
      const auto found = std::ranges::find(chain.steps, evaluation, &ChainStep::name);
      if (found != chain.steps.end()) step.after.push_back(static_cast<std::size_t>(found - chain.steps.begin()));
    }
    std::ranges::sort(step.after);
    step.after.erase(std::unique(step.after.begin(), step.after.end()), step.after.end());
    for (const std::string& path : step.outputs) {
      const auto [other, is_new] = writers.emplace(path, place);
      if (is_new) continue;
      throw Error(ExitCode::usage, fmt::format("{}: {} and {} both write {}", chain.file,
                                               chain.steps[other->second].name, step.name, path));
    }
  }
  require_earlier_writers(chain, writers);
}

}  // namespace rankwise
