// The command line of `rankwise als`.

#include <boost/program_options.hpp>
#include <fmt/format.h>
#include <memory>

#include "io/log/pseudonym_key.hpp"
#include "jobs/als/als.hpp"
#include "jobs/als/checkpointing.hpp"
#include "jobs/als/feature_options.hpp"
#include "jobs/options/choices.hpp"
#include "jobs/options/file_option.hpp"
#include "jobs/options/training_part.hpp"
#include "jobs/options/unit_options.hpp"

namespace rankwise {

namespace {

constexpr std::string_view notes =
    R"(Losses, with p_ui = <x_u, y_i>, S the observed pairs, n_u the entries of user u:
  implicit   constant     sum_S (1 - p)^2 + alpha0 sum_all p^2                       (Rendle et al. 2021)
             linear       sum_S c (1 - p)^2 + alpha0 sum_unobserved p^2, c = 1 + alpha r   (Hu, Koren, Volinsky 2008)
             logarithmic  the same with c = 1 + alpha log(1 + r)
             + lambda sum_u (n_u + alpha0 |I|)^nu |x_u|^2 + lambda sum_i (n_i + alpha0 |U|)^nu |y_i|^2
  explicit   sum_S (r - p)^2 + lambda sum_u n_u^nu |x_u|^2 + lambda sum_i n_i^nu |y_i|^2   (Zhou et al. 2008)
             with --biases, p = mean + b_u + b_i + <x_u, y_i>, and the biases are penalized like factors
  alpha0 is --unobserved-weight, lambda --regularization, nu --regularization-exponent. alpha0 = auto is 20 x
  interactions / (users x items) of what is trained on, users and items that have an interaction: all pairs together
  then weigh 20 times what the observed ones do, however large the catalogue is.
  With --user-features, |x_u|^2 is |x_u - A f_u|^2, plus mu |A|^2 once; f_u: the user's features, A: solved exactly in
  each epoch but the first; likewise items. mu is --feature-penalty times the mean of the rows' weights lambda n_u^nu.)";

}  // namespace

RunJob describe_als(boost::program_options::options_description& description,
                    const std::shared_ptr<AlsOptions>& options) {
  namespace po = boost::program_options;
  // clang-format off
  description.add_options()
    ("data", read_file(&options->data)->required(), "dataset, as prepare writes it")
    ("model", written_file(&options->model, hdf5_endings)->required(), "model to write");
  // clang-format on
  describe_fold(description, options->fold);
  // clang-format off
  description.add_options()
    ("warm-start", read_file(&options->warm_start),
     "begin with the factors of an older model, its users and items found by their ids; new ones are solved against those, or begin at random where they have nothing to do with them")
    ("forget", read_file(&options->forget),
     "stop if the dataset or the model of --warm-start has one of the users in this list: an id a line, or a column of a table; ids as they are in the log")
    ("pseudonyms", secret_file(&options->pseudonyms)->notifier(refuse_plain_hash),
     "with --forget and a dataset of prepare --pseudonyms: the same secret key, in this file or in an environment variable, env:NAME");
  // clang-format on
  describe_training_part(description, options->trained_on);
  description.add_options()(
      "epochs-of", read_file(&options->epochs_of),
      "as many epochs as this model was trained for, its best one if it has one, in place of --epochs");
  describe_training(description, options);
  describe_features(description, options->features);
  describe_validation(description, options->validation);
  describe_checkpoints(description, options->checkpoints, "epochs");
  describe_checkpoint_writing(description, options->checkpoints);
  describe_compression(description, options->checkpoints->deflate_level);
  return {[options](JobContext& context) { train_als(*options, context); }, [options] { require_sense(*options); }};
}

Job als_job() {
  return {"als", "factorize a dataset's user-item matrix: dataset -> model", notes,
          [](auto& description) { return describe_als(description, std::make_shared<AlsOptions>()); }};
}

}  // namespace rankwise
