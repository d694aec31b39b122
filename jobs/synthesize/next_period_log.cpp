#include "jobs/synthesize/next_period_log.hpp"

#include <boost/program_options.hpp>
#include <fmt/format.h>
#include <span>
#include <string_view>
#include <vector>

#include "distributed/rows/partition.hpp"
#include "io/campaign/assignment_file.hpp"
#include "io/synthetic/response_table.hpp"
#include "io/text/csv_field.hpp"
#include "io/text/time_text.hpp"
#include "jobs/options/file_option.hpp"
#include "jobs/run/text_output.hpp"
#include "kernels/base/time_units.hpp"
#include "kernels/text/counted.hpp"
#include "kernels/text/shown_text.hpp"
#include "kernels/text/utc_text.hpp"

namespace rankwise {

namespace {

std::int64_t parse_cut(const std::string& text) {
  try {
    return TimeReader(TimeForm::by_look, "").read(text) / millionths;
  } catch (const Error&) {
    throw Error(ExitCode::usage, fmt::format("--cut {}: expected a time as in 2024-10-01", shown(text)));
  }
}

std::string money_text(std::int64_t cents) {
  return fmt::format("{}.{:02}", cents / 100, cents % 100);
}

/// Lines as the log has them: user, item, one piece, its price, time.
std::string purchase_lines(const SyntheticShape& shape, const CampaignAssignment& assignment,
                           const ExtraPurchases& extra) {
  std::string text;
  for (const ExtraPurchase& purchase : extra.purchases) {
    text += fmt::format("{},{},1,{},{}\n", csv_field(id_text(assignment.ids.ids, purchase.customer)),
                        id_text(synthetic_item_ids(shape, {purchase.item, purchase.item + 1}), 0),
                        money_text(purchase.amount_cents), purchase.timestamp);
  }
  return text;
}

/// What was planted and what was drawn of it, by response.
std::string truth_text(const std::vector<PlantedResponse>& responses, const std::vector<Index>& sent,
                       const std::vector<Index>& orders) {
  std::string text = "segment,offer,sent,expected_orders,drawn_orders,expected_money,drawn_money\n";
  for (std::size_t place = 0; place < responses.size(); ++place) {
    const PlantedResponse& response = responses[place];
    const double expected = static_cast<double>(sent[place]) * response.extra_orders;
    text +=
        fmt::format("{},{},{},{:.6f},{},{:.6f},{}\n", csv_field(response.segment), csv_field(response.offer),
                    sent[place], expected, orders[place], expected * static_cast<double>(response.amount_cents) / 100,
                    money_text(orders[place] * response.amount_cents));
  }
  return text;
}

void require_within(const NextPeriodOptions& options, const CampaignTerms& terms, std::int64_t log_end_seconds) {
  const std::int64_t start = terms.start_microseconds / millionths;
  if (start >= *options.cut_seconds && start + terms.horizon_seconds <= log_end_seconds) return;
  throw AgreedError(
      ExitCode::bad_data,
      fmt::format("{}: its campaign is from {} for {}; expected one within the next period, from {} to {}",
                  options.assignment, utc_text(start), counted(terms.horizon_seconds, "second"),
                  utc_text(*options.cut_seconds), utc_text(log_end_seconds)));
}

}  // namespace

void describe_next_period(boost::program_options::options_description& description, NextPeriodOptions& options) {
  namespace po = boost::program_options;
  // clang-format off
  description.add_options()
    ("next-output", written_file(&options.output, csv_endings), "the rows from --cut on, which --output then is without: a next period to measure")
    ("cut", po::value<std::string>()->value_name("TIME")->notifier([&options](const std::string& text) { options.cut_seconds = parse_cut(text); }),
     "when the next period begins, as in 2024-10-01")
    ("assignment", read_file(&options.assignment), "a campaign of the next period, as campaign assign has fixed it for customers of this log: its offers make treated customers buy more")
    ("responses", read_file(&options.responses), "how much more: a table with the columns segment (* for all others), offer, extra_orders (of a customer, on average) and amount (of each)")
    ("campaign-truth", written_file(&options.truth, csv_endings), "write what was planted and drawn of it, by segment and offer");
  // clang-format on
}

void require_sense(const NextPeriodOptions& options, SyntheticKind kind) {
  const auto refuse = [](const std::string& message) { throw Error(ExitCode::usage, message); };
  if (options.output.empty() != !options.cut_seconds) refuse("expected --next-output and --cut together");
  if (options.assignment.empty() != options.responses.empty()) refuse("expected --assignment and --responses together");
  if (!options.assignment.empty() && options.output.empty()) refuse("--assignment needs --next-output");
  if (!options.truth.empty() && options.assignment.empty()) refuse("--campaign-truth needs --assignment");
  if (!options.assignment.empty() && kind != SyntheticKind::purchases) refuse("--assignment needs --kind purchases");
}

std::int64_t begin_of_next(const NextPeriodOptions& options) {
  return options.cut_seconds.value_or(no_next_period);
}

NextPeriodLog::NextPeriodLog(JobContext& context, const NextPeriodOptions& options, const SyntheticShape& shape)
    : context_(context), options_(options), shape_(shape) {
  if (options.output.empty()) return;
  if (!options.assignment.empty()) read_campaign();
  file_.emplace(context.comm, options.output);
  file_->append(context.comm.is_root() ? synthetic_header(shape.kind) : std::string_view());
}

void NextPeriodLog::append(const SyntheticLines& lines) {
  if (!file_) return;
  file_->append(lines.next_text);
  rows_ += lines.next_rows;
}

void NextPeriodLog::read_campaign() {
  const Communicator& comm = context_.comm;
  if (!options_.truth.empty()) check_output(comm, options_.truth);
  responses_ = read_responses(comm, options_.responses);
  const AssignmentReader reader(comm, options_.assignment, context_.common.input_check);
  require_within(options_, reader.terms(), shape_.start + shape_.days * seconds_per_day);
  assignment_ = reader.read(Partition::by_count(reader.users(), comm.size()).range(comm.rank()));
}

void NextPeriodLog::add_responses() {
  const Communicator& comm = context_.comm;
  ExtraPurchases extra = extra_purchases(assignment_, responses_, shape_.items, shape_.seed);
  file_->append(purchase_lines(shape_, assignment_, extra));
  comm.all_reduce_sum(std::span<Index>(extra.sent));
  comm.all_reduce_sum(std::span<Index>(extra.orders));
  for (std::size_t place = 0; place < responses_.size(); ++place) {
    if (extra.sent[place] > 0) continue;
    context_.report.warning(fmt::format("{}: offer {} was sent to nobody of segment {}: its response has no effect",
                                        options_.responses, shown(responses_[place].offer),
                                        shown(responses_[place].segment)));
  }
  rows_ += std::ssize(extra.purchases);
  write_from_root(context_, options_.truth, truth_text(responses_, extra.sent, extra.orders));
}

void NextPeriodLog::finish() {
  if (!file_) return;
  if (!options_.assignment.empty()) add_responses();
  file_->commit();
  const Index rows = context_.comm.sum(rows_);
  context_.report.line(fmt::format("{}: {}", options_.output, counted(rows, "interaction")));
  if (rows == 0)
    context_.report.warning(fmt::format("{}: has no rows: nothing is bought from --cut on", options_.output));
}

}  // namespace rankwise
