// Sample runs:
//   rankwise campaign assign --campaign spring.ini --data shop.h5 --key campaign.key --assignment spring.h5
//   mpirun -n 4 rankwise campaign assign --campaign spring.ini --data shop.h5 --profile customers.h5 --key env:KEY
//     --segments users-k8.h5 --assignment spring.h5 --lists spring.csv --explain

#include "jobs/campaign/assign.hpp"

#include <boost/program_options.hpp>
#include <chrono>
#include <fmt/format.h>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "io/campaign/assignment_file.hpp"
#include "io/config/json_text.hpp"
#include "io/files/commit.hpp"
#include "io/text/time_text.hpp"
#include "jobs/campaign/assignment_lists.hpp"
#include "jobs/campaign/campaign_notes.hpp"
#include "jobs/campaign/campaign_run.hpp"
#include "jobs/campaign/list_names.hpp"
#include "jobs/campaign/proposal_report.hpp"
#include "jobs/options/choices.hpp"
#include "jobs/options/file_option.hpp"
#include "jobs/run/standard_output.hpp"
#include "jobs/run/text_output.hpp"
#include "kernels/base/error.hpp"
#include "kernels/base/time_units.hpp"
#include "kernels/text/counted.hpp"
#include "kernels/text/shown_text.hpp"
#include "kernels/text/utc_text.hpp"

namespace rankwise {

namespace {

struct AssignOptions {
  CampaignOptions campaign;
  std::string assignment;
  std::optional<std::int64_t> created_microseconds;  ///< nothing: now
  AssignmentListOptions lists;
  std::string output;
  int deflate_level = 0;
};

std::int64_t parse_created(const std::string& text) {
  try {
    return TimeReader(TimeForm::by_look, "").read(text);
  } catch (const Error&) {
    throw Error(ExitCode::usage, fmt::format("--created {}: expected a time (UTC), as in 2024-09-24 or 2024-09-24 "
                                             "08:00:00",
                                             shown(text)));
  }
}

/// The root's clock, unless the option says when. Collective.
std::int64_t created_at(const Communicator& comm, const AssignOptions& options) {
  if (options.created_microseconds) return *options.created_microseconds;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  std::vector<std::int64_t> created{std::chrono::duration_cast<std::chrono::microseconds>(now).count()};
  comm.broadcast(created);
  return created.front();
}

/// No list was fixed before the last order that it knows.
void raise_to_last_order(JobContext& context, const DatasetReader& dataset, CampaignTerms& terms) {
  const std::optional<std::int64_t> last = dataset.log_times().last_seconds;
  if (!last || terms.created_microseconds >= *last * millionths) return;
  context.report.warning(
      fmt::format("--created {} is before the last order of the log, {} UTC: a list made of it was "
                  "not fixed earlier, and the assignment says {} UTC",
                  utc_text(seconds_of(terms.created_microseconds)), utc_text(*last), utc_text(*last)));
  terms.created_microseconds = *last * millionths;
}

void warn_of_creation(JobContext& context, const CampaignTerms& terms) {
  if (terms.created_microseconds <= terms.start_microseconds) return;
  context.report.warning(fmt::format(
      "the list was made {} UTC, after the campaign's start {} UTC: campaign measure refuses it, since outcomes "
      "may have been known; --created says when a list was fixed that this run makes again",
      utc_text(seconds_of(terms.created_microseconds)), utc_text(seconds_of(terms.start_microseconds))));
}

void write_files(const AssignOptions& options, JobContext& context, const CampaignRun& run) {
  const CampaignAssignment& assignment = run.proposal.assignment;
  {
    const auto timer = context.report.phase("write");
    write_assignment(context.comm, options.assignment, assignment,
                     context.provenance(assignment_kind, run.customers.dataset->provenance().dataset_digest),
                     options.deflate_level);
  }
  context.report.line(
      fmt::format("wrote {}: {}", options.assignment, counted(assignment.ids.total_rows, "eligible customer")));
  write_assignment_lists(context, options.lists, run, options.campaign.clustering);
  if (options.output.empty()) return;
  nlohmann::ordered_json json = proposal_json(run);
  json["created"] = utc_text(seconds_of(assignment.terms.created_microseconds));
  write_from_root(context, options.output, json_text(json, 1) + "\n");
}

void check(const AssignOptions& options) {
  require_sense(options.campaign);
  require_sense(options.lists);
}

void assign_campaign(const AssignOptions& options, JobContext& context) {
  const Communicator& comm = context.comm;
  agree_on(comm, [&] { check(options); });
  check_output(comm, options.assignment);
  check_lists(comm, options.lists);
  if (!options.output.empty()) check_output(comm, options.output);

  // 1. Who is eligible, who is held out, and which offers the others get.
  CampaignRun run;
  run_campaign(context, options.campaign, run);
  run.proposal.assignment.terms.created_microseconds = created_at(comm, options);
  raise_to_last_order(context, *run.customers.dataset, run.proposal.assignment.terms);
  warn_of_creation(context, run.proposal.assignment.terms);

  require_list_names(comm, options.lists, run);

  // 2. Say it, and fix it.
  if (comm.is_root()) print_result(proposal_table(run));
  write_files(options, context, run);
}

RunJob describe_assign(boost::program_options::options_description& description) {
  namespace po = boost::program_options;
  const auto options = std::make_shared<AssignOptions>();
  describe_campaign(description, options->campaign);
  // clang-format off
  description.add_options()
    ("assignment", written_file(&options->assignment, hdf5_endings)->required(), "the assignment (HDF5): groups and offers of all eligible customers, for campaign measure")
    ("created", po::value<std::string>()->value_name("TIME")->notifier([options](const std::string& text) { options->created_microseconds = parse_created(text); }),
     "when the assignment was fixed (UTC), as in 2024-09-24 08:00:00; without it now")
    ("lists", lists_output(&options->lists.path),
     "whom to send what: with lists.csv these are lists-segment-0-mail.csv and so on for each segment and channel, lists-controls.csv and lists.csv.manifest.json; with lists.h5 one table")
    ("format", po::value(&options->lists.format)->value_name("csv|excel|tsv|jsonl|h5"),
     "how lists are written; without it by the name of --lists; excel: CSV with a byte order mark, and an apostrophe before texts that a spreadsheet would run as a formula")
    ("explain", po::bool_switch(&options->lists.explain), "lists say why: probability, margin, uplift, cost, prices of offer and budget, net value")
    ("output", written_file(&options->output, json_endings), "write all numbers (JSON)");
  // clang-format on
  describe_compression(description, options->deflate_level);
  return {[options](JobContext& context) { assign_campaign(*options, context); }, [options] { check(*options); }};
}

}  // namespace

Job campaign_assign_job() {
  return {"campaign assign",
          "offers of customers under a budget, with a hold-out: campaign + dataset -> assignment, lists",
          campaign_notes, describe_assign};
}

}  // namespace rankwise
