#include "jobs/recommend/files/split_sink.hpp"

#include <algorithm>
#include <string_view>

#include "io/files/content_hash.hpp"
#include "io/text/packed_text.hpp"

namespace rankwise {

SplitSink::SplitSink(const Communicator& comm, const std::vector<std::string>& paths, Packing packing)
    : comm_(comm), packing_(packing), files_(paths.size()) {
  for (std::size_t f = 0; f < paths.size(); ++f) files_[f].output = std::make_unique<OutputFile>(comm, paths[f]);
  agree_on(comm_, [&] {
    for (std::size_t f = 0; f < files_.size(); ++f) {
      if (is_mine(f)) files_[f].descriptor = files_[f].output->open_to_write();
    }
  });
}

bool SplitSink::is_mine(std::size_t file) const {
  return static_cast<int>(file % static_cast<std::size_t>(comm_.size())) == comm_.rank();
}

void SplitSink::append(const std::vector<std::string>& texts) {
  // BEFORE: a text for each file. AFTER: each writer has every rank's texts for its files, by rank, then by file.
  const auto ranks = static_cast<std::size_t>(comm_.size());
  std::string bytes;
  std::vector<Index> sizes;
  std::vector<Index> byte_counts(ranks);
  std::vector<Index> size_counts(ranks);
  for (std::size_t writer = 0; writer < ranks; ++writer) {
    for (std::size_t f = writer; f < texts.size(); f += ranks) {
      bytes += texts[f];
      sizes.push_back(std::ssize(texts[f]));
      byte_counts[writer] += std::ssize(texts[f]);
      ++size_counts[writer];
    }
  }
  const std::vector<Index> received_sizes = comm_.exchange(std::span<const Index>(sizes), size_counts).values;
  const std::vector<char> received = comm_.exchange(std::span<const char>(bytes), byte_counts).values;
  std::size_t next_size = 0;
  std::size_t begin = 0;
  for (std::size_t rank = 0; rank < ranks; ++rank) {
    for (std::size_t f = static_cast<std::size_t>(comm_.rank()); f < files_.size(); f += ranks) {
      const auto size = static_cast<std::size_t>(received_sizes[next_size++]);
      files_[f].waiting.append(received.data() + begin, size);
      begin += size;
    }
  }
  write_waiting();
}

void SplitSink::write_waiting() {
  agree_on(comm_, [&] {
    for (std::size_t f = 0; f < files_.size(); ++f) {
      if (is_mine(f)) write_blocks(files_[f], packed_block_bytes);
    }
  });
}

void SplitSink::write_blocks(File& file, std::size_t least_bytes) const {
  const std::string& path = file.output->path();
  std::string_view rest = file.waiting;
  const bool is_empty_file = least_bytes == 0 && file.size == 0 && rest.empty();
  if (packing_ == Packing::none) {
    write_at(path, file.descriptor.get(), rest, file.size);
    file.size += std::ssize(rest);
    rest = {};
  }
  while (rest.size() >= std::max<std::size_t>(least_bytes, 1) || (is_empty_file && file.size == 0)) {
    const std::string_view block = rest.substr(0, packed_block_bytes);
    const std::string packed = packed_text(packing_, block);
    write_at(path, file.descriptor.get(), packed, file.size);
    file.size += std::ssize(packed);
    rest.remove_prefix(block.size());
    if (packed.empty()) break;
  }
  file.waiting.erase(0, file.waiting.size() - rest.size());
}

std::vector<SplitSink::Written> SplitSink::finish() {
  std::vector<Index> bytes(files_.size());
  std::vector<std::uint64_t> digests(files_.size());
  agree_on(comm_, [&] {
    for (std::size_t f = 0; f < files_.size(); ++f) {
      if (!is_mine(f)) continue;
      File& file = files_[f];
      write_blocks(file, 0);
      if (!file.descriptor.close_now()) throw Error(ExitCode::io_error, file.output->path() + ": cannot be written");
      file.output->make_durable();
      bytes[f] = file.size;
      digests[f] = file_digest(file.output->temporary_path());
    }
  });
  comm_.all_reduce_sum(std::span<Index>(bytes));
  comm_.all_reduce_sum(std::span<std::uint64_t>(digests));
  std::vector<Written> written;
  for (std::size_t f = 0; f < files_.size(); ++f) written.push_back({bytes[f], digests[f]});
  return written;
}

void SplitSink::put_in_place(const std::function<void()>& before) {
  agree_on(comm_, [&] {
    if (!comm_.is_root()) return;
    before();
    for (File& file : files_) file.output->put_in_place();
  });
}

}  // namespace rankwise
