#pragma once
// The ids of one role, user or item, as read by this rank: integers as long as all are, text as soon as one is not.

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// Distinct texts, each kept once in one block of bytes, numbered in order of first appearance.
class StringTable {
 public:
  /// The number of `text`, new or known.
  Index intern(std::string_view text);
  [[nodiscard]] Index size() const { return static_cast<Index>(hashes_.size()); }
  /// Valid until the next intern().
  [[nodiscard]] std::string_view at(Index number) const;

 private:
  void grow();
  std::vector<char> bytes_;
  std::vector<Index> ends_;
  std::vector<std::uint64_t> hashes_;
  std::vector<Index> slots_;  // open addressing: number + 1, or 0; the size is a power of two
};

/// Every id takes as many bytes in a dataset as the longest one.
inline constexpr Index most_id_bytes = 1024;

/// A column of ids. An id is an integer when it is written canonically: 0, or digits without a leading zero, at most
/// 2^63 - 1. Canonical negative integers are kept as such until agree_on_kind makes the column text.
class IdColumn {
 public:
  /// Throws Error(bad_data) without a place when `text` is not UTF-8, holds a zero byte or is longer than
  /// most_id_bytes.
  void append(std::string_view text);
  void append(std::int64_t id);
  void reserve(Index ids) { values_.reserve(static_cast<std::size_t>(ids)); }

  [[nodiscard]] Index size() const { return static_cast<Index>(values_.size()); }
  [[nodiscard]] bool are_integers() const { return integers_; }
  /// The integer (are_integers()), or the number in texts().
  [[nodiscard]] const std::vector<std::int64_t>& values() const { return values_; }
  [[nodiscard]] const StringTable& texts() const { return texts_; }

  /// Integers become text, unless they are text already.
  void become_text();
  /// Keeps the ids at `kept` (ascending positions).
  void keep(const std::vector<Index>& kept);

 private:
  Index intern_integer(std::int64_t id);
  bool integers_ = true;
  std::vector<std::int64_t> values_;
  StringTable texts_;
};

/// Makes the column text on every rank as soon as it is text, or holds a negative integer, on one. Collective over
/// comm.
void agree_on_kind(const Communicator& comm, IdColumn& column);

}  // namespace rankwise
