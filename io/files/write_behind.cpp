#include "io/files/write_behind.hpp"

#include <algorithm>
#include <system_error>

namespace rankwise {

namespace {

/// Writes rows without their padding, some at a time where they have any.
void write_rows(const std::string& path, int descriptor, const RowsAtByte& part) {
  const ConstMatrixView& rows = part.rows;
  const Index row_bytes = rows.columns * static_cast<Index>(sizeof(float));
  const auto write = [&](const float* first, Index count, Index row) {
    write_at(path, descriptor, {reinterpret_cast<const char*>(first), static_cast<std::size_t>(count * row_bytes)},
             part.first_byte + row * row_bytes);
  };
  if (rows.columns == rows.stride) return write(rows.data, rows.rows, 0);
  constexpr Index piece_bytes = Index{1} << 20;
  const Index piece_rows = std::clamp<Index>(piece_bytes / row_bytes, 1, std::max<Index>(1, rows.rows));
  std::vector<float> piece(static_cast<std::size_t>(piece_rows * rows.columns));
  for (Index first = 0; first < rows.rows; first += piece_rows) {
    const Index count = std::min(piece_rows, rows.rows - first);
    for (Index r = 0; r < count; ++r) std::copy_n(rows.row(first + r), rows.columns, piece.data() + r * rows.columns);
    write(piece.data(), count, first);
  }
}

void write_durably(const OutputFile& file, const std::vector<RowsAtByte>& parts) {
  {
    const FileDescriptor out = file.open_to_write();
    for (const RowsAtByte& part : parts) {
      if (part.rows.rows > 0) write_rows(file.path(), out.get(), part);
    }
  }
  file.make_durable();
}

}  // namespace

WriteBehind::WriteBehind(const Communicator& comm, std::unique_ptr<OutputFile> file, std::vector<RowsAtByte> rows,
                         std::function<void()> then)
    : comm_(comm), file_(std::move(file)), rows_(std::move(rows)), then_(std::move(then)) {
  start([this] { write_durably(*file_, rows_); });
}

WriteBehind::~WriteBehind() {
  if (thread_.valid()) thread_.wait();
}

void WriteBehind::start(std::function<void()> work) {
  const auto guarded = [work = std::move(work)]() -> Outcome {
    try {
      work();
    } catch (const Error& error) {
      return error;
    } catch (const std::bad_alloc&) {
      return Error(ExitCode::internal, "out of memory");
    }
    return std::nullopt;
  };
  try {
    thread_ = std::async(std::launch::async, guarded);
  } catch (const std::system_error&) {  // no thread to be had: the run waits
    thread_ = std::async(std::launch::deferred, guarded);
  }
}

/// What follows on a step that has ended here; waits where it has not.
void WriteBehind::end_step() {
  switch (step_) {
    case Step::writing:
      // 1. This rank's rows are durable.
      failure_ = thread_.get();
      failed_ = std::make_unique<PendingMax>(comm_, Index{failure_.has_value()});
      step_ = Step::agreeing;
      return;
    case Step::agreeing:
      // 2. All ranks' rows are.
      if (failed_->wait() == 0 && comm_.is_root()) {
        step_ = Step::placing;
        return start([this] {
          file_->put_in_place();
          if (then_) then_();
        });
      }
      step_ = Step::done;
      break;
    case Step::placing:
      // 3. The file is in its place.
      failure_ = thread_.get();
      step_ = Step::done;
      break;
    case Step::done:
      return;
  }
  seconds_ = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
}

void WriteBehind::progress() {
  const auto has_ended = [this] {
    if (step_ == Step::agreeing) return failed_->is_done();
    return thread_.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  };
  if (step_ != Step::done && has_ended()) end_step();
}

void WriteBehind::finish() {
  while (step_ != Step::done) end_step();
  agree(comm_, failure_);
}

}  // namespace rankwise
