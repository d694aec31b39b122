#include "jobs/quarterly/pending_campaign.hpp"

#include <nlohmann/json.hpp>
#include <optional>

#include "io/campaign/assignment_file.hpp"
#include "io/config/json_text.hpp"
#include "io/dataset/dataset.hpp"
#include "jobs/campaign/measure/measure_page.hpp"
#include "kernels/base/time_units.hpp"
#include "kernels/process/small_file.hpp"
#include "kernels/text/utc_text.hpp"

namespace rankwise {

namespace {

using Json = nlohmann::ordered_json;

std::string pending_text(const std::string& path, const CampaignTerms& terms, std::int64_t last_seconds) {
  if (path.ends_with(".csv")) return "segment,offer,treated,control,uplift,standard_error,shrunk_uplift\n";
  const Json pending{{"campaign", terms.campaign},
                     {"ends", utc_text(seconds_of(terms.end_microseconds()))},
                     {"log_ends", utc_text(last_seconds)}};
  const std::string json = json_text({{"campaigns", Json::array()}, {"pending", pending}}, 2) + "\n";
  return path.ends_with(".json") ? json : measure_page(json);
}

}  // namespace

bool write_pending_campaign(const Communicator& comm, const ChainStep& step, InputCheck check) {
  if (step.assignment.empty()) return false;
  const CampaignTerms terms = AssignmentReader(comm, step.assignment, check).terms();
  const DatasetReader outcomes(comm, step.data, std::nullopt, TrainedOn::all, InputCheck::none);
  const std::optional<std::int64_t> last = outcomes.log_times().last_seconds;
  if (!last || seconds_of(terms.end_microseconds()) <= *last) return false;
  agree_on(comm, [&] {
    if (!comm.is_root()) return;
    for (const std::string& path : step.outputs) replace_file(path, pending_text(path, terms, *last));
  });
  return true;
}

}  // namespace rankwise
