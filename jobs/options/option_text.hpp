#pragma once
// Options and their values as text: for --help, the log and the configuration that output files carry.

#include <boost/program_options.hpp>
#include <string>

namespace rankwise {

/// What the option takes, as its value_name says ("FILE", "N"); empty for a switch.
[[nodiscard]] std::string value_name(const boost::program_options::option_description& option);

/// Whether the option, of the form "FILE", "auto|never|FILE" or "FILE|env:NAME", takes this value as a path.
[[nodiscard]] bool takes_as_path(const boost::program_options::option_description& option, const std::string& value);

/// Whether it takes paths at all.
[[nodiscard]] bool takes_paths(const boost::program_options::option_description& option);

/// Whether all that it takes says where something is, which never changes an output: "FILE", "DIR", "FILE|env:NAME".
[[nodiscard]] bool says_only_where(const boost::program_options::option_description& option);

/// The value as short text that reads back to the same value: switches as true or false, lists joined by commas.
/// `given` is used for types that have no text of their own here.
[[nodiscard]] std::string value_text(const boost::any& value, const std::string& given);

/// The default as text; empty where there is none.
[[nodiscard]] std::string default_text(const boost::program_options::option_description& option);

/// The options as a table under a title: name, value, meaning and default.
[[nodiscard]] std::string help_table(const std::string& title,
                                     const boost::program_options::options_description& options);

/// Lines of at most `width` characters, broken at blanks.
[[nodiscard]] std::string wrapped(const std::string& text, std::size_t indent, std::size_t width);

}  // namespace rankwise
