#pragma once
// The ids of one role, user or item, as read by this rank: integers as long as all are, text as soon as one is not.

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// Ids of one role that a rank may tell apart.
inline constexpr Index most_distinct_ids = std::numeric_limits<std::int32_t>::max();

/// Distinct integers, numbered in order of first appearance.
class IntegerTable {
 public:
  /// The number of `key`, new or known.
  Index intern(std::int64_t key);
  [[nodiscard]] Index size() const { return static_cast<Index>(keys_.size()); }
  [[nodiscard]] const std::vector<std::int64_t>& keys() const { return keys_; }

 private:
  [[nodiscard]] std::size_t slot_of(std::int64_t key) const;
  void grow();
  std::vector<std::int64_t> keys_;
  std::vector<std::uint32_t> slots_;  // open addressing: number + 1, or 0; the size is a power of two
};

/// Distinct texts of less than 64 KiB, each kept once in one block of bytes, numbered in order of first appearance.
class StringTable {
 public:
  [[nodiscard]] static std::uint64_t hash_of(std::string_view text);
  /// The number of `text`, new or known.
  Index intern(std::string_view text) { return intern(text, hash_of(text)); }
  Index intern(std::string_view text, std::uint64_t hash);
  /// Asks the memory for the place of a text with this hash, and then, some work later, for the text there.
  void fetch_place(std::uint64_t hash) const;
  void fetch_text(std::uint64_t hash) const;
  [[nodiscard]] Index size() const { return static_cast<Index>(hashes_.size()); }
  /// Valid until the next intern().
  [[nodiscard]] std::string_view at(Index number) const;

 private:
  /// A part of a text's hash, so that few other texts are looked at, and where the text is.
  struct Slot {
    std::uint32_t number_plus_one = 0;  ///< 0: free
    std::uint32_t tag = 0;
    std::uint64_t begin_and_size = 0;  ///< in bytes_: begin << size_bits | size
  };
  static constexpr int size_bits = 16;
  void grow();
  std::vector<char> bytes_;
  std::vector<Index> ends_;
  std::vector<std::uint64_t> hashes_;
  std::vector<Slot> slots_;  // open addressing; the size is a power of two
};

/// Every id takes as many bytes in a dataset as the longest one.
inline constexpr Index most_id_bytes = 1024;

/// A column of ids: of each record the number of its id among the distinct ones, four bytes, for a log repeats each id
/// many times. An id is an integer when it is written canonically: 0, or digits without a leading zero, at most
/// 2^63 - 1. Canonical negative integers are kept as such until agree_on_kind makes the column text.
class IdColumn {
 public:
  /// Throws Error(bad_data) without a place when `text` is not UTF-8, holds a zero byte or is longer than
  /// most_id_bytes, or when there are more than most_distinct_ids.
  void append(std::string_view text) { append(text, expected(text)); }
  void append(std::int64_t id);
  /// The same in three steps, with other work between them. A log's ids are looked up all over a large table: a row
  /// that asks for the places of its ids first, and for the texts there before it compares them, waits half as long.
  [[nodiscard]] std::uint64_t expected(std::string_view text) const;
  void expect_text(std::uint64_t hash) const;
  void append(std::string_view text, std::uint64_t hash);
  void reserve(Index ids) { numbers_.reserve(static_cast<std::size_t>(ids)); }

  [[nodiscard]] Index size() const { return static_cast<Index>(numbers_.size()); }
  [[nodiscard]] bool are_integers() const { return are_integers_; }
  /// Ids of integers() or texts(), and one of them as text; an integer in its digits.
  [[nodiscard]] Index distinct() const { return are_integers_ ? integers_.size() : texts_.size(); }
  [[nodiscard]] std::string text(Index number) const;
  /// Of each record, the number of its id in integers() or texts(). Records may have been dropped since: not every
  /// distinct id has one.
  [[nodiscard]] const std::vector<std::int32_t>& numbers() const { return numbers_; }
  [[nodiscard]] const IntegerTable& integers() const { return integers_; }  ///< are_integers()
  [[nodiscard]] const StringTable& texts() const { return texts_; }         ///< otherwise
  /// The numbers, and the column has none any more.
  [[nodiscard]] std::vector<std::int32_t> take_numbers() { return std::exchange(numbers_, {}); }

  /// Integers become text, unless they are text already.
  void become_text();
  /// The records of `other` follow those of this column.
  void append(const IdColumn& other);
  /// Each distinct id becomes the text that `name_of` makes of its text(), of at most most_id_bytes. Ids of one name
  /// become one.
  void rename(const std::function<std::string(std::string_view)>& name_of);
  /// Keeps the ids at `kept` (ascending positions).
  void keep(const std::vector<Index>& kept);

 private:
  void push_back(Index number);
  Index intern_as_text(std::int64_t id);
  bool are_integers_ = true;
  std::vector<std::int32_t> numbers_;
  IntegerTable integers_;
  StringTable texts_;
};

/// Makes the column text on every rank as soon as it is text, or holds a negative integer, on one. Collective over
/// comm.
void agree_on_kind(const Communicator& comm, IdColumn& column);

}  // namespace rankwise
