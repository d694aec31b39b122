#include "jobs/options/options.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <iterator>
#include <stdexcept>
#include <typeinfo>

#include "io/config/config_file.hpp"
#include "jobs/options/choices.hpp"
#include "jobs/options/file_option.hpp"
#include "jobs/options/files_beside.hpp"
#include "jobs/options/option_text.hpp"
#include "kernels/text/nearest_name.hpp"

namespace rankwise {

namespace po = boost::program_options;

namespace {

constexpr int most_threads = 4096;
/// Wherever and however fast a run is made, its files are the same, or hold the same.
constexpr std::array<std::string_view, 18> without_effect_on_output{"threads",
                                                                    "rank-timeout",
                                                                    "simd",
                                                                    "log-json",
                                                                    "quiet",
                                                                    "verify-inputs",
                                                                    "config",
                                                                    "memory-budget",
                                                                    "node-sharing",
                                                                    "pruning",
                                                                    "checkpoint-every",
                                                                    "checkpoint-interval",
                                                                    "checkpoint-writing",
                                                                    "resume",
                                                                    "max-time",
                                                                    "keep",
                                                                    "lock",
                                                                    "compression"};

Error usage_error(const std::string& message) {
  return Error(ExitCode::usage, message);
}

/// What a value of this option must be, for an error line.
std::string expected(const po::option_description& option) {
  const auto* typed = dynamic_cast<const po::typed_value_base*>(option.semantic().get());
  if (typed == nullptr) return "another value";
  const std::type_info& type = typed->value_type();
  if (type == typeid(bool)) return "true or false";
  if (type == typeid(float) || type == typeid(double)) return "a number";
  if (type == typeid(unsigned) || type == typeid(unsigned long)) return "a whole number >= 0";
  if (type == typeid(int) || type == typeid(long)) return "a whole number";
  return value_name(option);
}

bool is_number_type(const po::option_description& option, bool floating) {
  const auto* typed = dynamic_cast<const po::typed_value_base*>(option.semantic().get());
  if (typed == nullptr) return false;
  const std::type_info& type = typed->value_type();
  if (floating) return type == typeid(float) || type == typeid(double);
  return type == typeid(unsigned) || type == typeid(unsigned long);
}

bool is_list_type(const po::option_description& option) {
  const auto* typed = dynamic_cast<const po::typed_value_base*>(option.semantic().get());
  return typed != nullptr && typed->value_type() == typeid(std::vector<std::string>);
}

bool is_text_type(const po::option_description& option) {
  const auto* typed = dynamic_cast<const po::typed_value_base*>(option.semantic().get());
  return typed != nullptr && (typed->value_type() == typeid(std::string) || is_list_type(option));
}

}  // namespace

JobOptions::JobOptions(const Job& job) : job_(job) {
  run_ = job.describe(job_options_);
  // clang-format off
  common_options_.add_options()
    ("threads", po::value(&common_.threads)->value_name("N")->default_value(0, "OMP_NUM_THREADS, else SLURM_CPUS_PER_TASK, "
     "else this rank's share of the node's processors"), "threads of each rank")
    ("seed", po::value(&common_.seed)->value_name("N")->default_value(0), "seed of every random number")
    ("simd", po::value(&common_.simd)->value_name("auto|portable|avx2|avx512|neon")->default_value("auto"),
     "instruction set of the kernels; auto is the best that this processor has")
    ("log-json", written_file(&common_.log_json, json_lines_endings), "write every event and metric, one JSON object a line")
    ("rank-timeout", po::value(&common_.rank_timeout_seconds)->value_name("SECONDS")->default_value(20)
     ->notifier([](int seconds) { if (seconds != 0) within<int>("rank-timeout", 3, 86'400)(seconds); }),
     "end the job if a rank has not answered for so long; 0: wait forever")
    ("verify-inputs", po::value<std::string>()->value_name("yes|no")->default_value("yes")->notifier(
       one_of<InputCheck>("verify-inputs", common_.input_check, {{"yes", InputCheck::digests}, {"no", InputCheck::none}})),
     "compare what is read of datasets, models and other files of rankwise with the digests in them")
    ("quiet", po::bool_switch(&common_.quiet), "no progress and no table on standard error; warnings are still printed")
    ("config", read_file(),
     "read options from lines `name = value`, or, where its name ends in .json, from an object; the command line wins")
    ("help", po::bool_switch(), "print this and end");
  // clang-format on
  all_options_.add(job_options_).add(common_options_);
  for (const auto& option : all_options_.options()) {
    if (!takes_paths(*option) || role_of(*option) != nullptr) continue;
    throw std::logic_error(fmt::format("option --{} of {} takes a path and does not say whether it is read or written",
                                       option->long_name(), job_.name));
  }
}

const po::option_description* JobOptions::find(const std::string& name) const {
  return all_options_.find_nothrow(name, false);
}

std::vector<std::string> JobOptions::names() const {
  std::vector<std::string> all;
  for (const auto& option : all_options_.options()) all.push_back(option->long_name());
  return all;
}

void JobOptions::check_values(const Values& values, const std::string& prefix) const {
  for (const auto& given : values.options) {
    const po::option_description* option = find(given.string_key);
    if (option == nullptr) continue;
    for (const std::string& value : given.value) {
      // Boost reads -1 into an unsigned number without complaint, and nan into a floating one.
      const bool wraps = is_number_type(*option, false) && value.starts_with('-');
      const bool is_float = is_number_type(*option, true);
      const bool is_odd = is_float && value.find_first_not_of("0123456789.eE+-") != std::string::npos;
      // Where such a value does not fit, Boost's message puts it into its own place, without end.
      const bool is_endless = !is_text_type(*option) && value.find("%value%") != std::string::npos;
      if (wraps || is_odd || is_endless || value.empty()) {
        throw usage_error(fmt::format("option {}{}: '{}' does not fit; expected {}", prefix, given.string_key, value,
                                      expected(*option)));
      }
    }
  }
}

Error JobOptions::explained(const po::error& error, const std::string& prefix) const {
  const auto* named = dynamic_cast<const po::error_with_option_name*>(&error);
  std::string name = named == nullptr ? std::string() : named->get_option_name();
  name.erase(0, std::min(name.find_first_not_of('-'), name.size()));
  if (dynamic_cast<const po::unknown_option*>(&error) != nullptr) {
    name = name.substr(0, name.find('='));
    return usage_error(fmt::format("unknown option {}{}{} (rankwise {} --help lists all)", prefix, name,
                                   nearest_hint(name, names(), prefix), job_.name));
  }
  if (dynamic_cast<const po::multiple_occurrences*>(&error) != nullptr) {
    return usage_error(fmt::format("option {}{} is given twice", prefix, name));
  }
  if (dynamic_cast<const po::required_option*>(&error) != nullptr) {
    return usage_error(
        fmt::format("{} needs option --{} (rankwise {} --help explains it)", job_.name, name, job_.name));
  }
  if (const auto* syntax = dynamic_cast<const po::invalid_syntax*>(&error)) {
    const bool extra = syntax->kind() == po::invalid_syntax::extra_parameter;
    return usage_error(fmt::format("option {}{} {}", prefix, name, extra ? "takes no value" : "needs a value"));
  }
  if (const po::option_description* option = find(name)) {
    // Boost's own words hold the value, "the argument ('x') for option ..."; ours say what was expected, too.
    const std::string words = error.what();
    const std::size_t begin = words.find('\'');
    const std::size_t end = words.find("')");
    if (begin != std::string::npos && end != std::string::npos && begin < end) {
      return usage_error(fmt::format("option {}{}: '{}' does not fit; expected {}", prefix, name,
                                     words.substr(begin + 1, end - begin - 1), expected(*option)));
    }
  }
  return usage_error(error.what());
}

void JobOptions::parse_command_line(std::span<const std::string> arguments) {
  try {
    po::command_line_parser parser(std::vector<std::string>(arguments.begin(), arguments.end()));
    namespace style = po::command_line_style;
    parser.options(all_options_).style(style::allow_long | style::long_allow_adjacent | style::long_allow_next);
    po::positional_options_description positional;
    if (!job_.positional.empty()) {
      positional.add(std::string(job_.positional).c_str(), -1);
      parser.positional(positional);
    }
    const Values given = parser.run();
    for (const auto& option : given.options) {
      if (option.position_key >= 0 && (job_.positional.empty() || option.value.front().starts_with('-'))) {
        throw usage_error(fmt::format("unexpected argument '{}'; options begin with -- and {} takes no other arguments",
                                      option.value.front(), job_.name));
      }
      // "--output --threads 2": the next option is not a value, unless it is joined by "=".
      const bool joined = option.original_tokens.size() < 2;
      if (!joined && !option.value.empty() && option.value.front().starts_with("--")) {
        throw usage_error(fmt::format("option --{} needs a value", option.string_key));
      }
    }
    check_values(given, "--");
    remember_text(given);
    po::store(given, values_);
  } catch (const po::error& error) {
    throw explained(error, "--");
  }
}

std::string JobOptions::config_file() const {
  return values_.count("config") == 0 ? std::string() : values_["config"].as<std::string>();
}

bool JobOptions::may_repeat(const std::string& name) const {
  const po::option_description* option = find(name);
  return option != nullptr && is_list_type(*option);
}

void JobOptions::parse_config(std::string_view text, const std::string& file_name) {
  const auto repeats = [this](const std::string& /*section*/, const std::string& option) { return may_repeat(option); };
  parse_entries(rankwise::parse_config(text, file_name, repeats), file_name);
}

void JobOptions::parse_entries(std::span<const ConfigEntry> entries, const std::string& file_name) {
  Values given(&all_options_);
  for (const ConfigEntry& entry : entries) {
    try {
      if (entry.name == "config" || entry.name == "help") {
        throw usage_error(fmt::format("option {} belongs on the command line", entry.name));
      }
      if (find(entry.name) == nullptr) throw explained(po::unknown_option(entry.name), "");
      if (entry.value.empty()) throw usage_error(fmt::format("option {} needs a value", entry.name));
      if (given_texts_.contains(entry.name)) continue;  // also lists: the command line replaces, it does not add
      po::option option;
      option.string_key = entry.name;
      option.value = {entry.value};
      given.options.push_back(option);
      check_values(given, "");
      // A trial after each line tells which one does not fit, or repeats what may stand only once.
      po::variables_map trial;
      po::store(given, trial);
    } catch (const Error& error) {
      throw usage_error(fmt::format("{}:{}: {}", file_name, entry.line, error.what()));
    } catch (const po::error& error) {
      throw usage_error(fmt::format("{}:{}: {}", file_name, entry.line, explained(error, "").what()));
    }
  }
  remember_text(given);
  po::store(given, values_);
}

void JobOptions::remember_text(const Values& values) {
  std::map<std::string, std::string> texts;
  for (const auto& option : values.options) {
    for (const std::string& value : option.value) {
      std::string& text = texts[option.string_key];
      text += (text.empty() ? "" : ",") + value;
    }
  }
  given_texts_.merge(texts);  // keeps what the command line said
}

void JobOptions::resolve(int automatic_threads) {
  try {
    po::notify(values_);
  } catch (const po::error& error) {
    throw explained(error, "--");
  }
  if (values_["threads"].defaulted()) {
    common_.threads = automatic_threads;
    if (automatic_threads > most_threads) {
      throw usage_error(fmt::format("OMP_NUM_THREADS or SLURM_CPUS_PER_TASK: '{}' does not fit; expected 1 to {}",
                                    automatic_threads, most_threads));
    }
  } else if (common_.threads < 1 || common_.threads > most_threads) {
    throw usage_error(
        fmt::format("option --threads: '{}' does not fit; expected 1 to {}", common_.threads, most_threads));
  }
  settings_.clear();
  for (const auto& option : all_options_.options()) {
    const std::string& name = option->long_name();
    if (values_.count(name) == 0 || name == "help") continue;
    const auto given = given_texts_.find(name);
    std::string text =
        name == "threads"
            ? std::to_string(common_.threads)
            : value_text(values_[name].value(), given != given_texts_.end() ? given->second : default_text(*option));
    const bool never = std::ranges::find(without_effect_on_output, name) != without_effect_on_output.end();
    settings_.push_back({name, std::move(text), !says_only_where(*option) && !never});
  }
}

void JobOptions::limit_threads(int threads) {
  common_.threads = threads;
  std::ranges::find(settings_, "threads", &Setting::name)->value = std::to_string(threads);
}

std::vector<NamedFile> JobOptions::files() const {
  std::vector<NamedFile> named;
  for (const auto& option : all_options_.options()) {
    const FileRole* role = role_of(*option);
    if (role == nullptr || values_.count(option->long_name()) == 0) continue;
    const boost::any& value = values_[option->long_name()].value();
    const auto* one = boost::any_cast<std::string>(&value);
    const std::vector<std::string> paths =
        one != nullptr ? std::vector{*one} : boost::any_cast<std::vector<std::string>>(value);
    for (const std::string& path : paths) {
      if (!takes_as_path(*option, path)) continue;
      named.push_back({"--" + option->long_name(), path, *role});
      const auto* const beside = dynamic_cast<const FilesBeside*>(option->semantic().get());
      if (beside == nullptr) continue;
      std::ranges::move(beside->files_beside(named.back().name, path), std::back_inserter(named));
    }
  }
  return named;
}

std::string JobOptions::configuration() const {
  std::vector<std::string> lines;
  for (const Setting& setting : settings_) {
    if (setting.determines_output) lines.push_back(fmt::format("{} = {}", setting.name, setting.value));
  }
  std::ranges::sort(lines);
  return fmt::format("{}", fmt::join(lines, "\n"));
}

std::string JobOptions::help() const {
  const std::string positional =
      job_.positional.empty() ? "" : fmt::format(" {}...", value_name(*find(std::string(job_.positional))));
  std::string text = fmt::format("rankwise {}: {}\n\nUsage: rankwise {} [--config FILE] [options]{}\n\n", job_.name,
                                 job_.summary, job_.name, positional);
  text += help_table(fmt::format("Options of {}", job_.name), job_options_) + "\n";
  text += help_table("Options of every job", common_options_);
  if (!job_.notes.empty()) text += fmt::format("\n{}\n", job_.notes);
  return text;
}

}  // namespace rankwise
