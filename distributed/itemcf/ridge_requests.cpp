#include "distributed/itemcf/ridge_requests.hpp"

#include <algorithm>
#include <utility>

#include "distributed/itemcf/common_columns.hpp"

namespace rankwise {

namespace {

/// What others ask of this rank: for each request its item, local, and where its partners are.
struct Asked {
  struct Request {
    Index item;
    RowRange partners;
  };
  std::vector<Request> requests;         ///< by item
  std::span<const LocalIndex> partners;  ///< of a rank alone those of its own requests, else the received ones
  std::vector<LocalIndex> received;
  std::vector<Index> counts;  ///< of partners, by who asks
};

Asked exchange_questions(const Communicator& comm, const ItemLayout& layout, const PairMatrix& matrix,
                         const PairRequests& requests) {
  std::vector<Index> items;
  std::vector<Index> sizes;
  std::vector<Index> item_counts(at(comm.size()));
  std::vector<Index> partner_counts(at(comm.size()));
  for (std::size_t r = 0; r < requests.numbers.size(); ++r) {
    const Index item = layout.item_of[at(requests.numbers[r])];
    const auto owner = at(layout.items.owner(item));
    items.push_back(item);
    sizes.push_back(requests.offsets[r + 1] - requests.offsets[r]);
    ++item_counts[owner];
    partner_counts[owner] += sizes.back();
  }
  const std::vector<Index> asked_items = comm.exchange(std::span<const Index>(items), item_counts).values;
  const std::vector<Index> asked_sizes = comm.exchange(std::span<const Index>(sizes), item_counts).values;
  Asked asked;
  if (comm.size() == 1) {
    asked.partners = requests.partners;
  } else {
    Exchanged<LocalIndex> partners = comm.exchange(std::span<const LocalIndex>(requests.partners), partner_counts);
    asked.received = std::move(partners.values);
    asked.counts = std::move(partners.counts);
    asked.partners = asked.received;
  }
  Index begin = 0;
  for (std::size_t r = 0; r < asked_items.size(); ++r) {
    asked.requests.push_back({asked_items[r] - matrix.items.begin, {begin, begin + asked_sizes[r]}});
    begin += asked_sizes[r];
  }
  std::ranges::stable_sort(asked.requests, {}, &Asked::Request::item);
  return asked;
}

}  // namespace

Index requested_pair_bytes(const Communicator& comm) {
  constexpr Index pair_bytes = sizeof(LocalIndex) + sizeof(std::int64_t);
  return comm.size() == 1 ? pair_bytes : 2 * pair_bytes;
}

PairAnswers answer_requests(const Communicator& comm, const ItemLayout& layout, const PairMatrix& matrix,
                            const PairRequests& requests, Index budget_bytes) {
  const Asked asked = exchange_questions(comm, layout, matrix, requests);
  std::vector<Index> wanted;
  std::vector<std::size_t> first_request;
  for (std::size_t r = 0; r < asked.requests.size(); ++r) {
    if (!wanted.empty() && wanted.back() == asked.requests[r].item) continue;
    wanted.push_back(asked.requests[r].item);
    first_request.push_back(r);
  }
  first_request.push_back(asked.requests.size());
  PairAnswers answers;
  answers.sums.resize(asked.partners.size());
  const CountRequest request{.wanted = wanted, .with = CountedWith::lower_numbers, .budget_bytes = budget_bytes};
  answers.counted_pairs = count_common(comm, layout, matrix, request, [&](Index place, CommonUsers& common, int) {
    for (std::size_t r = first_request[at(place)]; r < first_request[at(place) + 1]; ++r) {
      const RowRange partners = asked.requests[r].partners;
      for (Index p = partners.begin; p < partners.end; ++p) answers.sums[at(p)] = common.sum(asked.partners[at(p)]);
    }
    common.drain([](Index, std::int64_t, Index) {});
  });
  if (comm.size() > 1) answers.sums = comm.exchange(std::span<const std::int64_t>(answers.sums), asked.counts).values;
  return answers;
}

}  // namespace rankwise
