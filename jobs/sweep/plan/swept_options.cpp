#include "jobs/sweep/plan/swept_options.hpp"

#include <algorithm>
#include <array>
#include <boost/program_options.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <iterator>
#include <typeinfo>

#include "jobs/als/als.hpp"
#include "jobs/itemcf/itemcf.hpp"
#include "jobs/kmeans/kmeans.hpp"
#include "jobs/options/file_option.hpp"
#include "jobs/options/option_text.hpp"
#include "kernels/text/nearest_name.hpp"

namespace rankwise {

namespace po = boost::program_options;

namespace {

/// Decided by the sweep itself, by fold, rung and directory.
constexpr std::array<std::string_view, 10> sweeps_own{
    "fold",   "epochs",   "epochs-of", "train-on", "checkpoint-every", "checkpoint-interval",
    "resume", "max-time", "keep",      "lock"};

ValueKind kind_of(const po::option_description& option) {
  // Beside words, or as a range.
  if (option.long_name() == "clusters" || option.long_name() == "neighbours") return ValueKind::whole_number;
  if (option.long_name() == "unobserved-weight") return ValueKind::number;  // or auto
  const auto* typed = dynamic_cast<const po::typed_value_base*>(option.semantic().get());
  if (typed == nullptr) return ValueKind::word;
  const std::type_info& type = typed->value_type();
  if (type == typeid(double) || type == typeid(float)) return ValueKind::number;
  return type == typeid(int) || type == typeid(long) ? ValueKind::whole_number : ValueKind::word;
}

}  // namespace

Job job_of(SweptJob job) {
  switch (job) {
    case SweptJob::als:
      return als_job();
    case SweptJob::itemcf:
      return itemcf_job();
    case SweptJob::kmeans:
      break;
  }
  return kmeans_job();
}

std::vector<std::string> with_named_files(SweptJob job, std::vector<std::string> arguments) {
  const char* const read = trains_on_folds(job) ? "--data" : "--input";
  const char* const written = trains_on_folds(job) ? "--model" : "--output";
  arguments.insert(arguments.end(), {read, "file", written, "file"});
  return arguments;
}

std::vector<SweptOption> swept_options(SweptJob job) {
  po::options_description description;
  (void)job_of(job).describe(description);
  std::vector<SweptOption> options;
  for (const auto& option : description.options()) {
    const std::string& name = option->long_name();
    const std::string kind = value_name(*option);
    if (says_only_where(*option) || std::ranges::find(sweeps_own, name) != sweeps_own.end()) continue;
    const bool is_switch = option->semantic()->max_tokens() == 0;
    options.push_back(
        {name, is_switch ? "true|false" : kind, kind_of(*option), is_switch, role_of(*option) != nullptr});
  }
  return options;
}

void describe_swept_options(po::options_description& description, std::map<std::string, std::string>& texts) {
  std::map<std::string, std::vector<std::string>> jobs_of;
  std::vector<SweptOption> all;
  for (const SweptJob job : {SweptJob::als, SweptJob::itemcf, SweptJob::kmeans}) {
    for (const SweptOption& option : swept_options(job)) {
      std::vector<std::string>& jobs = jobs_of[option.name];
      if (jobs.empty()) all.push_back(option);
      jobs.emplace_back(job_name(job));
    }
  }
  for (const SweptOption& option : all) {
    const std::vector<std::string>& jobs = jobs_of[option.name];
    auto* value = option.names_file ? read_file() : po::value<std::string>();
    value->value_name(option.value_name)->notifier([&texts, name = option.name](const std::string& text) {
      texts[name] = text;
    });
    const std::string meaning = fmt::format("of {}", fmt::join(jobs, " and "));
    description.add_options()(option.name.c_str(), value, meaning.c_str());
  }
}

Space swept_space(SweptJob job, const std::map<std::string, std::string>& texts) {
  const std::vector<SweptOption> options = swept_options(job);
  std::vector<Parameter> parameters;
  for (const auto& [name, text] : texts) {
    const auto option = std::ranges::find(options, name, &SweptOption::name);
    if (option == options.end()) {
      std::vector<std::string> names;
      for (const SweptOption& known : options) names.push_back(known.name);
      throw Error(ExitCode::usage, fmt::format("option {}: {} has none of this name{}", name, job_name(job),
                                               nearest_hint(name, names, "")));
    }
    std::ranges::move(parse_parameters(name, text, option->kind), std::back_inserter(parameters));
  }
  return ordered_space(std::move(parameters));
}

std::vector<std::string> point_arguments(SweptJob job, const SearchPoint& point) {
  const std::vector<SweptOption> options = swept_options(job);
  std::vector<std::string> arguments;
  for (const Assignment& assignment : point) {
    const auto option = std::ranges::find(options, assignment.name, &SweptOption::name);
    if (option == options.end()) {
      throw Error(ExitCode::usage, fmt::format("option {}: is none that a sweep may vary", assignment.name));
    }
    if (!option->is_switch) {
      arguments.insert(arguments.end(), {"--" + assignment.name, assignment.value});
    } else if (assignment.value == "true") {
      arguments.push_back("--" + assignment.name);
    } else if (assignment.value != "false") {
      throw Error(ExitCode::usage, fmt::format("option {}: '{}' does not fit; expected true or false", assignment.name,
                                               assignment.value));
    }
  }
  return arguments;
}

}  // namespace rankwise
