#include <array>
#include <climits>
#include <memory>

#include <unistd.h>

#include "base/text.h"
#include "bundle/bundle_import.h"
#include "bundle/bundle_reader.h"
#include "bundle/bundle_writer.h"
#include "cli/exit_code.h"
#include "cli/image_service.h"
#include "cli/signing_key.h"
#include "cli/verbs.h"

namespace allod::cli {
namespace {

using document::Value;

struct Options {
  std::vector<std::string> images;
  std::string to =
      std::string("allod-" ALLOD_VERSION "-") + artifacts::machine_architecture() + ".bundle.tar";
  SigningOptions signing;
  ImageOptions fetching;
  std::string file;
  std::vector<std::string> keys;
  std::string prefix = "/usr/local";
  bool images_only = false;
};

/// Images as they are in the store, and the locks that they were made from. A successor that this
/// machine took is what the other one must look for as well.
Status gather(ImageService& service, const std::vector<std::string>& names, Terminal& terminal,
              bundle::BundleRequest& request) {
  const Result<std::vector<artifacts::AssembledImage>> assembled = service.ensure(names, terminal);
  if (!assembled) return assembled.error();
  for (std::size_t at = 0; at < names.size(); ++at) {
    Result<std::string> key = service.key(names[at]);
    if (!key) return std::move(key).error();
    bundle::ImageToBundle image{names[at], (*assembled)[at], {}};
    image.image.key = std::move(*key);
    terminal.running("bundle", "listing what is in " + names[at]);
    Result<std::string> sbom = service.sbom(names[at]);
    terminal.finished("bundle");
    if (!sbom) return std::move(sbom).error();
    image.sbom = std::move(*sbom);
    request.images.push_back(std::move(image));
    Result<artifacts::ImageLock> lock = service.lock_in_use(names[at]);
    if (!lock) return std::move(lock).error();
    lock->departs_from.clear();
    request.catalogue_texts[artifacts::lock_path("lock", lock->architecture, lock->image)] =
        artifacts::format_lock(*lock);
  }
  return {};
}

Value to_value(const bundle::Contents& contents, const std::string& key_id) {
  Value images = Value::list();
  for (const bundle::BundledImage& image : contents.images) {
    Value entry = Value::map();
    entry.set("image", image.name);
    entry.set("digest", "sha256:" + image.manifest);
    images.push(std::move(entry));
  }
  std::uint64_t bytes = 0;
  for (const bundle::Member& member : contents.members)
    bytes += member.size;
  Value value = Value::map();
  value.set("version", contents.version);
  value.set("architecture", contents.architecture);
  value.set("signedBy", key_id);
  value.set("members", static_cast<std::int64_t>(contents.members.size()));
  value.set("bytes", static_cast<std::int64_t>(bytes));
  value.set("images", std::move(images));
  return value;
}

void show(Context& context, const std::string& verdict, const bundle::Contents& contents,
          const std::string& key_id) {
  const Value value = to_value(contents, key_id);
  if (context.json()) {
    context.print_json(value);
    return;
  }
  context.terminal.print(verdict + ": allod " + contents.version + " for " + contents.architecture +
                         ", " + std::to_string(contents.members.size()) + " files, " +
                         format_size(static_cast<std::uint64_t>(value.integer_or("bytes", 0))) +
                         "\n  signed by " + key_id + "\n");
  std::vector<std::vector<std::string>> rows;
  for (const bundle::BundledImage& image : contents.images)
    rows.push_back({"  " + image.name, "sha256:" + image.manifest});
  context.terminal.print(format_table(rows));
}

Result<std::string> own_program() {
  std::array<char, PATH_MAX> path{};
  const ssize_t length = ::readlink("/proc/self/exe", path.data(), path.size());
  if (length <= 0) return errno_error("readlink /proc/self/exe");
  return std::string(path.data(), static_cast<std::size_t>(length));
}

int create(Context& context, const Options& options) {
  // First: a token must be opened before there are threads.
  const Result<OpenedKey> key = open_signing_key(options.signing, context.options);
  if (!key) return context.fail(key.error());
  Result<OpenedImages> images = open_images(context.options, options.fetching);
  if (!images) return context.fail(images.error());
  const Result<std::vector<std::string>> names = images->service->chosen(options.images);
  if (!names) return context.fail(names.error());
  Result<std::string> program = own_program();
  if (!program) return context.fail(program.error());
  bundle::BundleRequest request;
  request.version = ALLOD_VERSION;
  request.architecture = artifacts::machine_architecture();
  request.program = std::move(*program);
  request.catalogue_folder = images->catalogue->folder();
  if (Status gathered = gather(*images->service, *names, context.terminal, request); !gathered)
    return context.fail(gathered.error());
  const auto on_bytes = [&](std::uint64_t done, std::uint64_t total) {
    context.terminal.running("bundle", "writing " + options.to + "  " + format_size(done) + " of " +
                                           format_size(total));
  };
  const Result<bundle::Contents> written =
      bundle::write_bundle(request, images->service->store(), key->key, options.to, on_bytes);
  context.terminal.finished("bundle");
  if (!written) return context.fail(written.error());
  show(context, "wrote " + options.to, *written, key->key.verifying.key_id);
  return kSuccess;
}

int print_key(Context& context, const Options& options) {
  const Result<OpenedKey> key = open_signing_key(options.signing, context.options);
  if (!key) return context.fail(key.error());
  const Result<std::string> pem = trust::to_pem(key->key.verifying);
  if (!pem) return context.fail(pem.error());
  if (context.json()) {
    Value value = Value::map();
    value.set("keyId", key->key.verifying.key_id);
    value.set("pem", *pem);
    context.print_json(value);
  } else {
    context.terminal.print(*pem);
  }
  return kSuccess;
}

int verify(Context& context, const Options& options) {
  const Result<std::vector<trust::VerifyingKey>> trusted = read_trusted_keys(options.keys);
  if (!trusted) return context.fail(trusted.error());
  Result<bundle::BundleReader> reader = bundle::BundleReader::open(options.file, *trusted);
  if (!reader) return context.fail(reader.error());
  context.terminal.running("bundle", "reading " + options.file);
  const Status read = reader->read_all({});
  context.terminal.finished("bundle");
  if (!read) return context.fail(read.error());
  show(context, "as it was signed", reader->contents(), reader->key_id());
  return kSuccess;
}

int import(Context& context, const Options& options) {
  const Result<std::vector<trust::VerifyingKey>> trusted = read_trusted_keys(options.keys);
  if (!trusted) return context.fail(trusted.error());
  Result<artifacts::Store> store = open_store();
  if (!store) return context.fail(store.error());
  bundle::ImportOptions how;
  how.architecture = artifacts::machine_architecture();
  if (!options.images_only) how.prefix = options.prefix;
  how.on_progress = [&](std::string_view what) {
    context.terminal.running("bundle", std::string(what));
  };
  const Result<bundle::Imported> imported =
      bundle::import_bundle(options.file, *trusted, *store, how);
  context.terminal.finished("bundle");
  if (!imported) return context.fail(imported.error());
  show(context, "imported", imported->contents, imported->key_id);
  if (!options.images_only && !context.json())
    context.terminal.print("Go on with: " + options.prefix + "/bin/allod up\n");
  return kSuccess;
}

void add_reading_options(CLI::App& command, Options& options) {
  command.add_option("FILE", options.file, "the bundle")->required();
  command.add_option("--key", options.keys, "a public key to trust, in PEM; may be repeated")
      ->type_name("FILE")
      ->required();
}

} // namespace

void add_bundle(CLI::App& command, Invocation& invocation) {
  command.require_subcommand(1);
  auto options = std::make_shared<Options>();
  const auto add = [&](const char* name, const char* summary,
                       int (*run)(Context&, const Options&)) {
    CLI::App* child = command.add_subcommand(name, summary);
    child->callback([&invocation, options, run] {
      invocation.run = [options, run](Context& context) { return run(context, *options); };
    });
    return child;
  };
  CLI::App* child = add("create", "write program, catalogue and images as one signed file", create);
  child->add_option("IMAGE", options->images, "PROVIDER/IMAGE; all without it");
  child->add_option("--to", options->to, "the file to write")
      ->type_name("FILE")
      ->capture_default_str();
  child->add_flag("--offline", options->fetching.offline, "fetch nothing");
  add_signing_options(*child, options->signing);
  child = add("key", "the public key of what `create` signs with", print_key);
  add_signing_options(*child, options->signing);
  child = add("verify", "read a bundle whole and say who signed it", verify);
  add_reading_options(*child, *options);
  child = add("import", "verify a bundle and take it over", import);
  add_reading_options(*child, *options);
  child->add_option("--prefix", options->prefix, "where program and catalogue go")
      ->type_name("FOLDER")
      ->capture_default_str();
  child->add_flag("--images-only", options->images_only, "leave program and catalogue alone");
}

} // namespace allod::cli
