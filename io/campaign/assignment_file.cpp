#include "io/campaign/assignment_file.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <set>
#include <span>
#include <utility>

#include "io/dataset/id_file.hpp"
#include "io/dataset/provenance_attributes.hpp"
#include "io/files/file_version.hpp"
#include "io/hdf5/file_digests.hpp"
#include "io/hdf5/root_rows.hpp"
#include "io/hdf5/writer.hpp"
#include "kernels/base/error.hpp"

namespace rankwise {

namespace {

const std::string ids_name = "/users/ids";
const std::string group_name_of_users = "/users/group";
const std::string stratum_name = "/users/stratum";
const std::string segment_name = "/users/segment";
const std::string past_money_name = "/users/past_money_millionths";
const std::string predicted_name = "/users/predicted_value_millionths";
const std::string lines_name = "/users/offers";
const std::string offsets_name = lines_name + "/indptr";
const std::string offer_name = lines_name + "/offer";
const std::string value_name = lines_name + "/value_millionths";
const std::string intended_name = lines_name + "/intended";
const std::string sent_name = lines_name + "/sent";

constexpr Index most_names = 1'000'000;

// --- Writing.

Index file_bytes(const Communicator& comm, const CampaignAssignment& assignment) {
  constexpr Index customer_bytes = 3 * sizeof(std::int32_t) + 2 * sizeof(std::int64_t) + sizeof(Index);
  constexpr Index entry_bytes = 3 * sizeof(std::int32_t) + sizeof(std::int64_t);
  return id_bytes(comm, assignment.ids) + assignment.ids.total_rows * customer_bytes +
         comm.sum(std::ssize(assignment.lines.offers)) * entry_bytes;
}

void write_terms(Hdf5Writer& file, const CampaignTerms& terms) {
  file.write_attribute("/", "campaign", std::string_view(terms.campaign));
  file.write_attribute("/", "goal", goal_word(terms.goal));
  file.write_attribute("/", "start", terms.start_microseconds);
  file.write_attribute("/", "horizon_seconds", terms.horizon_seconds);
  file.write_attribute("/", "created", terms.created_microseconds);
  file.write_attribute("/", "hold_out_millionths", terms.hold_out_millionths);
  file.write_attribute("/", "global_hold_out_millionths", terms.global_hold_out_millionths);
  file.write_attribute("/", "key-id", std::string_view(terms.key_id));
  file.write_attribute("/", "settings", std::string_view(terms.settings));
}

void write_names(const Communicator& comm, Hdf5Writer& file, const std::string& name,
                 const std::vector<std::string>& names) {
  file.write_strings(name, std::ssize(names), root_rows(comm, std::ssize(names)),
                     comm.is_root() ? std::span<const std::string>(names) : std::span<const std::string>());
}

template <class T>
void write_shared(const Communicator& comm, Hdf5Writer& file, const std::string& name, const std::vector<T>& values) {
  file.write_rows(name, std::ssize(values), root_rows(comm, std::ssize(values)), std::span<const T>(values));
}

void write_offers(const Communicator& comm, Hdf5Writer& file, const CampaignOffers& offers) {
  file.create_group("/offers");
  write_names(comm, file, "/offers/names", offers.names);
  write_names(comm, file, "/offers/categories", offers.categories);
  write_names(comm, file, "/offers/channels", offers.channels);
  write_shared(comm, file, "/offers/cost_millionths", offers.cost_millionths);
  write_shared(comm, file, "/offers/margin_millionths", offers.margin_millionths);
  write_shared(comm, file, "/offers/capacity", offers.capacity);
}

void write_lines(const Communicator& comm, Hdf5Writer& file, const IdRows& ids, const OfferLines& lines) {
  file.create_group(lines_name);
  const Index entries = std::ssize(lines.offers);
  const Index first = comm.exclusive_sum(entries);
  const Index total = comm.sum(entries);
  const RowRange mine{first, first + entries};
  const bool is_last = comm.rank() == comm.size() - 1;
  const RowRange offsets{ids.rows.begin, ids.rows.end + (is_last ? 1 : 0)};
  file.write_filled_rows<Index>(offsets_name, ids.total_rows + 1, offsets, [&](RowRange piece, Index* out) {
    const Index* local = lines.offsets.data() + (piece.begin - offsets.begin);
    std::transform(local, local + piece.size(), out, [first](Index offset) { return first + offset; });
  });
  file.write_rows(offer_name, total, mine, std::span<const std::int32_t>(lines.offers));
  file.write_rows(value_name, total, mine, std::span<const std::int64_t>(lines.value_millionths));
  file.write_rows(intended_name, total, mine, std::span<const std::int32_t>(lines.intended));
  file.write_rows(sent_name, total, mine, std::span<const std::int32_t>(lines.sent));
}

// --- Reading.

std::vector<std::string> read_names(const Hdf5Reader& file, const std::string& name) {
  const Index rows = file.shape(name, Hdf5Kind::text, 1).rows();
  if (rows > most_names)
    refuse_object(file, name, fmt::format("holds {} names, expected at most {}", rows, most_names));
  return file.read_strings(name, {0, rows});
}

std::int64_t read_within(const Hdf5Reader& file, const char* name, std::int64_t least, std::int64_t most) {
  const std::int64_t value = file.read_integer("/", name);
  if (value >= least && value <= most) return value;
  refuse_object(file, name, fmt::format("is {}, expected a number from {} to {}", value, least, most));
}

CampaignGoal read_goal(const Hdf5Reader& file) {
  const std::string word = file.read_text("/", "goal");
  for (const CampaignGoal goal :
       {CampaignGoal::revenue, CampaignGoal::margin, CampaignGoal::orders, CampaignGoal::buyers}) {
    if (word == goal_word(goal)) return goal;
  }
  refuse_object(file, "goal", "is another word than revenue, margin, orders or buyers");
}

CampaignTerms read_terms(const Hdf5Reader& file) {
  constexpr std::int64_t most_microseconds = std::int64_t{1} << 62;
  constexpr std::int64_t most_seconds = most_microseconds / (2 * millionths);
  CampaignTerms terms;
  terms.campaign = file.read_text("/", "campaign");
  terms.goal = read_goal(file);
  terms.start_microseconds = read_within(file, "start", -most_microseconds, most_microseconds);
  terms.horizon_seconds = read_within(file, "horizon_seconds", 1, most_seconds);
  terms.created_microseconds = read_within(file, "created", -most_microseconds, most_microseconds);
  terms.hold_out_millionths = read_within(file, "hold_out_millionths", 0, millionths);
  terms.global_hold_out_millionths = read_within(file, "global_hold_out_millionths", 0, millionths);
  terms.key_id = file.read_text("/", "key-id");
  terms.settings = file.read_text("/", "settings");
  return terms;
}

std::vector<std::int64_t> read_of_offers(const Hdf5Reader& file, const std::string& name, Index offers) {
  const Index rows = file.shape(name, Hdf5Kind::integer, 1).rows();
  if (rows != offers) refuse_object(file, name, fmt::format("holds {} numbers, expected {}", rows, offers));
  return file.read_rows<std::int64_t>(name, {0, rows});
}

CampaignOffers read_offers(const Hdf5Reader& file) {
  CampaignOffers offers;
  offers.names = read_names(file, "/offers/names");
  offers.categories = read_names(file, "/offers/categories");
  offers.channels = read_names(file, "/offers/channels");
  const Index count = std::ssize(offers.names);
  if (std::ssize(offers.categories) != count || std::ssize(offers.channels) != count)
    refuse_object(file, "/offers", "names, categories and channels differ in length");
  if (std::set<std::string>(offers.names.begin(), offers.names.end()).size() != offers.size())
    refuse_object(file, "/offers/names", "holds a name twice");
  offers.cost_millionths = read_of_offers(file, "/offers/cost_millionths", count);
  offers.margin_millionths = read_of_offers(file, "/offers/margin_millionths", count);
  offers.capacity = read_of_offers(file, "/offers/capacity", count);
  for (const Index capacity : offers.capacity) {
    if (capacity < CampaignOffers::unlimited)
      refuse_object(file, "/offers/capacity", fmt::format("holds {}, expected -1 or more", capacity));
  }
  return offers;
}

void require_rows(const Hdf5Reader& file, const std::string& name, Index rows) {
  const Index found = file.shape(name, Hdf5Kind::integer, 1).rows();
  if (found != rows) refuse_object(file, name, fmt::format("holds {} numbers, expected {}", found, rows));
}

/// Numbers from `least` to below `end`.
std::vector<std::int32_t> read_places(const Hdf5Reader& file, const std::string& name, RowRange rows, Index least,
                                      Index end) {
  std::vector<std::int32_t> places = file.read_rows<std::int32_t>(name, rows);
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (places[i] >= least && places[i] < end) continue;
    refuse_object(file, name,
                  fmt::format("row {} is {}, expected a number from {} to {}", rows.begin + static_cast<Index>(i),
                              places[i], least, end - 1));
  }
  return places;
}

std::vector<Index> read_offsets(const Hdf5Reader& file, RowRange rows, Index users, Index entries) {
  std::vector<Index> offsets = file.read_rows<Index>(offsets_name, {rows.begin, rows.end + 1});
  const bool begins = rows.begin > 0 || offsets.front() == 0;
  const bool ends = rows.end < users || offsets.back() == entries;
  if (!begins || !ends || offsets.front() < 0 || offsets.back() > entries)
    refuse_object(file, offsets_name, fmt::format("does not go from 0 to the {} entries", entries));
  if (!std::ranges::is_sorted(offsets)) refuse_object(file, offsets_name, "falls");
  return offsets;
}

/// Offers of a customer ascend, controls get none, and the predicted value is that of the intended ones.
void check_customer(const Hdf5Reader& file, const CampaignAssignment& read, std::size_t customer, Index row) {
  const OfferLines& lines = read.lines;
  std::uint64_t predicted = 0;  // modulo 2^64, whatever a file holds
  for (auto e = static_cast<std::size_t>(lines.offsets[customer]);
       e < static_cast<std::size_t>(lines.offsets[customer + 1]); ++e) {
    const bool is_first = e == static_cast<std::size_t>(lines.offsets[customer]);
    if (!is_first && lines.offers[e] <= lines.offers[e - 1])
      refuse_object(file, offer_name, fmt::format("the offers of customer {} do not ascend", row));
    if (lines.intended[e] == 0 && lines.sent[e] == 0)
      refuse_object(file, lines_name, fmt::format("customer {} has an offer that is neither intended nor sent", row));
    if (lines.sent[e] != 0 && read.groups[customer] != CustomerGroup::treated)
      refuse_object(file, sent_name, fmt::format("customer {} is held out and is sent an offer", row));
    if (lines.intended[e] != 0) predicted += static_cast<std::uint64_t>(lines.value_millionths[e]);
  }
  if (predicted == static_cast<std::uint64_t>(read.predicted_value_millionths[customer])) return;
  refuse_object(file, predicted_name, fmt::format("row {} is not the sum of the intended offers", row));
}

CampaignAssignment read_rows_of(const Hdf5Reader& file, CampaignAssignment read, RowRange rows, Index users,
                                Index entries) {
  read.ids = read_ids(file, ids_name, rows);
  for (const std::int32_t group : read_places(file, group_name_of_users, rows, 0, customer_group_count))
    read.groups.push_back(static_cast<CustomerGroup>(group));
  read.stratum_of = read_places(file, stratum_name, rows, 0, std::ssize(read.strata));
  read.segment_of = read_places(file, segment_name, rows, -1, std::ssize(read.segments));
  read.past_money_millionths = file.read_rows<std::int64_t>(past_money_name, rows);
  read.predicted_value_millionths = file.read_rows<std::int64_t>(predicted_name, rows);
  OfferLines& lines = read.lines;
  lines.offsets = read_offsets(file, rows, users, entries);
  const RowRange mine{lines.offsets.front(), lines.offsets.back()};
  for (Index& offset : lines.offsets) offset -= mine.begin;
  lines.offers = read_places(file, offer_name, mine, 0, static_cast<Index>(read.offers.size()));
  lines.value_millionths = file.read_rows<std::int64_t>(value_name, mine);
  lines.intended = read_places(file, intended_name, mine, 0, 2);
  lines.sent = read_places(file, sent_name, mine, 0, 2);
  for (std::size_t c = 0; c < read.groups.size(); ++c)
    check_customer(file, read, c, rows.begin + static_cast<Index>(c));
  return read;
}

}  // namespace

