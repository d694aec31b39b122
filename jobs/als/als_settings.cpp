#include "jobs/als/als_settings.hpp"

#include <boost/program_options.hpp>
#include <fmt/format.h>
#include <functional>

#include "jobs/options/choices.hpp"
#include "jobs/options/unit_options.hpp"
#include "kernels/text/number_text.hpp"

namespace rankwise {

namespace {

/// A notifier that stores --unobserved-weight; none for auto.
std::function<void(const std::string&)> auto_or_weight(const std::shared_ptr<AlsOptions>& options) {
  return [options](const std::string& text) {
    options->unobserved_weight.reset();
    if (text == "auto") return;
    constexpr double most = 1e12;
    options->unobserved_weight = finite_number(text);
    if (options->unobserved_weight && *options->unobserved_weight >= 0 && *options->unobserved_weight <= most) return;
    throw Error(ExitCode::usage,
                fmt::format("--unobserved-weight {}: expected auto or a number from 0 to {}", text, most));
  };
}

}  // namespace

void require_sense(const AlsOptions& options) {
  const Objective& objective = options.objective;
  const Objective defaults;
  const auto refuse = [](const char* message) { throw AgreedError(ExitCode::usage, message); };
  const SolverOptions& solver = options.solver;
  if (solver.choice != SolverChoice::conjugate_gradients && solver.cg_steps != SolverOptions().cg_steps) {
    refuse("--cg-steps has a meaning only with --solver cg");
  }
  if (solver.choice != SolverChoice::subspace && solver.subspace_block != SolverOptions().subspace_block) {
    refuse("--subspace-block has a meaning only with --solver subspace");
  }
  if (objective.loss == LossKind::implicit_feedback) {
    if (objective.biases) refuse("--biases has a meaning only with --objective explicit");
    if (objective.weighting == Weighting::constant && objective.alpha != defaults.alpha) {
      refuse("--alpha has a meaning only with --weighting linear or log");
    }
  } else {
    if (objective.weighting != Weighting::constant) refuse("--weighting has a meaning only with --objective implicit");
    if (objective.alpha != defaults.alpha) refuse("--alpha has a meaning only with --objective implicit");
    if (options.unobserved_weight) {
      refuse("--unobserved-weight has a meaning only with --objective implicit");
    }
  }
  if (!options.pseudonyms.empty() && options.forget.empty()) {
    refuse("--pseudonyms has a meaning only with --forget: it is the key by which its users are found");
  }
  if (options.trained_on == TrainedOn::all) {
    if (options.fold) refuse("--train-on all leaves nothing to validate; --fold needs --train-on training");
    if (options.validation->metric) {
      refuse("--train-on all leaves nothing to validate; --validation-metric needs --train-on training");
    }
  }
  if (options.trained_on == TrainedOn::training_and_validation) {
    if (options.fold) refuse("--train-on training+validation has no folds; --fold needs --train-on training");
    if (options.validation->metric) {
      refuse(
          "--train-on training+validation leaves nothing to validate but what is reported; --validation-metric needs "
          "--train-on training");
    }
  }
  require_sense(*options.features);
  if (options.features->any()) {
    if (solver.choice != SolverChoice::automatic && solver.choice != SolverChoice::primal) {
      refuse(
          "--user-features and --item-features need --solver auto or primal: rows are held near what features "
          "predict, which the other solvers do not know");
    }
    if (options.regularization == 0.0) {
      refuse(
          "--user-features and --item-features need a --regularization above 0, which holds rows near what features "
          "predict");
    }
  }
  require_sense(*options.checkpoints);
  require_sense(*options.validation, options.objective, options.epochs);
}

Objective resolved_objective(const AlsOptions& options, const MatrixSize& size) {
  Objective objective = options.objective;
  const bool explicit_loss = objective.loss == LossKind::explicit_feedback;
  objective.regularization = options.regularization.value_or(explicit_loss ? 0.15 : 0.003);
  if (!explicit_loss) {
    objective.unobserved_weight = options.unobserved_weight.value_or(balanced_unobserved_weight(size));
  }
  return objective;
}

void describe_training(boost::program_options::options_description& description,
                       const std::shared_ptr<AlsOptions>& options) {
  namespace po = boost::program_options;
  Objective& objective = options->objective;
  const Objective defaults;
  // clang-format off
  description.add_options()
    ("objective", po::value<std::string>()->value_name("implicit|explicit")->default_value("implicit")->notifier(
       one_of<LossKind>("objective", objective.loss, {{"implicit", LossKind::implicit_feedback}, {"explicit", LossKind::explicit_feedback}})),
     "implicit: an interaction is a sign of interest; explicit: its value is a rating to predict")
    ("factors", po::value(&options->factors)->value_name("K")->default_value(64)->notifier(within<Index>("factors", 1, 4096)),
     "length of the factor vectors")
    ("regularization", po::value<double>()->value_name("LAMBDA")->notifier([options](double lambda) {
       within<double>("regularization", 0, 1e12)(lambda);
       options->regularization = lambda; }), "strength of the regularizer; without it 0.003 (implicit) or 0.15 (explicit)")
    ("regularization-exponent", po::value(&objective.regularization_exponent)->value_name("NU")->default_value(
       defaults.regularization_exponent)->notifier(within<double>("regularization-exponent", 0, 4)),
     "how the regularizer grows with a row's entries: 0 not at all, 1 in proportion")
    ("unobserved-weight", po::value<std::string>()->value_name("auto|ALPHA0")->default_value("auto")->notifier(
       auto_or_weight(options)), "implicit: weight of pairs without an interaction. auto: 20 x interactions / (users x items) of what is trained on; the number is printed and stored")
    ("weighting", po::value<std::string>()->value_name("constant|linear|log")->default_value("constant")->notifier(
       one_of<Weighting>("weighting", objective.weighting, {{"constant", Weighting::constant}, {"linear", Weighting::linear}, {"log", Weighting::logarithmic}})),
     "implicit: how an interaction's value becomes its confidence")
    ("alpha", po::value(&objective.alpha)->value_name("ALPHA")->default_value(defaults.alpha)->notifier(within<double>("alpha", 0, 1e12)),
     "implicit, linear and log: weight of the value")
    ("biases", po::bool_switch(&objective.biases), "explicit: global mean and a bias for each user and item")
    ("solver", po::value<std::string>()->value_name("auto|primal|dual|cg|subspace")->default_value("auto")->notifier(
       one_of<SolverChoice>("solver", options->solver.choice, {{"auto", SolverChoice::automatic}, {"primal", SolverChoice::primal}, {"dual", SolverChoice::dual},
       {"cg", SolverChoice::conjugate_gradients}, {"subspace", SolverChoice::subspace}})),
     "how rows are solved. Exactly: auto takes the cheaper way for each row's length, primal the K x K normal equations, dual the n x n system of a row's "
     "n entries where n <= K. Approximately: cg some steps of conjugate gradients, subspace one pass over blocks of factors (iALS++)")
    ("cg-steps", po::value(&options->solver.cg_steps)->value_name("N")->default_value(options->solver.cg_steps)->notifier(within<Index>("cg-steps", 1, 10'000)),
     "cg: steps per row and half-sweep, from the row's last value")
    ("subspace-block", po::value(&options->solver.subspace_block)->value_name("D")->default_value(options->solver.subspace_block)->notifier(within<Index>("subspace-block", 1, 4096)),
     "subspace: factors per block, rounded up to a multiple of 16")
    ("memory-budget", po::value<std::string>()->value_name("BYTES")->notifier(bytes_of("memory-budget", options->memory_budget_bytes)),
     "memory of each rank, everything counted but features' equations, as in 4GiB: rows are solved in batches that fit; without it all at once")
    ("exchange", po::value<std::string>()->value_name("float32|bf16")->default_value("float32")->notifier(
       one_of<RowFormat>("exchange", options->row_format, {{"float32", RowFormat::float32}, {"bf16", RowFormat::bfloat16}})),
     "how factor rows travel between ranks: bf16 halves the bytes, and each side is solved against the other's rounded rows (on any number of ranks)")
    ("node-sharing", po::value<std::string>()->value_name("auto|off")->default_value("auto")->notifier(
       one_of<NodeSharing>("node-sharing", options->node_sharing, {{"auto", NodeSharing::automatic}, {"off", NodeSharing::off}})),
     "auto: ranks of a node have one copy of the rows that they gather, in shared memory, and get each row from other nodes once; off: each rank has its own")
    ("epochs", po::value(&options->epochs)->value_name("N")->default_value(options->epochs)->notifier(within<Index>("epochs", 0, 1'000'000)),
     "sweeps over users and items; 0 writes the random start");
  // clang-format on
}

}  // namespace rankwise
