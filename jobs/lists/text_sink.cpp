#include "jobs/lists/text_sink.hpp"

#include <algorithm>
#include <span>
#include <vector>

#include "distributed/threads/team_size.hpp"
#include "io/text/packed_text.hpp"
#include "jobs/lists/list_format.hpp"
#include "jobs/run/standard_output.hpp"

namespace rankwise {

namespace {

/// Everyone's text on the root, in rank order. Collective.
std::string at_root(const Communicator& comm, std::string_view mine) {
  std::vector<Index> counts(static_cast<std::size_t>(comm.size()));
  counts.front() = std::ssize(mine);
  const std::vector<char> all = comm.exchange(std::span<const char>(mine), counts).values;
  return {all.begin(), all.end()};
}

/// What a byte costs to pack, in multiplications.
constexpr double operations_per_byte = 100;

}  // namespace

TextSink::TextSink(const Communicator& comm, const std::string& path, Packing packing)
    : comm_(comm), packing_(packing) {
  if (path == standard_output_name) return;
  if (packing == Packing::none) {
    plain_.emplace(comm, path);
  } else {
    packed_.emplace(comm, path);
    agree_on(comm_, [&] { descriptor_ = packed_->open_to_write(); });
  }
}

void TextSink::append(std::string_view mine) {
  if (plain_) return plain_->append(mine);
  const std::string all = at_root(comm_, mine);
  if (packed_) {
    waiting_ += all;
    write_blocks(packed_block_bytes);
  } else if (comm_.is_root()) {
    print_data(all);
  }
}

void TextSink::write_blocks(std::size_t least_bytes) {
  agree_on(comm_, [&] {
    if (!comm_.is_root()) return;
    std::vector<std::string_view> blocks;
    std::string_view rest = waiting_;
    while (rest.size() >= std::max<std::size_t>(least_bytes, 1)) {
      blocks.push_back(rest.substr(0, packed_block_bytes));
      rest.remove_prefix(blocks.back().size());
    }
    const bool is_empty_file = least_bytes == 0 && size_ == 0 && blocks.empty();
    if (is_empty_file) blocks.emplace_back();
    std::vector<std::string> packed(blocks.size());
    std::vector<std::optional<Error>> failures(blocks.size());
    const int threads = team_size(static_cast<double>(waiting_.size()) * operations_per_byte);
#pragma omp parallel for schedule(dynamic) num_threads(threads)
    for (std::size_t b = 0; b < blocks.size(); ++b) {
      try {
        packed[b] = packed_text(packing_, blocks[b]);
      } catch (const Error& error) {
        failures[b] = error;
      }
    }
    for (std::size_t b = 0; b < blocks.size(); ++b) {
      if (failures[b]) throw Error(*failures[b]);
      write_at(packed_->path(), descriptor_.get(), packed[b], size_);
      size_ += std::ssize(packed[b]);
    }
    waiting_.erase(0, waiting_.size() - rest.size());
  });
}

void TextSink::commit() {
  if (plain_) return plain_->commit();
  if (!packed_) return;
  write_blocks(0);
  agree_on(comm_, [&] {
    if (!descriptor_.close_now()) throw Error(ExitCode::io_error, packed_->path() + ": cannot be written");
  });
  packed_->commit();
}

}  // namespace rankwise
