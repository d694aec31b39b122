// The command line of `rankwise kmeans`.

#include <boost/program_options.hpp>
#include <fmt/format.h>
#include <memory>

#include "jobs/kmeans/kmeans.hpp"
#include "jobs/options/choices.hpp"
#include "jobs/options/file_option.hpp"
#include "jobs/options/unit_options.hpp"
#include "kernels/text/number_text.hpp"

namespace rankwise {

namespace {

constexpr std::string_view notes =
    R"(Finds centroids c_k that make the inertia, sum_r w_r |x_r - c_k(r)|^2, small, each row r being assigned to its nearest
centroid (ties to the lowest). With --metric cosine rows and centroids have length one, and the inertia is
sum_r w_r (1 - cos(x_r, c_k(r))).
Input is a model (--rows), a dataset, whose rows then are sparse, a matrix in an HDF5 file (--dataset) or a .npy file, or
columns of a CSV or TSV file, plain, gzip or zstd.
Rows of a model or dataset without an entry, and under --metric cosine rows of zeros, which have no direction, belong to
no cluster: assignment -1. They are counted, and enter no size, centroid, seed or index.
--init FILE and --predict FILE need rows whose dimensions mean the same: factors of the model whose rows were clustered,
or of one that als --warm-start trained from it; columns of the same names; a dataset with the same items (or users).
With several numbers of clusters, as in --clusters 2:40:2, a table compares them, and the output holds the one with the
highest silhouette among those that are stable: whose clusterings, trained on disjoint folds of the rows, agree on
all rows by an adjusted Rand index of at least 0.8; where none is, the most stable one.)";

}  // namespace