void write_assignment(const Communicator& comm, const std::string& path, const CampaignAssignment& assignment,
                      const Provenance& provenance, int deflate_level) {
  const IdRows& ids = assignment.ids;
  Hdf5Writer file(comm, path, file_bytes(comm, assignment), {.deflate_level = deflate_level});
  Provenance stamped = provenance;
  stamped.kind = assignment_kind;
  write_provenance(file, stamped);
  write_terms(file, assignment.terms);
  file.create_group("/users");
  write_ids(comm, file, ids_name, ids);
  file.write_filled_rows<std::int32_t>(
      group_name_of_users, ids.total_rows, ids.rows, [&](RowRange piece, std::int32_t* out) {
        const CustomerGroup* local = assignment.groups.data() + (piece.begin - ids.rows.begin);
        std::transform(local, local + piece.size(), out, [](CustomerGroup g) { return static_cast<std::int32_t>(g); });
      });
  const auto write_of_users = [&](const std::string& name, const auto& values) {
    file.write_rows(name, ids.total_rows, ids.rows, std::span(values));
  };
  write_of_users(stratum_name, assignment.stratum_of);
  write_of_users(segment_name, assignment.segment_of);
  write_of_users(past_money_name, assignment.past_money_millionths);
  write_of_users(predicted_name, assignment.predicted_value_millionths);
  write_lines(comm, file, ids, assignment.lines);
  write_offers(comm, file, assignment.offers);
  file.create_group("/strata");
  write_names(comm, file, "/strata/names", assignment.strata);
  file.create_group("/segments");
  write_names(comm, file, "/segments/names", assignment.segments);
  file.commit();
}

