#include <algorithm>
#include <memory>

#include "artifacts/lock_images.h"
#include "artifacts/verification.h"
#include "base/text.h"
#include "cli/exit_code.h"
#include "cli/image_service.h"
#include "cli/pipeline.h"
#include "cli/verbs.h"

namespace allod::cli {
namespace {

using document::Value;

int list(Context& context) {
  Result<OpenedImages> images = open_images(context.options, {});
  if (!images) return context.fail(images.error());
  const Result<std::vector<std::string>> names = images->service->all_images();
  if (!names) return context.fail(names.error());
  std::vector<std::vector<std::string>> rows = {
      {"IMAGE", "PARTS", "TO FETCH", "HERE", "SIZE", "DIGEST"}};
  Value entries = Value::list();
  for (const std::string& name : *names) {
    const Result<artifacts::ImageLock> lock = images->service->lock_of(name);
    std::size_t parts = 0;
    if (lock) {
      for (const artifacts::LockedPart& part : lock->parts)
        parts += part.items.size();
    }
    const Result<artifacts::AssembledImage> here = images->service->assembled(name);
    rows.push_back({name, lock ? std::to_string(parts) : "not locked",
                    lock ? format_size(lock->stored_bytes()) : "", here ? "yes" : "no",
                    here ? format_size(here->size) : "",
                    here ? "sha256:" + here->image.manifest.sha256.substr(0, 12) : ""});
    Value entry = Value::map();
    entry.set("image", name);
    entry.set("locked", lock.ok());
    entry.set("parts", static_cast<std::int64_t>(parts));
    entry.set("here", here.ok());
    if (here) {
      entry.set("digest", "sha256:" + here->image.manifest.sha256);
      entry.set("bytes", static_cast<std::int64_t>(here->size));
      entry.set("rootfs", here->rootfs);
    }
    entries.push(std::move(entry));
  }
  Value value = Value::map();
  value.set("images", std::move(entries));
  if (context.json()) {
    context.print_json(value);
  } else {
    context.terminal.print(format_table(rows));
  }
  return kSuccess;
}

int renew_lock(Context& context, const std::vector<std::string>& wanted) {
  Result<OpenedImages> images = open_images(context.options, {});
  if (!images) return context.fail(images.error());
  const Result<std::vector<std::string>> names = images->service->chosen(wanted);
  if (!names) return context.fail(names.error());
  std::vector<artifacts::ImageDefinition> definitions;
  for (const std::string& name : *names) {
    Result<const artifacts::ImageDefinition*> definition = images->service->definition(name);
    if (!definition) return context.fail(definition.error());
    definitions.push_back(**definition);
  }
  artifacts::Progress progress;
  progress.on_event = [&](const artifacts::ProgressEvent& event) {
    context.terminal.running(event.image, event.image + "  " + event.phase);
  };
  progress.on_note = [&](const std::string& image, const std::string& text) {
    context.terminal.note(image + ": " + text);
  };
  const Result<std::vector<artifacts::LockChange>> changes = artifacts::lock_images(
      definitions, images->service->lock_folder(), images->service->store(), {}, progress);
  for (const artifacts::ImageDefinition& definition : definitions)
    context.terminal.finished(definition.name);
  if (!changes) return context.fail(changes.error());
  for (const artifacts::LockChange& change : *changes)
    context.terminal.print(artifacts::describe(change) + "\n");
  if (changes->empty()) context.terminal.print("The lock is up to date.\n");
  return kSuccess;
}

int pull(Context& context, const std::vector<std::string>& wanted, const ImageOptions& options) {
  Result<OpenedImages> images = open_images(context.options, options);
  if (!images) return context.fail(images.error());
  const Result<std::vector<std::string>> names = images->service->chosen(wanted);
  if (!names) return context.fail(names.error());
  const Result<std::vector<artifacts::AssembledImage>> assembled =
      images->service->ensure(*names, context.terminal);
  if (!assembled) return context.fail(assembled.error());
  for (const artifacts::AssembledImage& image : *assembled) {
    context.terminal.print(image.name + "  sha256:" + image.image.manifest.sha256 + "  " +
                           format_size(image.size) +
                           (image.was_there ? "  was there" : "  assembled") + "\n");
  }
  return kSuccess;
}

int verify(Context& context, const std::vector<std::string>& wanted) {
  Result<OpenedImages> images = open_images(context.options, {});
  if (!images) return context.fail(images.error());
  const Result<std::vector<std::string>> names = images->service->chosen(wanted);
  if (!names) return context.fail(names.error());
  int code = kSuccess;
  for (const std::string& name : *names) {
    const Result<artifacts::AssembledImage> image = images->service->assembled(name);
    if (!image) continue;
    const Result<artifacts::Verification> found =
        artifacts::verify_image(*image, images->service->store());
    if (!found) return context.fail(found.error());
    context.terminal.print(name + "  " + (found->ok() ? "as it was assembled" : "ALTERED") + "  " +
                           format_size(found->bytes_read) + " read\n");
    for (const Error& part : found->parts)
      context.terminal.print("  " + part.describe() + "\n");
    for (const artifacts::TreeDifference& file : found->files)
      context.terminal.print("  " + file.path + ": " + file.what + "\n");
    if (!found->ok()) code = kIntegrity;
  }
  if (code != kSuccess)
    context.terminal.note("Mend it with: allod down · allod images discard IMAGE · allod up");
  return code;
}

/// What a second building came to, below the image's line.
void print_rebuild(Context& context, const std::string& name, const artifacts::Rebuild& rebuild) {
  constexpr std::size_t kShown = 20;
  context.terminal.print(name + "  " + (rebuild.same ? "built again: the same" : "DIFFERS") +
                         "  sha256:" + rebuild.manifest.sha256 + "\n");
  for (std::size_t at = 0; at < std::min(kShown, rebuild.differences.size()); ++at) {
    const artifacts::TreeDifference& file = rebuild.differences[at];
    context.terminal.print("  " + file.path + ": " + file.what + "\n");
  }
  if (rebuild.differences.size() > kShown) {
    context.terminal.print("  and " + std::to_string(rebuild.differences.size() - kShown) +
                           " more\n");
  }
}

int rebuild(Context& context, const std::vector<std::string>& wanted) {
  Result<OpenedImages> images = open_images(context.options, {});
  if (!images) return context.fail(images.error());
  const Result<std::vector<std::string>> names = images->service->chosen(wanted);
  if (!names) return context.fail(names.error());
  Value entries = Value::list();
  bool same = true;
  for (const std::string& name : *names) {
    const Result<artifacts::Rebuild> built = images->service->rebuild(name, context.terminal);
    if (!built) return context.fail(built.error());
    same = same && built->same;
    Value entry = Value::map();
    entry.set("image", name);
    entry.set("same", built->same);
    entry.set("digest", "sha256:" + built->manifest.sha256);
    Value files = Value::list();
    for (const artifacts::TreeDifference& file : built->differences) {
      Value difference = Value::map();
      difference.set("path", file.path);
      difference.set("what", file.what);
      files.push(std::move(difference));
    }
    entry.set("differences", std::move(files));
    entries.push(std::move(entry));
    if (!context.json()) print_rebuild(context, name, *built);
  }
  if (context.json()) {
    Value value = Value::map();
    value.set("images", std::move(entries));
    context.print_json(value);
  }
  return same ? kSuccess : kIntegrity;
}

Value to_value(const artifacts::NewerItem& item) {
  Value value = Value::map();
  value.set("kind", item.kind);
  value.set("name", item.name);
  value.set("version", item.version);
  if (!item.patch.empty()) value.set("patch", item.patch);
  value.set("newest", item.newest);
  value.set("origin", item.origin);
  value.set("security", item.security);
  return value;
}

/// Exit code 0 also when parts are outdated: that is an answer. A registry that gave none is not.
int outdated(Context& context, const std::vector<std::string>& wanted,
             const ImageOptions& options) {
  Result<OpenedImages> images = open_images(context.options, options);
  if (!images) return context.fail(images.error());
  const Result<std::vector<std::string>> names = images->service->chosen(wanted);
  if (!names) return context.fail(names.error());
  std::vector<std::vector<std::string>> rows = {
      {"IMAGE", "PART", "LOCKED", "SAME MINOR", "NEWEST", "SECURITY"}};
  Value entries = Value::list();
  catalogue::Problems unanswered;
  for (const std::string& name : *names) {
    const Result<artifacts::OutdatedParts> found =
        images->service->outdated(name, context.terminal);
    if (!found) return context.fail(found.error());
    Value parts = Value::list();
    for (const artifacts::NewerItem& item : found->newer) {
      rows.push_back(
          {name, item.name, item.version, item.patch, item.newest, item.security ? "fix" : ""});
      parts.push(to_value(item));
    }
    Value silent = Value::list();
    for (const Error& error : found->not_asked) {
      silent.push(error.describe());
      unanswered.push_back(Error(error).during("asking what is newer in image " + name));
    }
    Value entry = Value::map();
    entry.set("image", name);
    entry.set("newer", std::move(parts));
    entry.set("notKnown", std::move(silent));
    entries.push(std::move(entry));
  }
  if (context.json()) {
    Value value = Value::map();
    value.set("images", std::move(entries));
    context.print_json(value);
    return unanswered.empty() ? kSuccess : kUnavailable;
  }
  if (rows.size() > 1) context.terminal.print(format_table(rows));
  if (rows.size() == 1 && unanswered.empty())
    context.terminal.print("Every part is the newest that its registry has.\n");
  return unanswered.empty() ? kSuccess : context.fail(unanswered);
}

int sbom(Context& context, const std::string& wanted) {
  Result<OpenedImages> images = open_images(context.options, {});
  if (!images) return context.fail(images.error());
  const Result<std::vector<std::string>> names = images->service->chosen({wanted});
  if (!names) return context.fail(names.error());
  const Result<std::string> document = images->service->sbom(names->front());
  if (!document) return context.fail(document.error());
  context.terminal.print(*document);
  return kSuccess;
}

int discard(Context& context, const std::vector<std::string>& wanted) {
  Result<OpenedImages> images = open_images(context.options, {});
  if (!images) return context.fail(images.error());
  const Result<std::vector<std::string>> names = images->service->chosen(wanted);
  if (!names) return context.fail(names.error());
  for (const std::string& name : *names) {
    const Result<artifacts::AssembledImage> image = images->service->assembled(name);
    if (!image) continue;
    if (Status gone = artifacts::discard_image(*image, images->service->store()); !gone)
      return context.fail(gone.error());
    context.terminal.print(name + "  discarded; the next up assembles it from its parts\n");
  }
  return kSuccess;
}

int clean(Context& context) {
  Result<OpenedImages> images = open_images(context.options, {});
  if (!images) return context.fail(images.error());
  const Result<std::vector<std::string>> names = images->service->all_images();
  if (!names) return context.fail(names.error());
  std::vector<artifacts::AssembledImage> kept;
  for (const std::string& name : *names) {
    Result<artifacts::AssembledImage> image = images->service->assembled(name);
    if (image) kept.push_back(std::move(*image));
  }
  const Result<std::uint64_t> freed =
      images->service->store().collect_garbage(artifacts::keep_images(kept, true));
  if (!freed) return context.fail(freed.error());
  context.terminal.print(format_size(*freed) + " set free\n");
  return kSuccess;
}

} // namespace

void add_images(CLI::App& command, Invocation& invocation) {
  command.require_subcommand(1);
  auto names = std::make_shared<std::vector<std::string>>();
  auto options = std::make_shared<ImageOptions>();
  const auto add = [&](const char* name, const char* summary, bool takes_names,
                       std::function<int(Context&)> run) {
    CLI::App* child = command.add_subcommand(name, summary);
    if (takes_names) child->add_option("IMAGE", *names, "PROVIDER/IMAGE; all without it");
    child->callback([&invocation, run] { invocation.run = run; });
    return child;
  };
  add("list", "every image of the catalogue and whether it is here", false, list);
  add("lock", "pin the parts as the registries have them now; shows what changed", true,
      [names](Context& context) { return renew_lock(context, *names); });
  CLI::App* fetch = add("pull", "fetch and assemble", true, [names, options](Context& context) {
    return pull(context, *names, *options);
  });
  fetch->add_flag("--locked", options->locked,
                  "refuse successors of parts that are no longer served");
  fetch->add_flag("--offline", options->offline, "fetch nothing");
  auto again = std::make_shared<bool>(false);
  CLI::App* check = add("verify", "read everything again and name what was altered", true,
                        [names, again](Context& context) {
                          return *again ? rebuild(context, *names) : verify(context, *names);
                        });
  check->add_flag("--rebuild", *again,
                  "build each image a second time, elsewhere, and compare every byte");
  add("outdated", "parts that have newer versions, security fixes first", true,
      [names, options](Context& context) { return outdated(context, *names, *options); })
      ->add_flag("--offline", options->offline, "ask nobody, and say so");
  auto one = std::make_shared<std::string>();
  add("sbom", "what is in an image, as SPDX 2.3 in JSON", false,
      [one](Context& context) { return sbom(context, *one); })
      ->add_option("IMAGE", *one, "PROVIDER/IMAGE")
      ->required();
  add("discard", "forget assembled images; their parts stay", true,
      [names](Context& context) { return discard(context, *names); });
  add("clean", "remove what no image of the catalogue needs", false, clean);
}

} // namespace allod::cli
