#include "kernels/experiments/exact_sums.hpp"

#include <boost/multiprecision/cpp_int.hpp>
#include <limits>
#include <type_traits>

namespace rankwise {

namespace {

__extension__ using Wide = __int128;
using Whole = boost::multiprecision::int512_t;

constexpr double unit = 1e6;  // millionths

Whole whole(const WideSum& sum) {
  Whole all = 0;
  for (std::size_t part = WideSum::parts; part-- > 0;) all = all * (std::int64_t{1} << 32) + sum.of[part];
  return all;
}

/// (customers x products - sum x other sum) / customers, in units of both factors.
double centred(std::int64_t customers, const Whole& products, const Whole& sum, const Whole& other, double units) {
  if (customers == 0) return std::numeric_limits<double>::quiet_NaN();
  const Whole scaled = products * customers - sum * other;
  return scaled.convert_to<double>() / static_cast<double>(customers) / units;
}

GroupMoments moments(std::int64_t customers, const WideSum& sum, double centred_square) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  const auto count = static_cast<double>(customers);
  return {.count = count,
          .mean = customers > 0 ? units_of(sum) / count : nan,
          .variance = customers > 1 ? centred_square / (count - 1) : nan};
}

template <class Sums>
std::span<std::int64_t> plain_numbers(std::span<Sums> sums) {
  static_assert(std::is_trivially_copyable_v<Sums> && sizeof(Sums) % sizeof(std::int64_t) == 0);
  return {reinterpret_cast<std::int64_t*>(sums.data()), sums.size_bytes() / sizeof(std::int64_t)};
}

}  // namespace

void WideSum::add_product(std::int64_t factor, std::int64_t other) {
  Wide rest = static_cast<Wide>(factor) * other;
  for (std::size_t part = 0; part + 1 < parts; ++part) {
    of[part] += static_cast<std::int64_t>(rest & 0xffffffff);
    rest >>= 32;  // toward minus infinity, so that the last part has the sign
  }
  of[parts - 1] += static_cast<std::int64_t>(rest);
}

WideSum& WideSum::operator+=(const WideSum& other) {
  for (std::size_t part = 0; part < parts; ++part) of[part] += other.of[part];
  return *this;
}

void OutcomeSums::add(std::int64_t outcome_millionths, std::int64_t past_millionths) {
  ++customers;
  outcome.add(outcome_millionths);
  outcome_square.add_product(outcome_millionths, outcome_millionths);
  past.add(past_millionths);
  past_square.add_product(past_millionths, past_millionths);
  outcome_past.add_product(outcome_millionths, past_millionths);
  if (past_millionths != 0) return;
  ++without_past;
  outcome_without_past.add(outcome_millionths);
}

OutcomeSums& OutcomeSums::operator+=(const OutcomeSums& other) {
  customers += other.customers;
  without_past += other.without_past;
  outcome += other.outcome;
  outcome_square += other.outcome_square;
  past += other.past;
  past_square += other.past_square;
  outcome_past += other.outcome_past;
  outcome_without_past += other.outcome_without_past;
  return *this;
}

std::span<std::int64_t> numbers_of(std::span<OutcomeSums> sums) {
  return plain_numbers(sums);
}

std::span<std::int64_t> numbers_of(std::span<WideSum> sums) {
  return plain_numbers(sums);
}

double units_of(const WideSum& sum) {
  return whole(sum).convert_to<double>() / unit;
}

GroupMoments outcome_moments(const OutcomeSums& sums) {
  return moments(sums.customers, sums.outcome, centred_sums(sums).outcome_square);
}

GroupMoments past_moments(const OutcomeSums& sums) {
  return moments(sums.customers, sums.past, centred_sums(sums).past_square);
}

CentredSums centred_sums(const OutcomeSums& sums) {
  const std::int64_t customers = sums.customers;
  const Whole outcome = whole(sums.outcome);
  const Whole past = whole(sums.past);
  const Whole without = sums.without_past;
  const Whole no_product = 0;  // of a past of 0
  return {.outcome_square = centred(customers, whole(sums.outcome_square), outcome, outcome, unit * unit),
          .past_square = centred(customers, whole(sums.past_square), past, past, unit * unit),
          .without_past_square = centred(customers, without, without, without, 1),
          .outcome_past = centred(customers, whole(sums.outcome_past), outcome, past, unit * unit),
          .outcome_without_past = centred(customers, whole(sums.outcome_without_past), outcome, without, unit),
          .past_without_past = centred(customers, no_product, past, without, unit)};
}

}  // namespace rankwise
