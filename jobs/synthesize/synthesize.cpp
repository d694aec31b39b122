#include "jobs/synthesize/synthesize.hpp"

#include <algorithm>
#include <boost/program_options.hpp>
#include <fmt/format.h>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "distributed/rows/partition.hpp"
#include "distributed/synthetic/shape.hpp"
#include "io/files/commit.hpp"
#include "io/synthetic/text.hpp"
#include "io/synthetic/truth.hpp"
#include "jobs/options/file_option.hpp"
#include "jobs/synthesize/next_period_log.hpp"
#include "kernels/base/error.hpp"
#include "kernels/text/counted.hpp"

namespace rankwise {

namespace po = boost::program_options;

namespace {

constexpr double rows_per_round = 400'000;  // of each rank: about 16 MB of text

struct Options {
  std::string output;
  std::string truth;
  std::string dirt_truth;
  std::string wrong_truth;
  std::string preset;
  double scale = 1;
  NextPeriodOptions next;
  std::vector<std::function<void(SyntheticShape&)>> changes;  // what was given beside the preset

  [[nodiscard]] SyntheticShape shape(std::uint64_t seed) const;
};

/// The preset, scaled, then what was asked for by itself.
SyntheticShape Options::shape(std::uint64_t seed) const {
  SyntheticShape shape = synthetic_preset(preset).scaled(scale);
  for (const auto& change : changes) change(shape);
  shape.seed = seed;
  shape.validate();
  return shape;
}

SyntheticKind parse_kind(const std::string& text) {
  if (text == "purchases") return SyntheticKind::purchases;
  if (text == "ratings") return SyntheticKind::ratings;
  throw Error(ExitCode::usage, fmt::format("option --kind: '{}' does not fit; expected purchases or ratings", text));
}

SyntheticIds parse_ids(const std::string& text) {
  if (text == "integer") return SyntheticIds::integers;
  if (text == "string") return SyntheticIds::strings;
  throw Error(ExitCode::usage, fmt::format("option --ids: '{}' does not fit; expected integer or string", text));
}

/// Which lines of the log are dirt, as a file beside it: none unless it is asked for. Collective.
class DirtTruth {
 public:
  DirtTruth(const Communicator& comm, const std::string& path) : comm_(comm) {
    if (path.empty()) return;
    file_.emplace(comm, path);
    file_->append(comm.is_root() ? std::string_view("line,kind\n") : std::string_view());
  }
  /// The lines that all ranks append to the log now, in rank order.
  void append(const SyntheticLines& lines) {
    if (!file_) return;
    const Index mine = lines.clean_rows + lines.added_rows;
    const Index first_line = lines_ + comm_.exclusive_sum(mine) + 1;
    std::string text;
    for (const auto& [line, kind] : lines.dirt) text += fmt::format("{},{}\n", first_line + line, dirt_name(kind));
    file_->append(text);
    lines_ += comm_.sum(mine);
  }
  void commit() {
    if (file_) file_->commit();
  }

 private:
  const Communicator& comm_;
  std::optional<OrderedTextFile> file_;
  Index lines_ = 1;  // the header
};

/// The wrong ratings of the log, as a file beside it: none unless it is asked for. Collective.
class WrongTruth {
 public:
  WrongTruth(const Communicator& comm, const std::string& path) {
    if (path.empty()) return;
    file_.emplace(comm, path);
    file_->append(comm.is_root() ? std::string_view("user_id,item_id,rating\n") : std::string_view());
  }
  void append(const SyntheticLines& lines) {
    if (file_) file_->append(lines.wrong_ratings);
  }
  void commit() {
    if (file_) file_->commit();
  }

