#include "jobs/planning/stated_sizes.hpp"

#include <boost/program_options.hpp>
#include <functional>

namespace rankwise {

namespace po = boost::program_options;

namespace {

/// A notifier that stores the value of an option without a default.
template <class Value>
std::function<void(const Value&)> store_in(std::optional<Value>& target) {
  return [&target](const Value& value) { target = value; };
}

}  // namespace

void describe_sizes(po::options_description& description, StatedSizes& sizes) {
  // clang-format off
  description.add_options()
    ("shape", po::value<std::string>()->value_name("none|movielens-20m|shop")->notifier([&sizes](const std::string& name) {
       (void)synthetic_preset(name);
       sizes.shape = name; }), "planted log: preset of the sizes that are not stated, and how they are spread")
    ("users", po::value<Index>()->value_name("N")->notifier(store_in(sizes.users)), "planted log: users")
    ("items", po::value<Index>()->value_name("N")->notifier(store_in(sizes.items)), "planted log: items")
    ("interactions", po::value<double>()->value_name("N")->notifier(store_in(sizes.interactions)), "planted log: expected interactions");
  // clang-format on
}

SyntheticShape stated_shape(const StatedSizes& sizes, std::uint64_t seed) {
  SyntheticShape shape = synthetic_preset(sizes.shape.value_or("none")).scaled(sizes.scale);
  shape.users = sizes.users.value_or(shape.users);
  shape.items = sizes.items.value_or(shape.items);
  shape.interactions = sizes.interactions.value_or(shape.interactions);
  shape.seed = seed;
  shape.signal = 0;
  shape.user_spread = 0;
  shape.segments = 1;
  shape.factors = 1;
  shape.categories = 1;
  return shape;
}

}  // namespace rankwise
