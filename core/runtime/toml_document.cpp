#include "core/runtime/toml_document.hpp"

#include <sys/stat.h>

#include <fstream>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "core/runtime/text_distance.hpp"
#include "core/runtime/toml_bounds.hpp"
#include "core/runtime/toml_impl.hpp"

namespace isthmus {
namespace {

Result<std::string> read_file(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    return fail(path + ": cannot be read: no such file, or no permission");
  }
  if (!S_ISREG(status.st_mode)) {
    return fail(path + ": is not a regular file");
  }
  std::ifstream file{path, std::ios::binary};
  std::string text(TomlDocument::kMaxBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file.is_open() || file.bad()) {
    return fail(path + ": cannot be read");
  }
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

}  // namespace

std::string quoted_for_message(std::string_view text) {
  constexpr std::size_t kShown = 60;
  std::string shown = "\"";
  for (const char each : text.substr(0, kShown)) {
    shown += static_cast<unsigned char>(each) < 0x20 || each == 0x7f ? '?' : each;
  }
  return shown + (text.size() > kShown ? "...\"" : "\"");
}

TomlDocument::TomlDocument(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
TomlDocument::TomlDocument(TomlDocument&&) noexcept = default;
TomlDocument& TomlDocument::operator=(TomlDocument&&) noexcept = default;
TomlDocument::~TomlDocument() = default;

Result<TomlDocument> TomlDocument::load(const std::string& path) {
  const auto text = read_file(path);
  if (!text) {
    return unexpected{text.error()};
  }
  return parse(*text, path);
}

Result<TomlDocument> TomlDocument::parse(std::string_view text, std::string name) {
  if (text.size() > kMaxBytes) {
    return fail(fmt::format("{}: is larger than {} bytes", name, kMaxBytes));
  }
  if (const auto found = find_excess(text, kMaxDepth)) {
    return fail(fmt::format("{}:{}: {}", name, found->line, found->message));
  }
  auto impl = std::make_unique<Impl>();
  impl->name = std::move(name);
  try {
    impl->root = toml::parse(text);
  } catch (const toml::parse_error& error) {
    return fail(fmt::format("{}:{}:{}: {}", impl->name, error.source().begin.line,
                            error.source().begin.column, error.description()));
  } catch (const std::exception& error) {
    return fail(fmt::format("{}: {}", impl->name, error.what()));
  }
  return TomlDocument{std::move(impl)};
}

TomlTable TomlDocument::root() {
  return {impl_.get(), impl_->open(impl_->root, "")};
}

const std::string& TomlDocument::name() const {
  return impl_->name;
}

std::vector<Error> TomlDocument::errors() const {
  auto all = impl_->complaints;
  for (const Impl::Opened& opened : impl_->opened) {
    const std::vector<std::string> known{opened.asked.begin(), opened.asked.end()};
    for (const auto& [key, value] : *opened.table) {
      if (opened.asked.contains(key.str())) {
        continue;
      }
      std::string message = "unknown key " + quoted_for_message(key.str());
      if (!opened.name.empty()) {
        message += " in [" + opened.name + "]";
      }
      if (const auto nearest = nearest_text(key.str(), known)) {
        message += "; did you mean \"" + *nearest + "\"?";
      }
      all.insert({key.source().begin.line, key.source().begin.column, std::move(message)});
    }
  }
  std::vector<Error> errors;
  for (const auto& [line, column, message] : all) {
    if (errors.size() == kMaxErrors) {
      errors.push_back(
          {fmt::format("{}: and {} more errors", impl_->name, all.size() - kMaxErrors)});
      break;
    }
    errors.push_back({fmt::format("{}:{}:{}: {}", impl_->name, line, column, message)});
  }
  return errors;
}

std::vector<std::string> TomlDocument::asked_keys() const {
  std::set<std::string> keys;
  for (const Impl::Opened& opened : impl_->opened) {
    for (const std::string& key : opened.asked) {
      keys.insert(opened.name.empty() ? key : opened.name + '.' + key);
    }
  }
  return {keys.begin(), keys.end()};
}

Error join_errors(const std::vector<Error>& errors) {
  Error all;
  for (const Error& each : errors) {
    all.message += (all.message.empty() ? "" : "\n") + each.message;
  }
  return all;
}

}  // namespace isthmus
