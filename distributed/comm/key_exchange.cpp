#include "distributed/comm/key_exchange.hpp"

namespace rankwise {

namespace {
struct PackedTexts {
  std::vector<Index> lengths;
  std::vector<char> bytes;
};

PackedTexts pack(std::span<const std::string_view> texts) {
  PackedTexts packed;
  std::size_t total = 0;
  for (const std::string_view text : texts) total += text.size();
  packed.lengths.reserve(texts.size());
  packed.bytes.reserve(total);
  for (const std::string_view text : texts) {
    packed.lengths.push_back(static_cast<Index>(text.size()));
    packed.bytes.insert(packed.bytes.end(), text.begin(), text.end());
  }
  return packed;
}

ReceivedKeys<std::string_view> unpack(const std::vector<Index>& lengths, std::vector<Index> counts,
                                      std::vector<char> bytes) {
  ReceivedKeys<std::string_view> received;
  received.counts = std::move(counts);
  received.bytes = std::move(bytes);
  received.keys.reserve(lengths.size());
  const char* place = received.bytes.data();
  for (const Index length : lengths) {
    received.keys.emplace_back(place, static_cast<std::size_t>(length));
    place += length;
  }
  return received;
}
}  // namespace

ReceivedKeys<std::int64_t> exchange_keys(const Communicator& comm, std::span<const std::int64_t> send,
                                         std::span<const Index> counts) {
  Exchanged<std::int64_t> exchanged = comm.exchange(send, counts);
  ReceivedKeys<std::int64_t> received;
  received.keys = std::move(exchanged.values);
  received.counts = std::move(exchanged.counts);
  return received;
}

ReceivedKeys<std::string_view> exchange_keys(const Communicator& comm, std::span<const std::string_view> send,
                                             std::span<const Index> counts) {
  const PackedTexts packed = pack(send);
  std::vector<Index> byte_counts;
  std::size_t key = 0;
  for (const Index count : counts) {
    Index bytes = 0;
    for (Index i = 0; i < count; ++i) bytes += packed.lengths[key++];
    byte_counts.push_back(bytes);
  }
  Exchanged<Index> lengths = comm.exchange(std::span<const Index>(packed.lengths), counts);
  Exchanged<char> bytes = comm.exchange(std::span<const char>(packed.bytes), byte_counts);
  return unpack(lengths.values, std::move(lengths.counts), std::move(bytes.values));
}

ReceivedKeys<std::int64_t> gather_keys(const Communicator& comm, std::span<const std::int64_t> mine) {
  Exchanged<std::int64_t> gathered = comm.all_gather_varied(mine);
  ReceivedKeys<std::int64_t> received;
  received.keys = std::move(gathered.values);
  received.counts = std::move(gathered.counts);
  return received;
}

ReceivedKeys<std::string_view> gather_keys(const Communicator& comm, std::span<const std::string_view> mine) {
  const PackedTexts packed = pack(mine);
  Exchanged<Index> lengths = comm.all_gather_varied(std::span<const Index>(packed.lengths));
  Exchanged<char> bytes = comm.all_gather_varied(std::span<const char>(packed.bytes));
  return unpack(lengths.values, std::move(lengths.counts), std::move(bytes.values));
}

void broadcast_texts(const Communicator& comm, std::vector<std::string>& texts) {
  std::vector<Index> sizes;
  std::string joined;
  for (const std::string& text : texts) {
    sizes.push_back(std::ssize(text));
    joined += text;
  }
  comm.broadcast(sizes);
  comm.broadcast(joined);
  texts.clear();
  std::size_t begin = 0;
  for (const Index size : sizes) {
    texts.push_back(joined.substr(begin, static_cast<std::size_t>(size)));
    begin += static_cast<std::size_t>(size);
  }
}

}  // namespace rankwise
