#include "jobs/als/forgotten_users.hpp"

#include <fmt/format.h>
#include <string>
#include <unordered_set>

#include "distributed/rows/partition.hpp"
#include "io/log/id_list.hpp"
#include "io/log/pseudonym_key.hpp"
#include "io/model/model.hpp"
#include "kernels/keyed_hash/pseudonyms.hpp"
#include "kernels/text/counted.hpp"

namespace rankwise {

namespace {

using Names = std::unordered_set<std::string>;

/// What makes the dataset's pseudonyms; nothing if it has ids. Collective.
std::optional<Pseudonyms> pseudonyms_of(const Communicator& comm, const AlsOptions& options,
                                        const DatasetReader& dataset) {
  const std::optional<PseudonymMark> mark = dataset.pseudonyms();
  const auto refuse = [&](const std::string& reason) {
    throw AgreedError(ExitCode::usage, fmt::format("--forget {}: {}", options.forget, reason));
  };
  if (options.pseudonyms.empty()) {
    if (mark) refuse(fmt::format("users of {} have pseudonyms; expected their key (--pseudonyms)", options.data));
    return std::nullopt;
  }
  if (!mark) refuse(fmt::format("users of {} have no pseudonyms; expected no --pseudonyms", options.data));
  const std::string key = read_pseudonym_key(comm, options.pseudonyms);
  Pseudonyms pseudonyms = agree_on(comm, [&] { return Pseudonyms(key); });
  if (mark->method != pseudonym_method || mark->key_id != pseudonyms.key_id()) {
    refuse(fmt::format("the key of --pseudonyms has the id {}, that of {} is {}; expected the same key",
                       pseudonyms.key_id(), options.data, mark->key_id));
  }
  return pseudonyms;
}

/// What users of the list may be called: by their ids, and in a model or dataset with pseudonyms by these.
Names names_of(const IdList& list, const std::optional<Pseudonyms>& pseudonyms) {
  Names names;
  for (const ListedId& listed : list.ids) {
    names.insert(listed.id);
    if (pseudonyms) names.insert(pseudonyms->of(listed.id));
  }
  return names;
}

/// How many of `users` have one of the names, each rank looking at its part. `ids`: those of a range. Collective.
Index count_named(const Communicator& comm, const Names& names, Index users, const auto& ids) {
  const IdRows mine = ids(Partition::by_count(users, comm.size()).range(comm.rank()));
  Index found = 0;
  for (Index row = 0; row < id_count(mine.ids); ++row) found += names.contains(id_text(mine.ids, row)) ? 1 : 0;
  return comm.sum(found);
}

}  // namespace

void require_forgotten(JobContext& context, const AlsOptions& options, const DatasetReader& dataset,
                       const std::optional<WarmStart>& warm_start) {
  const auto timer = context.report.phase("forget");
  const Communicator& comm = context.comm;
  // 1. Who is to be forgotten.
  const std::optional<Pseudonyms> pseudonyms = pseudonyms_of(comm, options, dataset);
  const IdList list = read_user_list(comm, options.forget);
  context.report.line(list.note);
  if (list.missing > 0) {
    context.report.line(fmt::format("forget: {} of the list {} no id", counted(list.missing, "record"),
                                    verb(list.missing, "has", "have")));
  }
  const Names names = agree_on(comm, [&] { return names_of(list, pseudonyms); });
  const auto refuse = [&](const std::string& file, Index found, std::string_view expected) {
    if (found == 0) return;
    throw AgreedError(ExitCode::bad_data, fmt::format("{} has {} in --forget {}; expected {}", file,
                                                      counted(found, "user"), options.forget, expected));
  };

  // 2. None of them in the dataset, held out or not.
  const Index heldout = dataset.all_users() - dataset.training_users();
  Index found = count_named(comm, names, dataset.training_users(), [&](RowRange r) { return dataset.user_ids(r); });
  if (heldout > 0) {
    found += count_named(comm, names, heldout, [&](RowRange r) { return dataset.heldout_user_ids(r); });
  }
  refuse(options.data, found, "a dataset of prepare --forget");

  // 3. None in the model that this training begins with.
  if (warm_start) {
    const ModelReader model(comm, options.warm_start, context.common.input_check);
    refuse(fmt::format("--warm-start {}", options.warm_start),
           count_named(comm, names, model.users(), [&](RowRange r) { return model.user_ids(r); }),
           "a model that was trained without them, or no --warm-start");
    const Index ancestors = std::ssize(warm_start->lineage()) - 1;
    if (ancestors > 0) {
      context.report.warning(
          fmt::format("--warm-start {}: began with an older model, and {} may have learned of users "
                      "in --forget that it does not have itself",
                      options.warm_start, ancestors == 1 ? "that one" : fmt::format("its {} ancestors", ancestors)));
    }
  }
  context.report.line(fmt::format("forget: no user of the list is in the dataset{}",
                                  !warm_start  ? ""
                                  : pseudonyms ? " or, if its pseudonyms are of this key, the model of --warm-start"
                                               : " or the model of --warm-start"));
  context.report.event("forget", {{"listed", std::ssize(list.ids)}, {"missing", list.missing}, {"found", Index{0}}});
}

}  // namespace rankwise