AssignmentReader::AssignmentReader(const Communicator& comm, const std::string& path, InputCheck check)
    : comm_(&comm), file_(agree_on(comm, [&] { return std::make_unique<Hdf5Reader>(open_checked(path, check)); })) {
  agree_on_version(comm, path, file_->version());
  agree_on(comm, [&] {
    provenance_ = read_provenance(*file_, assignment_kind);
    terms_ = read_terms(*file_);
    offers_ = read_offers(*file_);
    strata_ = read_names(*file_, "/strata/names");
    segments_ = read_names(*file_, "/segments/names");
    users_ = id_rows(*file_, ids_name);
    for (const std::string& name : {group_name_of_users, stratum_name, segment_name, past_money_name, predicted_name})
      require_rows(*file_, name, users_);
    require_rows(*file_, offsets_name, users_ + 1);
    entries_ = file_->shape(offer_name, Hdf5Kind::integer, 1).rows();
    for (const std::string& name : {value_name, intended_name, sent_name}) require_rows(*file_, name, entries_);
  });
}

IdRows AssignmentReader::user_ids(RowRange rows) const {
  return agree_on(*comm_, [&] { return read_ids(*file_, ids_name, rows); });
}

CampaignAssignment AssignmentReader::read(RowRange rows) const {
  return agree_on(*comm_, [&] {
    CampaignAssignment read;
    read.terms = terms_;
    read.offers = offers_;
    read.strata = strata_;
    read.segments = segments_;
    return read_rows_of(*file_, std::move(read), rows, users_, entries_);
  });
}

}  // namespace rankwise