RunJob describe_kmeans(boost::program_options::options_description& description,
                       const std::shared_ptr<KMeansJobOptions>& options) {
  namespace po = boost::program_options;
  PointSource& source = options->source;
  KMeansOptions& iterations = options->iterations;
  // clang-format off
  description.add_options()
    ("input", read_file(&source.path)->required(), "model, dataset, profile, HDF5, .npy, CSV or TSV file")
    ("rows", po::value<std::string>()->value_name("users|items")->notifier(
       [&source](const std::string& text) {
         RowSide side = RowSide::users;
         one_of<RowSide>("rows", side, {{"users", RowSide::users}, {"items", RowSide::items}})(text);
         source.side = side; }), "model or dataset: whose rows; users where not given")
    ("dataset", po::value(&source.dataset)->value_name("NAME"), "HDF5: the matrix, such as /x, or a sparse one of AnnData, such as /X")
    ("columns", po::value(&source.columns)->value_name("LIST"), "profile: names of columns, of which the last sign may be a star, as in 'money,factor_*'; text: names or numbers from 1 and ranges, as in recency,3,5-8, of numbers in every row; without it all columns that hold a number in every row, but for those with names of ids, such as customer_id")
    ("id-column", po::value(&source.ids)->value_name("NAME"), "text: the column that names the rows; HDF5: the dataset; without it the only column of text with a name of ids, or the index of /obs of an AnnData file, else rows are numbered from 0")
    ("weight-column", po::value(&source.weights)->value_name("NAME"), "text: the column with the rows' weights; HDF5: the dataset; without it each weighs 1")
    ("format", po::value<std::string>()->value_name("auto|csv|tsv")->default_value("auto")->notifier(
       one_of<TextFormat>("format", source.format, {{"auto", TextFormat::automatic}, {"csv", TextFormat::csv}, {"tsv", TextFormat::tsv}})), "text: what separates columns")
    ("header", po::value<std::string>()->value_name("auto|yes|no")->default_value("auto")->notifier(
       one_of<HeaderRule>("header", source.header, {{"auto", HeaderRule::automatic}, {"yes", HeaderRule::present}, {"no", HeaderRule::absent}})),
     "text: whether the first line names the columns")
    ("delimiter", po::value<std::string>()->value_name("SIGN")->default_value("auto")->notifier(
       [&source](const std::string& word) { source.delimiter = parse_delimiter(word); }),
     "text: between the fields of csv: auto, comma, semicolon, pipe, tab or another sign; auto takes the most frequent one of the first line")
    ("decimal", po::value<std::string>()->value_name("SIGN")->default_value("auto")->notifier(
       [&source](const std::string& word) { source.decimal = parse_decimal(word); }),
     "text: before the decimals of numbers: auto, point or comma; auto looks at the first rows, and takes points where commas divide fields")
    ("scale", po::value<std::string>()->value_name("none|standard|unit|log-standard|rank")->default_value("none")->notifier(
       one_of<Scaling>("scale", options->scaling, {{"none", Scaling::none}, {"standard", Scaling::standard}, {"unit", Scaling::unit}, {"log-standard", Scaling::log_standard}, {"rank", Scaling::rank}})),
     "standard: each dimension minus its mean, over its standard deviation; log-standard: the same of sign(x) ln(1 + |x|), for amounts and counts; rank: the share of rows with a smaller value, and half of those with the same; unit: each row over its length")
    ("clusters", po::value<std::string>()->value_name("K|FIRST:LAST[:STEP]")->notifier(
       [options](const std::string& text) { options->clusters = parse_cluster_counts(text); }),
     "how many, or which numbers to try; without it as many as --init FILE has")
    ("init", read_file()->value_name("kmeans++|kmeans-parallel|random|FILE")->default_value("kmeans++")->notifier(
       [options](const std::string& text) {
         options->init = text == "kmeans-parallel" ? Init::kmeans_parallel : text == "kmeans++" ? Init::plus_plus : text == "random" ? Init::random : Init::file;
         if (options->init == Init::file) options->init_file = text; }),
     "where iterations begin; kmeans++: best, and some dozen iterations' work; kmeans-parallel: less work for very many clusters; FILE: the centroids of an earlier clustering, whose numbers so remain, or rows of a .npy, CSV or TSV file")
    ("oversampling", po::value(&options->parallel_seeding.oversampling)->value_name("FACTOR")->default_value(options->parallel_seeding.oversampling)->notifier(
       within<double>("oversampling", 0.01, 1000)), "kmeans-parallel: rows drawn per round, in units of the clusters")
    ("rounds", po::value(&options->parallel_seeding.rounds)->value_name("N")->default_value(options->parallel_seeding.rounds)->notifier(
       within<Index>("rounds", 1, 1000)), "kmeans-parallel: rounds")
    ("restarts", po::value(&options->restarts)->value_name("N")->default_value(1)->notifier(within<Index>("restarts", 1, 10'000)),
     "runs from different seeds, of which the one with the lowest inertia is kept")
    ("metric", po::value<std::string>()->value_name("euclidean|cosine")->default_value("euclidean")->notifier(
       one_of<DistanceMetric>("metric", iterations.metric, {{"euclidean", DistanceMetric::euclidean}, {"cosine", DistanceMetric::cosine}})), "distance of a row to a centroid")
    ("max-iterations", po::value(&iterations.max_iterations)->value_name("N")->default_value(iterations.max_iterations)->notifier(
       within<Index>("max-iterations", 0, 1'000'000)), "at most so many iterations, or mini-batches")
    ("tolerance", po::value(&iterations.tolerance)->value_name("SHARE")->default_value(iterations.tolerance)->notifier(within<double>("tolerance", 0, 1)),
     "converged when all centroids' squared shifts add up to at most this times the mean variance of a dimension; 0: when no row moves")
    ("pruning", po::value<std::string>()->value_name("auto|off|hamerly|yinyang")->default_value("auto")->notifier(
       one_of<Pruning>("pruning", iterations.pruning.pruning, {{"auto", Pruning::automatic}, {"off", Pruning::off}, {"hamerly", Pruning::hamerly}, {"yinyang", Pruning::yinyang}})),
     "hamerly: rows whose cluster provably stays are passed over; yinyang: groups of clusters are; auto: what the iterations before promise to be fastest; no choice changes a bit of the result")
    ("memory-budget", po::value<std::string>()->value_name("BYTES")->notifier(bytes_of("memory-budget", options->memory_budget_bytes)),
     "memory of each rank for rows, centroids and, with what these leave, bounds, as in 4GiB; without it bounds take as much as the rows")
    ("batch", po::value(&options->batch_rows)->value_name("ROWS")->default_value(0)->notifier(within<Index>("batch", 0, 1'000'000'000)),
     "for a quick look: max-iterations mini-batches of so many rows; 0: all rows in every iteration")
    ("sweep-start", po::value<std::string>()->value_name("fresh|warm")->default_value("fresh")->notifier(
       one_of<SweepStart>("sweep-start", options->sweep_start, {{"fresh", SweepStart::fresh}, {"warm", SweepStart::warm}})),
     "several numbers of clusters: each afresh, or from the clusters of the number before and more by k-means++")
    ("folds", po::value(&options->folds)->value_name("N")->default_value(options->folds)->notifier(within<Index>("folds", 0, 100)),
     "several numbers of clusters, or --quality: folds of the rows for their stability; 0: no stability")
    ("predict", read_file(&options->predict), "assign the rows to the clusters of this clustering instead, by its metric and scale")
    ("output", written_file(&options->output, hdf5_endings)->required(), "clustering to write")
    ("quality", written_file(&options->quality, json_endings), "also write inertia, silhouette, stability and the like as JSON")
    ("export", written_file(&options->assignments_csv, csv_endings), "also write id,cluster,distance as CSV");
  // clang-format on
  describe_checkpoints(description, options->checkpoints, "iterations");
  describe_compression(description, options->checkpoints->deflate_level);
  return {[options](JobContext& context) { cluster_rows(*options, context); }, [options] { require_sense(*options); }};
}

Job kmeans_job() {
  return {"kmeans", "group users, items or any rows into clusters", notes,
          [](auto& description) { return describe_kmeans(description, std::make_shared<KMeansJobOptions>()); }};
}

}  // namespace rankwise
