#include "tool/admin_client.hpp"

#include <fstream>
#include <optional>
#include <utility>

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json.hpp>

#include "collector/settings.hpp"

namespace isthmus::tool {
namespace {

constexpr std::chrono::seconds kCallTime{20};

Result<std::string> read_token(const std::string& path) {
  std::ifstream file{path};
  std::string token;
  if (!std::getline(file, token) || token.empty()) {
    return fail(path +
                ": no token can be read; does the collector run, and may you read its file?");
  }
  return token;
}

/// What the collector answered instead of what was asked for.
Error refusal(const HttpReply& reply) {
  boost::system::error_code error;
  const auto value = boost::json::parse(reply.body, error);
  if (!error && value.is_object()) {
    const auto* const message = value.get_object().if_contains("error");
    if (message != nullptr && message->is_string()) {
      return Error{"the collector refused: " +
                   std::string{std::string_view{message->get_string()}}};
    }
  }
  return Error{"the collector answered with status " + std::to_string(reply.status)};
}

HttpCall make_call(const std::string& token, std::string method, std::string target,
                   std::string body) {
  HttpCall call{.method = std::move(method), .target = std::move(target), .body = std::move(body)};
  call.headers.add("Authorization", "Bearer " + token);
  call.headers.add("Content-Type", "application/json");
  return call;
}

/// Runs a call to its end on a context of its own.
Result<HttpReply> run(const Url& url,
                      const std::function<Task<Result<HttpReply>>(HttpClient&)>& work) {
  net::io_context io{1};
  HttpClientOptions options;
  options.server = url;
  HttpClient client{io.get_executor(), std::move(options)};
  std::optional<Result<HttpReply>> result;
  std::exception_ptr failure;
  net::co_spawn(io, work(client), [&](std::exception_ptr its_failure, Result<HttpReply> reply) {
    failure = std::move(its_failure);
    result.emplace(std::move(reply));
    io.stop();  // the kept connection's timer would hold the program up
  });
  io.run();
  if (failure) {
    std::rethrow_exception(failure);
  }
  return std::move(*result);
}

}  // namespace

void AdminArguments::add_to(CLI::App& command) {
  command.add_option("--collector", url, "The collector's admin address (gateway.admin_listen)")
      ->type_name("URL")
      ->capture_default_str();
  command
      .add_option("--config.file", config_file, "The collector's configuration: names the token")
      ->type_name("FILE");
  command.add_option("--token-file", token_file, "admin.token in the gateway's folder, or a copy")
      ->type_name("FILE")
      ->envname("ISTHMUS_ADMIN_TOKEN_FILE");
}

Result<AdminClient> AdminClient::open(const AdminArguments& arguments) {
  auto url = Url::parse(arguments.url);
  if (!url) {
    return unexpected{url.error()};
  }
  std::string path = arguments.token_file;
  if (path.empty() && !arguments.config_file.empty()) {
    const auto settings = collector::load_settings(arguments.config_file);
    if (!settings) {
      return unexpected{settings.error()};
    }
    path = settings->gateway.folder + "/admin.token";
  }
  if (path.empty()) {
    return fail("name the collector's configuration (--config.file) or its token (--token-file)");
  }
  auto token = read_token(path);
  if (!token) {
    return unexpected{token.error()};
  }
  return AdminClient{std::move(*url), std::move(*token)};
}

Result<std::string> AdminClient::call(std::string method, std::string target, std::string body) {
  const HttpCall call = make_call(token_, std::move(method), std::move(target), std::move(body));
  auto reply = run(url_, [&call](HttpClient& client) { return client.call(call, kCallTime); });
  if (!reply) {
    return unexpected{reply.error()};
  }
  if (reply->status != 200) {
    return unexpected{refusal(*reply)};
  }
  return std::move(reply->body);
}

Result<void> AdminClient::stream(std::string target, std::string body,
                                 std::function<bool(std::string_view line)> each,
                                 std::chrono::seconds silence) {
  const HttpCall call = make_call(token_, "POST", std::move(target), std::move(body));
  std::string rest;
  const HttpBodySink sink = [&rest, &each](std::string_view piece) {
    rest += piece;
    for (std::size_t end = rest.find('\n'); end != std::string::npos; end = rest.find('\n')) {
      const std::string line = rest.substr(0, end);
      rest.erase(0, end + 1);
      if (!each(line)) {
        return false;
      }
    }
    return true;
  };
  const auto reply =
      run(url_, [&](HttpClient& client) { return client.stream(call, sink, kCallTime, silence); });
  if (!reply) {
    return unexpected{reply.error()};
  }
  return reply->status == 200 ? Result<void>{} : unexpected{refusal(*reply)};
}

}  // namespace isthmus::tool
