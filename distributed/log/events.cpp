#include "distributed/log/events.hpp"

#include <algorithm>

#include "distributed/comm/key_exchange.hpp"

namespace rankwise {

UserEvents events_by_user(const Communicator& comm, std::vector<Interaction> interactions, const Partition& users,
                          Index items) {
  std::vector<Index> counts;
  std::vector<Interaction> sorted = sorted_by_owner(
      std::span<const Interaction>(interactions), comm.size(),
      [&](const Interaction& interaction) { return users.owner(interaction.user); }, counts);
  interactions = {};
  const std::vector<Interaction> received = comm.exchange(std::span<const Interaction>(sorted), counts).values;
  sorted = {};

  UserEvents rows;
  rows.users = users.range(comm.rank());
  rows.total_users = users.rows();
  rows.items = items;
  rows.offsets.assign(static_cast<std::size_t>(rows.users.size()) + 1, 0);
  const auto local = [&](const Interaction& interaction) {
    return static_cast<std::size_t>(interaction.user - rows.users.begin);
  };
  for (const Interaction& interaction : received) ++rows.offsets[local(interaction) + 1];
  for (std::size_t u = 1; u < rows.offsets.size(); ++u) rows.offsets[u] += rows.offsets[u - 1];
  std::vector<Index> next(rows.offsets.begin(), rows.offsets.end() - 1);
  rows.events.resize(received.size());
  for (const Interaction& interaction : received) {
    rows.events[static_cast<std::size_t>(next[local(interaction)]++)] = {
        interaction.item, interaction.value, interaction.time_microseconds, interaction.position, interaction.fold};
  }
  for (Index u = 0; u < rows.users.size(); ++u) {
    const std::span<Event> events = rows.of(u);
    std::sort(events.begin(), events.end(), [](const Event& a, const Event& b) {
      return a.item != b.item ? a.item < b.item : a.position < b.position;
    });
  }
  return rows;
}

}  // namespace rankwise
