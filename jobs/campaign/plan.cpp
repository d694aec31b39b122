// Sample runs:
//   rankwise campaign plan --campaign spring.ini --data shop.h5 --key campaign.key
//   rankwise campaign plan --campaign spring.ini --data shop.h5 --profile customers.h5 --key env:KEY --output
//   spring.json

#include "jobs/campaign/plan.hpp"

#include <boost/program_options.hpp>
#include <cmath>
#include <fmt/format.h>
#include <memory>
#include <nlohmann/json.hpp>

#include "io/config/json_text.hpp"
#include "io/files/commit.hpp"
#include "jobs/campaign/campaign_notes.hpp"
#include "jobs/campaign/campaign_run.hpp"
#include "jobs/campaign/detectable_effects.hpp"
#include "jobs/campaign/proposal_report.hpp"
#include "jobs/options/file_option.hpp"
#include "jobs/run/standard_output.hpp"
#include "jobs/run/text_output.hpp"

namespace rankwise {

namespace {

using Json = nlohmann::ordered_json;

struct PlanOptions {
  CampaignOptions campaign;
  std::string output;
};

std::string advice_table(const CampaignRun& run, const HoldOutAdvice& advice) {
  std::string text;
  if (advice.past) {
    text += fmt::format(
        "in the last horizon before the start: {:.4g} {} a head, standard deviation {:.4g}\n\n", advice.past->mean,
        run.settings.terms.goal == CampaignGoal::margin ? "revenue" : goal_word(run.settings.terms.goal),
        advice.past->deviation);
  }
  text += fmt::format("{:>9} {:>12} {:>12} {:>22} {:>12}\n", "hold-out", "treated", "controls", "least visible effect",
                      "costs");
  for (const HoldOutChoice& choice : advice.choices) {
    text += fmt::format("{:>9} {:>12} {:>12} {:>22} {:>12.2f}\n", fmt::format("{:.4g}%", 100 * choice.share),
                        choice.treated, choice.controls,
                        std::isnan(choice.least_effect) ? std::string("-") : fmt::format("{:.4g}", choice.least_effect),
                        choice.cost);
  }
  return text + "\n" + advice.sentence + "\n";
}

Json advice_json(const HoldOutAdvice& advice) {
  Json json;
  json["past"] = advice.past ? Json{{"customers", advice.past->customers},
                                    {"mean", number_or_null(advice.past->mean)},
                                    {"standard_deviation", number_or_null(advice.past->deviation)}}
                             : Json(nullptr);
  json["significance"] = 0.05;
  json["power"] = 0.8;
  json["expected_effect"] = number_or_null(advice.expected_effect);
  json["choices"] = Json::array();
  for (const HoldOutChoice& choice : advice.choices) {
    json["choices"].push_back({{"share", choice.share},
                               {"treated", choice.treated},
                               {"controls", choice.controls},
                               {"least_effect", number_or_null(choice.least_effect)},
                               {"cost", choice.cost}});
  }
  json["sentence"] = advice.sentence;
  return json;
}

void plan_campaign(const PlanOptions& options, JobContext& context) {
  const Communicator& comm = context.comm;
  agree_on(comm, [&] { require_sense(options.campaign); });
  if (!options.output.empty()) check_output(comm, options.output);

  // 1. Who is eligible, and which offers they would get.
  CampaignRun run;
  run_campaign(context, options.campaign, run);

  // 2. What hold-outs can see.
  const HoldOutAdvice advice = advise_hold_out(comm, run);

  // 3. Say it.
  if (comm.is_root()) print_result(proposal_table(run) + "\n" + advice_table(run, advice));
  Json json = proposal_json(run);
  json["hold_out"] = advice_json(advice);
  write_from_root(context, options.output, json_text(json, 1) + "\n");
}

RunJob describe_plan(boost::program_options::options_description& description) {
  const auto options = std::make_shared<PlanOptions>();
  describe_campaign(description, options->campaign);
  description.add_options()("output", written_file(&options->output, json_endings), "write all numbers (JSON)");
  return {[options](JobContext& context) { plan_campaign(*options, context); },
          [options] { require_sense(options->campaign); }};
}

}  // namespace

Job campaign_plan_job() {
  return {"campaign plan", "who could get which offer, its worth, and what a hold-out can measure", campaign_notes,
          describe_plan};
}

}  // namespace rankwise
