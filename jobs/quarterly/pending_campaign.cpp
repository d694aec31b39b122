#include "jobs/quarterly/pending_campaign.hpp"

#include <nlohmann/json.hpp>
#include <optional>

#include "distributed/profiles/log_span.hpp"
#include "distributed/rows/partition.hpp"
#include "io/campaign/assignment_file.hpp"
#include "io/config/json_text.hpp"
#include "io/dataset/dataset.hpp"
#include "jobs/campaign/measure/measure_page.hpp"
#include "kernels/base/time_units.hpp"
#include "kernels/process/small_file.hpp"
#include "kernels/text/text_encoding.hpp"
#include "kernels/text/utc_text.hpp"

namespace rankwise {

namespace {

using Json = nlohmann::ordered_json;

std::string pending_text(const std::string& path, const std::string& assignment, const CampaignTerms& terms,
                         std::int64_t last_seconds) {
  if (path.ends_with(".csv")) return "segment,offer,treated,control,uplift,standard_error,shrunk_uplift,sent_share\n";
  const Json pending{{"campaign", terms.campaign},
                     {"ends", utc_text(seconds_of(terms.end_microseconds()))},
                     {"log_ends", utc_text(last_seconds)},
                     {"assignment", encoded_text(assignment)}};
  const std::string json = json_text({{"campaigns", Json::array()}, {"pending", pending}}, 2) + "\n";
  return path.ends_with(".json") ? json : measure_page(json);
}

/// Of the orders, if the dataset has any: `campaign measure` asks the same. Nothing of a log without times. Collective.
std::optional<LogSpan> span_of(const Communicator& comm, const DatasetReader& dataset) {
  const LogTimes times = dataset.log_times();
  if (!times.first_seconds || !times.last_seconds) return std::nullopt;
  if (!dataset.has_orders()) return LogSpan{*times.first_seconds, *times.last_seconds, 0};
  const Orders orders = dataset.orders(Partition::by_count(dataset.all_users(), comm.size()).range(comm.rank()));
  return log_span(comm, *orders.times_seconds, *times.first_seconds, *times.last_seconds);
}

std::string unmeasured_text(const std::string& path, const std::string& assignment, const std::string& reason) {
  if (path.ends_with(".csv")) return "segment,offer,treated,control,uplift,standard_error,shrunk_uplift,sent_share\n";
  const Json unmeasured{{"assignment", encoded_text(assignment)}, {"reason", encoded_text(reason)}};
  const std::string json = json_text({{"campaigns", Json::array()}, {"unmeasured", unmeasured}}, 2) + "\n";
  return path.ends_with(".json") ? json : measure_page(json);
}

}  // namespace

bool write_pending_campaign(const Communicator& comm, const ChainStep& step, InputCheck check) {
  if (step.assignment.empty()) return false;
  const CampaignTerms terms = AssignmentReader(comm, step.assignment, check).terms();
  const DatasetReader outcomes(comm, step.data, std::nullopt, TrainedOn::all, InputCheck::none);
  const std::optional<LogSpan> log = span_of(comm, outcomes);
  if (!log || log->reaches(terms.end_microseconds())) return false;
  agree_on(comm, [&] {
    if (!comm.is_root()) return;
    for (const std::string& path : step.outputs)
      replace_file(path, pending_text(path, step.assignment, terms, log->end_seconds));
  });
  return true;
}

void write_unmeasured_campaign(const Communicator& comm, const ChainStep& step, const std::string& reason) {
  agree_on(comm, [&] {
    if (!comm.is_root()) return;
    for (const std::string& path : step.outputs) replace_file(path, unmeasured_text(path, step.assignment, reason));
  });
}

}  // namespace rankwise
