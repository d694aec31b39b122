#include "io/evaluation/user_metrics.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <set>
#include <span>
#include <string_view>

#include "io/dataset/id_file.hpp"
#include "io/dataset/provenance_attributes.hpp"
#include "io/files/file_version.hpp"
#include "io/hdf5/describe_file.hpp"
#include "io/hdf5/file_digests.hpp"
#include "io/hdf5/reader.hpp"
#include "io/hdf5/writer.hpp"
#include "kernels/base/error.hpp"

namespace rankwise {

namespace {

constexpr std::string_view metrics_group = "/metrics/";

std::string dataset_of(const std::string& metric) {
  return std::string(metrics_group) + metric;
}

void check_parts(const Communicator& comm, const UserMetrics& metrics) {
  agree_on(comm, [&] {
    std::set<std::string> names;
    for (const UserMetric& metric : metrics.metrics) {
      const bool is_name = !metric.name.empty() && metric.name != "." && metric.name.find('/') == std::string::npos;
      if (!is_name || !names.insert(metric.name).second) {
        throw Error(ExitCode::internal, fmt::format("\"{}\" cannot name a metric's dataset", metric.name));
      }
      if (std::ssize(metric.values) != metrics.ids.rows.size()) {
        throw Error(ExitCode::internal, fmt::format("values of {} are not one per user", metric.name));
      }
    }
  });
}

/// NaN has many bit patterns; the file has one.
double canonical(double value) {
  return std::isnan(value) ? std::numeric_limits<double>::quiet_NaN() : value;
}

void write_metric(Hdf5Writer& file, const IdRows& ids, const UserMetric& metric) {
  const std::string name = dataset_of(metric.name);
  file.write_filled_rows<double>(name, ids.total_rows, ids.rows, [&](RowRange rows, double* out) {
    const auto values =
        std::span(metric.values)
            .subspan(static_cast<std::size_t>(rows.begin - ids.rows.begin), static_cast<std::size_t>(rows.size()));
    std::ranges::transform(values, out, canonical);
  });
  mark_array(file, name, "array");
  file.write_attribute(name, "definition", metric.definition);
}

}  // namespace

void write_user_metrics(const Communicator& comm, const std::string& path, const UserMetrics& metrics,
                        const Provenance& provenance) {
  check_parts(comm, metrics);
  const Index value_bytes = metrics.ids.total_rows * std::ssize(metrics.metrics) * static_cast<Index>(sizeof(double));
  Hdf5Writer file(comm, path, id_bytes(comm, metrics.ids) + value_bytes);
  Provenance stamped = provenance;
  stamped.kind = user_metrics_kind;
  write_provenance(file, stamped);
  file.write_attribute("/", "model-digest", metrics.model_digest);
  write_blend_origin(file, metrics.blend);
  file.create_group("/users");
  write_ids(comm, file, "/users/ids", metrics.ids);
  file.create_group("/metrics");
  for (const UserMetric& metric : metrics.metrics) write_metric(file, metrics.ids, metric);
  file.commit();
}

struct UserMetricsReader::Impl {
  const Communicator* comm;
  Hdf5Reader file;
  Provenance provenance;
  std::uint64_t model_digest = 0;
  Index users = 0;
  std::vector<std::string> names;

  [[nodiscard]] static Impl open(const Communicator& comm, const std::string& path, InputCheck check);
  [[noreturn]] void refuse(const std::string& reason) const {
    throw Error(ExitCode::bad_data, fmt::format("{}: {}", file.path(), reason));
  }
};

UserMetricsReader::Impl UserMetricsReader::Impl::open(const Communicator& comm, const std::string& path,
                                                      InputCheck check) {
  Impl opened{.comm = &comm, .file = open_checked(path, check), .provenance = {}, .names = {}};
  opened.provenance = read_provenance(opened.file, user_metrics_kind);
  opened.model_digest = opened.file.read_unsigned("/", "model-digest");
  opened.users = id_rows(opened.file, "/users/ids");
  for (const FileObject& object : describe_file(path).objects) {
    if (!object.path.starts_with(metrics_group)) continue;
    if (opened.file.shape(object.path, Hdf5Kind::floating, 1).rows() != opened.users) {
      opened.refuse(fmt::format("{} and /users/ids differ in length", object.path));
    }
    opened.names.push_back(object.path.substr(metrics_group.size()));
  }
  return opened;
}

UserMetricsReader::UserMetricsReader(const Communicator& comm, const std::string& path, InputCheck check)
    : impl_(agree_on(comm, [&] { return std::make_unique<Impl>(Impl::open(comm, path, check)); })) {
  agree_on_version(comm, path, impl_->file.version());
}
UserMetricsReader::~UserMetricsReader() = default;
UserMetricsReader::UserMetricsReader(UserMetricsReader&&) noexcept = default;
UserMetricsReader& UserMetricsReader::operator=(UserMetricsReader&&) noexcept = default;

const Provenance& UserMetricsReader::provenance() const {
  return impl_->provenance;
}

std::uint64_t UserMetricsReader::model_digest() const {
  return impl_->model_digest;
}

Index UserMetricsReader::users() const {
  return impl_->users;
}

const std::vector<std::string>& UserMetricsReader::names() const {
  return impl_->names;
}

IdRows UserMetricsReader::user_ids(RowRange rows) const {
  return agree_on(*impl_->comm, [&] { return read_ids(impl_->file, "/users/ids", rows); });
}

UserMetric UserMetricsReader::metric(std::size_t metric, RowRange rows) const {
  return agree_on(*impl_->comm, [&] {
    const std::string& name = impl_->names.at(metric);
    const std::string dataset = dataset_of(name);
    UserMetric read{.name = name,
                    .definition = impl_->file.read_text(dataset, "definition"),
                    .values = impl_->file.read_rows<double>(dataset, rows)};
    const auto infinite = std::ranges::find_if(read.values, [](double value) { return std::isinf(value); });
    if (infinite != read.values.end()) {
      impl_->refuse(fmt::format("{}: row {} is infinite", dataset, rows.begin + (infinite - read.values.begin())));
    }
    return read;
  });
}

}  // namespace rankwise
