#include <map>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include "core/net/address.hpp"
#include "tool/admin_client.hpp"
#include "tool/command.hpp"
#include "tool/output.hpp"

namespace isthmus::tool {
namespace {

namespace json = boost::json;

struct ProbeOptions {
  AdminArguments admin;
  std::string name;
  std::string asn;
  std::string address;
  std::string expires;
  std::string destination;
  std::string method = "udp";
  bool as_json = false;
};

std::string text_of(const json::object& object, std::string_view key) {
  const json::value* const value = object.if_contains(key);
  if (value == nullptr || value->is_null()) {
    return "-";
  }
  return value->is_string() ? std::string{std::string_view{value->get_string()}}
                            : json::serialize(*value);
}

/// Calls the collector and reads its answer; nothing when that failed and has been told.
std::optional<json::object> ask(const ProbeOptions& options, Outcome& outcome, std::string method,
                                std::string target, const json::object& body) {
  auto client = AdminClient::open(options.admin);
  if (!client) {
    outcome.fail(Exit::Usage, client.error().message);
    return std::nullopt;
  }
  const auto answer = client->call(std::move(method), std::move(target),
                                   body.empty() ? std::string{} : json::serialize(body));
  if (!answer) {
    outcome.fail(Exit::Failed, answer.error().message);
    return std::nullopt;
  }
  boost::system::error_code error;
  const json::value value = json::parse(*answer, error);
  if (error || !value.is_object()) {
    outcome.fail(Exit::Failed, "the collector's answer is no JSON");
    return std::nullopt;
  }
  return value.get_object();
}

std::vector<json::object> probes_in(const json::object& answer) {
  std::vector<json::object> all;
  const json::value* const probes = answer.if_contains("probes");
  if (probes != nullptr && probes->is_array()) {
    for (const json::value& each : probes->get_array()) {
      if (each.is_object()) {
        all.push_back(each.get_object());
      }
    }
  }
  return all;
}

void list(const ProbeOptions& options, Outcome& outcome) {
  const auto answer = ask(options, outcome, "GET", "/admin/v1/probes", {});
  if (!answer) {
    return;
  }
  Output output{outcome};
  if (options.as_json) {
    for (const json::object& probe : probes_in(*answer)) {
      output.text() += json::serialize(probe) + "\n";
    }
    return;
  }
  output.text() += fmt::format("{:<24} {:<13} {:<10} {:<24} {:<20} {}\n", "NAME", "STATE", "ASN",
                               "ADDRESS", "LAST RESULT", "CERTIFICATE UNTIL");
  for (const json::object& probe : probes_in(*answer)) {
    output.text() += fmt::format(
        "{:<24} {:<13} {:<10} {:<24} {:<20} {}\n", text_of(probe, "name"), text_of(probe, "state"),
        text_of(probe, "asn"), text_of(probe, "address"),
        text_of(probe, "last_result").substr(0, 20), text_of(probe, "certificate_expiry"));
  }
}

void show(const ProbeOptions& options, Outcome& outcome) {
  const auto answer = ask(options, outcome, "GET", "/admin/v1/probes", {});
  if (!answer) {
    return;
  }
  for (const json::object& probe : probes_in(*answer)) {
    if (text_of(probe, "name") != options.name) {
      continue;
    }
    Output output{outcome};
    if (options.as_json) {
      output.text() += json::serialize(probe) + "\n";
      return;
    }
    for (const auto& [key, value] : probe) {
      if (!value.is_object()) {
        output.text() += fmt::format("{:<22} {}\n", std::string_view{key}, text_of(probe, key));
      }
    }
    if (const json::value* const results = probe.if_contains("results");
        results != nullptr && results->is_object()) {
      for (const auto& [outcome_name, count] : results->get_object()) {
        output.text() += fmt::format("results {:<14} {}\n", std::string_view{outcome_name},
                                     json::serialize(count));
      }
    }
    for (const char* const what : {"asn", "address"}) {
      const std::string declared = text_of(probe, std::string{"declared_"} + what);
      if (declared != "-" && declared != text_of(probe, what)) {
        output.text() += fmt::format("differs: its {} was declared as {}, but is {}\n", what,
                                     declared, text_of(probe, what));
      }
    }
    return;
  }
  outcome.fail(Exit::Failed, "there is no probe '" + options.name + "'");
}

void add(const ProbeOptions& options, Outcome& outcome) {
  json::object body;
  body["name"] = options.name;
  body["asn"] = options.asn;
  body["address"] = options.address;
  body["expires"] = options.expires;
  const auto answer = ask(options, outcome, "POST", "/admin/v1/probes", body);
  if (!answer) {
    return;
  }
  Output output{outcome};
  if (options.as_json) {
    output.text() += json::serialize(*answer) + "\n";
    return;
  }
  output.text() += text_of(*answer, "token") + "\n";
  say("This token lets one probe join as '" + options.name + "', once, until " +
      text_of(*answer, "expires") + ". On the probe run:\n  isthmus-probe enroll --token TOKEN");
}

void revoke(const ProbeOptions& options, Outcome& outcome) {
  json::object body;
  body["name"] = options.name;
  if (ask(options, outcome, "POST", "/admin/v1/revoke", body)) {
    say("'" + options.name + "' is let in no more, and its connections have been ended.");
  }
}

void print_trace(const json::object& trace, Output& output) {
  output.text() +=
      fmt::format("trace to {} from {} ({}), {}\n", text_of(trace, "destination"),
                  text_of(trace, "source"), text_of(trace, "method"), text_of(trace, "start"));
  const json::value* const hops = trace.if_contains("hops");
  if (hops == nullptr || !hops->is_array()) {
    return;
  }
  for (const json::value& each : hops->get_array()) {
    const json::object& hop = each.as_object();
    std::string line = fmt::format("{:>3} ", text_of(hop, "ttl"));
    const json::array& replies = hop.at("replies").as_array();
    std::string last;
    for (const json::value& reply : replies) {
      const json::object& answer = reply.as_object();
      const std::string address = text_of(answer, "address");
      line += address == last ? "" : " " + address;
      line += fmt::format("  {:.3f} ms", answer.at("rtt_ms").to_number<double>());
      last = address;
    }
    output.text() += line + (replies.empty() ? " *" : "") + "\n";
  }
  output.text() += "ended: " + text_of(trace, "stop") + "\n";
}

void trace(const ProbeOptions& options, Outcome& outcome) {
  auto client = AdminClient::open(options.admin);
  if (!client) {
    return outcome.fail(Exit::Usage, client.error().message);
  }
  if (!IpAddress::parse(options.destination)) {
    return outcome.fail(Exit::Usage, "'" + options.destination + "' is no address");
  }
  json::object body;
  body["probe"] = options.name;
  body["destination"] = options.destination;
  body["method"] = options.method;
  Output output{outcome};
  const auto each = [&](std::string_view line) {
    if (options.as_json) {
      output.text().append(line) += '\n';
    }
    boost::system::error_code error;
    const json::value value = json::parse({line.data(), line.size()}, error);
    if (error || !value.is_object()) {
      outcome.fail(Exit::Failed, "the collector's answer is no JSON");
      return false;
    }
    const std::string state = text_of(value.get_object(), "state");
    if (state == "failed") {
      outcome.fail(Exit::Failed, text_of(value.get_object(), "error"));
    } else if (state == "result" && !options.as_json) {
      print_trace(value.get_object().at("trace").as_object(), output);
    } else if (!options.as_json) {
      say(state == "asked" ? "asked; waiting for the probe" : "the probe is tracing");
    }
    output.flush();
    return output.good();
  };
  const auto done =
      client->stream("/admin/v1/trace", json::serialize(body), each, std::chrono::seconds{120});
  if (!done) {
    outcome.fail(Exit::Failed, done.error().message);
  }
}

using Action = void (*)(const ProbeOptions&, Outcome&);

CLI::App* add_action(CLI::App& command, Outcome& outcome, const char* name, const char* meaning,
                     const char* example, Action action, bool needs_name) {
  auto options = std::make_shared<ProbeOptions>();
  CLI::App* const made = command.add_subcommand(name, meaning);
  options->admin.add_to(*made);
  made->add_flag("--json", options->as_json, "Print JSON, one object a line");
  if (needs_name) {
    made->add_option("NAME", options->name, "The probe")->required();
  }
  if (action == add) {
    made->add_option("--asn", options->asn, "The network it stands in; else its address tells");
    made->add_option("--address", options->address, "The public address it is expected from");
    made->add_option("--expires", options->expires, "How long the token may be used, as 24h");
  }
  made->footer(example);
  made->callback([options, action, &outcome] { action(*options, outcome); });
  return made;
}

}  // namespace

void add_probe_commands(CLI::App& app, Outcome& outcome) {
  CLI::App* const command =
      app.add_subcommand("probe", "Add, show and revoke the probes of a running collector");
  command->require_subcommand(1);
  command->footer(
      "Example:\n"
      "  isthmusctl probe add tokyo-1 --asn AS2497 --config.file collector.toml");
  add_action(*command, outcome, "list", "List all probes and how they are",
             "Example:\n  isthmusctl probe list --config.file collector.toml", list, false);
  add_action(*command, outcome, "show", "Show one probe, and where it differs from what was said",
             "Example:\n  isthmusctl probe show tokyo-1 --config.file collector.toml", show, true);
  add_action(*command, outcome, "add", "Print a token with which one probe may join, once",
             "Example:\n  isthmusctl probe add tokyo-1 --expires 2h --config.file collector.toml",
             add, true);
  add_action(*command, outcome, "revoke", "Let a probe in no more, and end its connections at once",
             "Example:\n  isthmusctl probe revoke tokyo-1 --config.file collector.toml", revoke,
             true);

  auto options = std::make_shared<ProbeOptions>();
  CLI::App* const traced =
      app.add_subcommand("trace", "Trace the route to an address now, from one of the probes");
  options->admin.add_to(*traced);
  traced->add_option("--from", options->name, "The probe")->required()->type_name("PROBE");
  traced->add_option("DESTINATION", options->destination, "An address")->required();
  traced->add_option("--method", options->method, "What the probe packets are")
      ->check(CLI::IsMember({"udp", "icmp", "tcp_syn", "tcp_ack"}))
      ->capture_default_str();
  traced->add_flag("--json", options->as_json, "Print each piece as JSON as it comes");
  traced->footer(
      "Example:\n"
      "  isthmusctl trace --from tokyo-1 175.45.176.71 --config.file collector.toml");
  traced->callback([options, &outcome] { trace(*options, outcome); });
}

}  // namespace isthmus::tool
