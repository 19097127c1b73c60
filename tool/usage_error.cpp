#include "tool/usage_error.hpp"

#include <algorithm>
#include <optional>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "core/runtime/text_distance.hpp"

namespace isthmus::tool {
namespace {

/// The command that was named, however deep: `config check`.
const CLI::App& innermost(const CLI::App& app) {
  const CLI::App* command = &app;
  while (!command->get_subcommands().empty()) {
    command = command->get_subcommands().front();
  }
  return *command;
}

std::string full_name(const CLI::App& command) {
  return command.get_parent() == nullptr
             ? command.get_name()
             : full_name(*command.get_parent()) + ' ' + command.get_name();
}

std::vector<std::string> option_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* const option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      names.push_back("--" + name);
    }
  }
  return names;
}

std::vector<std::string> command_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::App* const each : command.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(each->get_name());
  }
  return names;
}

/// What nobody expects, if that is what is wrong.
std::optional<std::string> unexpected_argument(const CLI::App& command,
                                               const std::vector<std::string>& rest) {
  const auto option = std::find_if(rest.begin(), rest.end(), [](const std::string& text) {
    return text.size() > 1 && text.front() == '-' && text != "--";
  });
  const auto with_hint = [](std::string what, const std::string& text,
                            const std::vector<std::string>& names) {
    const auto meant = nearest_text(text, names);
    return meant ? what + "; did you mean " + *meant + '?' : what;
  };
  if (option != rest.end()) {
    const std::string name = option->substr(0, option->find('='));
    return with_hint(name + ": there is no such option", name, option_names(command));
  }
  const auto word =
      std::find_if(rest.begin(), rest.end(), [](const std::string& text) { return text != "--"; });
  if (word == rest.end()) {
    return std::nullopt;
  }
  const std::vector<std::string> commands = command_names(command);
  return commands.empty() ? *word + ": is one argument too many"
                          : with_hint(*word + ": there is no such command", *word, commands);
}

}  // namespace

std::string describe_usage_error(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App& command = innermost(app);
  std::optional<std::string> what;
  // CLI11 looks for what is missing before it looks at what it does not know.
  if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr ||
      dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) {
    what = unexpected_argument(command, app.remaining(true));
  }
  return fmt::format("isthmusctl: {}\n`{} --help` tells what can be written\n",
                     what.value_or(error.what()), full_name(command));
}

}  // namespace isthmus::tool
