#include "cli/backup_source.h"

#include <fcntl.h>

#include "agent/backup_keeper.h"
#include "base/files.h"
#include "cli/agent_service.h"
#include "document/json_reader.h"
#include "trust/sealed_secrets.h"
#include "trust/softhsm.h"

namespace allod::cli {
namespace {

using document::Value;

Result<trust::TokenSettings> token_of(const Value& key, const agent::Places& places) {
  const Value* named = key.at_path({"settings", "trust", "token"});
  if (named != nullptr && named->is_map()) {
    return trust::TokenSettings{named->string_or("module", ""), named->string_or("label", ""),
                                named->string_or("pinFile", ""), ""};
  }
  if (!exists(places.token_folder() + "/pin")) {
    return Error(ErrorCode::not_found, "there is no token in " + places.token_folder())
        .with_hint(
            "a backup opens with its token only: put the folder of that SoftHSM token there");
  }
  return trust::initialise_softhsm(places.token_folder(), places.stack);
}

Result<Secret> password_of(const Value& key, const agent::Places& places) {
  const Result<trust::TokenSettings> settings = token_of(key, places);
  if (!settings) return settings.error();
  Result<trust::Token> token = trust::Token::open(*settings);
  if (!token) return std::move(token).error().during("opening the token");
  Result<trust::SealedSecrets> sealed = trust::SealedSecrets::open(*token, places.stack);
  if (!sealed) return std::move(sealed).error();
  const Value* password = key.find("password");
  if (password == nullptr) return Error(ErrorCode::invalid_input, "no password is named");
  Result<Secret> text = sealed->unseal("secret " + password->string_or("name", ""),
                                       password->string_or("envelope", ""));
  if (!text) {
    return std::move(text).error().during("unsealing the password of the backups with the token");
  }
  return text;
}

} // namespace

BackupSource::~BackupSource() {
  if (Status gone = remove_tree(run_folder()); !gone) return; // in memory: gone with the machine
}

Result<std::unique_ptr<BackupSource>> BackupSource::open(Context& context,
                                                         const std::string& folder) {
  const std::string path = folder + "/" + agent::kBackupKeyFile;
  const Result<std::string> text = read_file(path);
  if (!text) {
    return Error(ErrorCode::not_found, "there are no backups in " + folder)
        .with_hint("name their folder with --from; it holds a file " +
                   std::string(agent::kBackupKeyFile));
  }
  const Result<Value> key = document::read_json(path, *text);
  if (!key) return key.error();
  const std::string stack = key->string_or("stack", "");
  if (stack.empty() || stack.find('/') != std::string::npos)
    return Error(ErrorCode::invalid_input, path + " names no stack");
  std::unique_ptr<BackupSource> source(new BackupSource(agent::Places::of(stack)));
  const Result<Secret> password = password_of(*key, source->places_);
  if (!password) return password.error();

  Result<OpenedImages> images = open_images(context.options, {});
  if (!images) return std::move(images).error();
  const Value* image = key->find("image");
  Result<std::vector<artifacts::AssembledImage>> tree = images->service->ensure(
      {image == nullptr ? "" : image->string_or("name", "")}, context.terminal);
  if (!tree) return std::move(tree).error();

  const std::string run = source->run_folder();
  Status laid = make_directories(run + "/password", 0700);
  if (laid) laid = write_file(run + "/password/password", password->reveal());
  if (!laid) return std::move(laid).error();
  const host::HostPaths paths{stack + "-restore", run + "/state", run};
  Result<host::Runtime> runtime = host::Runtime::choose(paths);
  if (!runtime) return std::move(runtime).error();
  Result<agent::AgentOptions> options = agent_options(context.options, stack);
  if (!options) return std::move(options).error();
  source->repository_.emplace(agent::RepositoryPlace{*runtime, paths, tree->front().rootfs, folder,
                                                     run + "/password", options->seccomp, 0});
  return source;
}

Result<agent::RestorePlan> BackupSource::plan(const agent::RestoreWish& wish) {
  const Result<std::vector<agent::Snapshot>> snapshots = repository_->snapshots();
  if (!snapshots) return snapshots.error();
  return agent::plan_restore(*snapshots, wish);
}

Status BackupSource::read(const agent::BackupRun& run, const std::string& file,
                          const std::string& path) {
  agent::Snapshot snapshot = run.sets.at(agent::kPlatformSet);
  snapshot.path += "/" + file;
  const UniqueFd into(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!into) return errno_error("open " + path);
  return repository_->read(snapshot, into.get());
}

Result<Value> BackupSource::manifest(const agent::BackupRun& run) {
  const std::string path = run_folder() + "/manifest.json";
  if (Status got = read(run, "manifest.json", path); !got) return std::move(got).error();
  const Result<std::string> text = read_file(path);
  if (!text) return text.error();
  return document::read_json("manifest.json", *text);
}

Status BackupSource::state(const agent::BackupRun& run, const std::string& path) {
  return read(run, "state.db", path);
}

} // namespace allod::cli
