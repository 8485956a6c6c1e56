#include <memory>

#include "base/files.h"
#include "base/text.h"
#include "cli/exit_code.h"
#include "cli/verbs.h"

namespace allod::cli {
namespace {

constexpr std::string_view kSuffix = ".yaml";

struct Options {
  std::string profile = "home";
  bool force = false;
};

Result<std::vector<std::string>> profiles(const std::string& catalogue) {
  Result<std::vector<std::string>> names = list_directory(catalogue + "/profiles");
  if (!names) return names;
  for (std::string& name : *names)
    name = name.substr(0, name.size() - kSuffix.size());
  return names;
}

int run(Context& context, const Options& options) {
  const Result<std::string> catalogue = find_catalogue(context.options);
  if (!catalogue) return context.fail(catalogue.error());
  const Result<std::string> text =
      read_file(*catalogue + "/profiles/" + options.profile + std::string(kSuffix));
  if (!text) {
    const Result<std::vector<std::string>> known = profiles(*catalogue);
    return context.fail(
        Error(ErrorCode::not_found, "there is no profile \"" + options.profile + "\"")
            .with_hint("profiles: " + (known ? join(*known, ", ") : "none")));
  }
  if (exists(context.options.file) && !options.force) {
    return context.fail(Error(ErrorCode::already_exists,
                              context.options.file + " is there already; it is left as it is")
                            .with_hint("--force writes it anew"));
  }
  WriteOptions readable;
  readable.mode = 0644;
  if (Status written = write_file(context.options.file, *text, readable); !written)
    return context.fail(written.error());
  context.terminal.note("Wrote " + context.options.file + ". Next: allod plan · allod up");
  return kSuccess;
}

} // namespace

void add_init(CLI::App& command, Invocation& invocation) {
  auto options = std::make_shared<Options>();
  command.add_option("--profile,PROFILE", options->profile, "which one: home or small")
      ->capture_default_str();
  command.add_flag("--force", options->force, "replace a file that is there");
  command.callback([&invocation, options] {
    invocation.run = [options](Context& context) { return run(context, *options); };
  });
}

} // namespace allod::cli
