#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "collector/feed/bgpdump_text.hpp"
#include "collector/feed/json_text.hpp"
#include "collector/feed/mrt_reader.hpp"
#include "tool/account_text.hpp"
#include "tool/command.hpp"
#include "tool/output.hpp"
#include "tool/progress.hpp"

namespace isthmus::tool {
namespace {

struct DumpOptions {
  std::vector<std::string> files;
  bool oneline = false;
  bool json = false;
  bool quiet = false;
};

/// False if the file could not be opened at all.
bool dump_file(const std::string& path, const DumpOptions& options, Output& output,
               collector::ByteAccount& sum) {
  auto reader = collector::open_mrt(path, {});
  if (!reader) {
    say("isthmusctl: " + reader.error().message);
    return false;
  }
  using collector::BgpdumpText;
  BgpdumpText text{options.oneline ? BgpdumpText::Form::Short : BgpdumpText::Form::Full};
  Progress progress{"elements"};
  while (const collector::MrtElement* element = (*reader)->next_element()) {
    if (options.json) {
      collector::append_json(output.text(), *element);
    } else {
      text.append(output.text(), *element);
    }
    output.spill();
    if (!output.good()) {
      break;
    }
    progress.update((*reader)->account().elements, (*reader)->progress());
  }
  output.flush();
  progress.clear();
  if (!output.good()) {  // the account of a part would not add up
    return true;
  }
  const collector::ByteAccount& account = (*reader)->account();
  if (!options.quiet || account.lossy()) {
    say(describe(path, account));
  }
  sum.add(account);
  return true;
}

void dump(const DumpOptions& options, Outcome& outcome) {
  Output output{outcome};
  collector::ByteAccount sum;
  bool opened = true;
  for (const std::string& path : options.files) {
    opened = dump_file(path, options, output, sum) && opened;
    if (!output.good()) {
      break;
    }
  }
  if (options.files.size() > 1 && !options.quiet && output.good()) {
    say(describe("all", sum));
  }
  outcome.settle(!opened ? Exit::Failed : sum.lossy() ? Exit::Loss : Exit::Ok);
}

}  // namespace

void add_dump_command(CLI::App& app, Outcome& outcome) {
  auto options = std::make_shared<DumpOptions>();
  CLI::App* const command = app.add_subcommand(
      "dump", "Print the routes in MRT archives, line for line as `bgpdump -m` does");
  command
      ->add_option("FILE", options->files,
                   "MRT archives: plain, .gz, .bz2 or .zst; - is standard input")
      ->required();
  CLI::Option* const oneline = command->add_flag(
      "-M,--oneline", options->oneline, "The shorter lines of `bgpdump -M`, with readable times");
  command
      ->add_flag("--json", options->json, "One JSON object a line, with everything that is known")
      ->excludes(oneline);
  command->add_flag("-q,--quiet", options->quiet,
                    "No account of bytes on standard error unless something was lost");
  command->footer(
      "Example:\n"
      "  isthmusctl dump --json rib.20171001.0000.bz2 | jq 'select(.prefix == "
      "\"175.45.176.0/24\")'\n"
      "\n"
      "Exit status 1 says that some bytes could not be used; standard error says which and why.");
  command->callback([options, &outcome] { dump(*options, outcome); });
}

}  // namespace isthmus::tool