 private:
  std::optional<OrderedTextFile> file_;
};

/// One round of users after another, each round split over the ranks, so that the file holds users in ascending order
/// whatever the rank count and no rank holds more than its part of a round; then the bots.
SyntheticLines write_log(JobContext& context, const SyntheticLog& log, const Options& options) {
  const Communicator& comm = context.comm;
  const SyntheticShape& shape = log.shape();
  OrderedTextFile file(comm, options.output);
  DirtTruth truth(comm, options.dirt_truth);
  WrongTruth wrong(comm, options.wrong_truth);
  NextPeriodLog next(context, options.next, shape);
  const std::int64_t next_begin = begin_of_next(options.next);
  SyntheticLines written;
  const auto append = [&](const SyntheticLines& lines) {
    file.append(lines.text);
    truth.append(lines);
    wrong.append(lines);
    next.append(lines);
    written.clean_rows += lines.clean_rows;
    written.added_rows += lines.added_rows;
  };
  file.append(comm.is_root() ? synthetic_header(shape.kind) : std::string_view());
  const double rows_per_user = shape.interactions * (1 + shape.dirt + shape.broken_lines + shape.outlier_rows) /
                               static_cast<double>(shape.users);
  const Index users_per_round = comm.size() * std::max(chunk_rows, static_cast<Index>(rows_per_round / rows_per_user));
  for (Index begin = 0; begin < shape.users; begin += users_per_round) {
    const Index count = std::min(users_per_round, shape.users - begin);
    const RowRange mine = Partition::by_count(count, comm.size()).range(comm.rank());
    append(agree_on(comm, [&] {
      return synthetic_lines(log, {begin + mine.begin, begin + mine.end}, context.common.threads, next_begin);
    }));
    context.report.bar("users", begin + count, shape.users);
  }
  append(comm.is_root() ? bot_lines(log, next_begin) : SyntheticLines());
  truth.commit();
  wrong.commit();
  next.finish();
  file.commit();
  context.report.add_interactions("write log", written.clean_rows + written.added_rows);
  return {.text = {},
          .next_text = {},
          .dirt = {},
          .wrong_ratings = {},
          .clean_rows = comm.sum(written.clean_rows),
          .added_rows = comm.sum(written.added_rows),
          .next_rows = 0};
}

void run(JobContext& context, const Options& options) {
  const Communicator& comm = context.comm;
  Report& report = context.report;

  // 1. The shape, and whether its files can be written.
  const SyntheticShape shape = agree_on(comm, [&] { return options.shape(context.common.seed); });
  if (!options.truth.empty()) check_output(comm, options.truth);
  agree_on(comm, [&] {
    if (!options.wrong_truth.empty() && shape.wrong_ratings <= 0)
      throw Error(ExitCode::usage, "--wrong-ratings-truth needs --wrong-ratings");
    require_sense(options.next, shape.kind);
    if (!options.next.output.empty() && (!options.dirt_truth.empty() || !options.wrong_truth.empty()))
      throw Error(ExitCode::usage, "--dirt-truth and --wrong-ratings-truth are of whole logs, without --next-output");
  });

  // 2. Items and segments, the same on every rank.
  const SyntheticLog log = [&] {
    const auto timer = report.phase("plant");
    return agree_on(comm, [&] { return SyntheticLog(shape); });
  }();
  report.line(fmt::format("planted {} x {} in {}, {:.0f} interactions expected", counted(shape.users, "user"),
                          counted(shape.items, "item"), counted(shape.segments, "segment"), shape.interactions));

  // 3. The log, and the truth beside it.
  const SyntheticLines written = [&] {
    const auto timer = report.phase("write log");
    return write_log(context, log, options);
  }();
  if (!options.truth.empty()) {
    const auto timer = report.phase("write truth");
    write_synthetic_truth(comm, options.truth, log, context.provenance("planted-truth", 0));
  }
  report.line(fmt::format("{}: {}, {} of dirt", options.output, counted(written.clean_rows, "interaction"),
                          counted(written.added_rows, "line")));
  report.event("synthesized", {{"users", shape.users},
                               {"items", shape.items},
                               {"interactions", written.clean_rows},
                               {"dirty_lines", written.added_rows}});
}

RunJob describe(po::options_description& description) {
  const auto options = std::make_shared<Options>();
  // Options without a default change one member of the preset's shape.
  const auto member = [options](auto SyntheticShape::*target, const char* unit) {
    using Value = std::remove_reference_t<decltype(std::declval<SyntheticShape&>().*target)>;
    return po::value<Value>()->value_name(unit)->notifier([options, target](const Value& value) {
      options->changes.emplace_back([target, value](SyntheticShape& shape) { shape.*target = value; });
    });
  };
  // clang-format off
  description.add_options()
    ("output", written_file(&options->output, csv_endings)->required(), "the log, plain CSV")
    ("truth", written_file(&options->truth, hdf5_endings),
     "write what was planted, too (HDF5): tastes, segments, popularity, prices")
    ("dirt-truth", written_file(&options->dirt_truth, csv_endings),
     "write which lines of the log are dirt of which kind, too (CSV: line,kind)")
    ("wrong-ratings-truth", written_file(&options->wrong_truth, csv_endings),
     "write the wrong ratings, too (CSV: user_id,item_id,rating), for denoise --truth")
    ("shape", po::value(&options->preset)->value_name("none|movielens-20m|shop")->default_value("none"),
     "preset that sets every option below not given by itself; see the table")
    ("scale", po::value(&options->scale)->value_name("FACTOR")->default_value(1),
     "multiplies the preset's users, items and interactions")
    ("kind", po::value<std::string>()->value_name("purchases|ratings")->notifier([options](const std::string& text) {
       options->changes.emplace_back([kind = parse_kind(text)](SyntheticShape& shape) { shape.kind = kind; });
     }), "columns user_id,item_id,quantity,price,timestamp or user_id,item_id,rating,timestamp")
    ("ids", po::value<std::string>()->value_name("integer|string")->notifier([options](const std::string& text) {
       options->changes.emplace_back([ids = parse_ids(text)](SyntheticShape& shape) { shape.ids = ids; });
     }), "ids 1, 2, ... (unless asked otherwise), or C0000001 and SKU-000001")
    ("users", member(&SyntheticShape::users, "N"), "users")
    ("items", member(&SyntheticShape::items, "N"), "items")
    ("interactions", member(&SyntheticShape::interactions, "N"), "expected number of clean rows, at least one per user")
    ("activity-spread", member(&SyntheticShape::activity_spread, "SIGMA"), "of the log-normal number of rows of a user")
    ("zipf", member(&SyntheticShape::zipf_exponent, "EXPONENT"),
     "popularity of the item of rank r is proportional to (r + flattening)^-exponent")
    ("zipf-flattening", member(&SyntheticShape::zipf_flattening, "RANKS"), "flattens the head of the popularity")
    ("segments", member(&SyntheticShape::segments, "N"), "groups of users of one taste")
    ("planted-factors", member(&SyntheticShape::factors, "N"), "length of the planted taste vectors")
    ("categories", member(&SyntheticShape::categories, "N"), "groups of items of one season and price level")
    ("signal", member(&SyntheticShape::signal, "STRENGTH"), "strength of taste against popularity; 0: popularity alone")
    ("user-spread", member(&SyntheticShape::user_spread, "RATIO"), "a user's own taste relative to its segment's")
    ("basket-size", member(&SyntheticShape::basket_size, "ROWS"), "rows of a visit, on average")
    ("start", member(&SyntheticShape::start, "SECONDS"), "first day, in seconds since 1970-01-01 UTC (1672531200, 2023)")
    ("days", member(&SyntheticShape::days, "DAYS"), "days from first to last (730)")
    ("dirt", member(&SyntheticShape::dirt, "RATE"), "expected dirty rows per clean row, added evenly over the kinds of dirt (0)")
    ("broken-lines", member(&SyntheticShape::broken_lines, "RATE"),
     "expected unreadable lines per clean row: a word for a number, or too few fields (0)")
    ("outlier-rows", member(&SyntheticShape::outlier_rows, "RATE"),
     "expected rows per clean row that say it again a second later with 10,000 times the value (0)")
    ("wrong-ratings", member(&SyntheticShape::wrong_ratings, "SHARE"),
     "expected share of clean ratings that are 1 in place of 3 or more, or 5 in place of less (0)")
    ("bots", member(&SyntheticShape::bots, "N"), "users beyond --users with 400 items (or all) on one day (0)");
  // clang-format on
  describe_next_period(description, options->next);
  return [options](JobContext& context) { run(context, *options); };
}

constexpr std::string_view notes =
    R"(Presets:                  none  movielens-20m       shop
  kind               purchases        ratings  purchases
  users                 20,000        138,000  1,000,000
  items                  5,000         27,000    100,000
  interactions       1,200,000     20,000,000  8,000,000
  activity-spread          1.1          1.125       1.55
  zipf                       1           1.35          1
  zipf-flattening           20             60         20
  segments                  12             20         30
  categories                40             40        200
  basket-size                3             20          3
  planted-factors 16, signal 2.5, user-spread 0.4

Method: user u of segment s chooses items, none twice, with probability proportional to
  a_i exp(signal <x_u, y_i>),  x_u = t_s + user-spread d_u,  |t_s| = 1,  |y_i|^2 = planted-factors,
where the a_i give every item its Zipf-Mandelbrot share of all choices. Rows of a user fall on a few visits, more on
Saturdays and before Christmas; items of a category sell in its season, to some segments more than to others.
A rating is 3.6 + user bias + item bias + 0.93 times (affinity <x_u, y_i> less the user's average) + noise, rounded
and cut to 1 ... 5.

Dirt is added to the clean log and takes nothing away, but for --wrong-ratings, which replaces ratings. Kinds: exact
duplicates; the same user and item again with another value; rows without user; and among purchases cancellations
(negative quantity) and gifts (price 0).
The log is the same, byte for byte, for any number of ranks and threads.)";

}  // namespace

Job synthesize_job() {
  return {
      .name = "synthesize",
      .summary = "writes a planted e-commerce log: known tastes and segments, Zipf popularity, seasons, chosen dirt",
      .notes = notes,
      .describe = describe};
}

}  // namespace rankwise
