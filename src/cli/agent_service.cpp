#include "cli/agent_service.h"

#include <memory>

#include <unistd.h>

#include "agent/background.h"
#include "agent/places.h"
#include "artifacts/assembled_image.h"
#include "artifacts/beside.h"
#include "artifacts/store.h"
#include "base/build_id.h"
#include "document/document_file.h"
#include "document/writers.h"

namespace allod::cli {
namespace {

/// An image's tree by its key, as the store has it now, with what lies beside it checked.
Result<std::string> tree_of(const artifacts::Store& store, const std::string& name,
                            const std::string& key) {
  Result<artifacts::AssembledImage> image = artifacts::read_image_record(store, key);
  if (!image) {
    return Error(ErrorCode::not_found, "image " + name + " is not in the store")
        .with_hint("assemble it with: allod images pull " + name);
  }
  if (Status placed = artifacts::place_beside(*image, store); !placed)
    return std::move(placed).error();
  return image->rootfs;
}

std::string own_path() {
  char path[4096];
  const ssize_t length = ::readlink("/proc/self/exe", path, sizeof path);
  return length <= 0 ? "allod" : std::string(path, static_cast<std::size_t>(length));
}

} // namespace

Result<agent::AgentOptions> agent_options(const GlobalOptions& options, const std::string& stack) {
  agent::AgentOptions result;
  result.places = agent::Places::of(stack);
  result.version = ALLOD_VERSION;
  Result<artifacts::Store> opened = artifacts::Store::open(result.places.store_root);
  if (!opened) return std::move(opened).error();
  const auto store = std::make_shared<artifacts::Store>(std::move(*opened));
  result.images = [store](const std::string& name, const std::string& key) {
    return tree_of(*store, name, key);
  };
  result.formats = [](const std::string& format, const document::Value& how,
                      const document::Value& content) {
    return document::write_configuration(format, content, how);
  };
  const Result<std::string> catalogue = find_catalogue(options);
  if (!catalogue) return catalogue.error();
  Result<document::Value> seccomp =
      document::read_document_file(*catalogue + "/seccomp/default.json");
  if (!seccomp) return std::move(seccomp).error();
  result.seccomp = std::move(*seccomp);
  return result;
}

bool agent_answers(const std::string& stack) {
  return agent::ApiClient::connect(agent::Places::of(stack)).ok();
}

Status ensure_agent(const GlobalOptions& options, const std::string& stack) {
  const Result<std::string> catalogue = find_catalogue(options);
  if (!catalogue) return catalogue.error();
  agent::BackgroundOptions background;
  background.places = agent::Places::of(stack);
  background.binary = own_path();
  background.arguments = {"agent", "run", "--stack", stack, "--catalogue", *catalogue};
  background.build = build_id();
  return agent::start_agent_in_background(background);
}

Result<agent::ApiClient> connect_agent(const GlobalOptions& options) {
  Result<std::string> stack = find_stack(options);
  if (!stack) return std::move(stack).error();
  Result<agent::ApiClient> client = agent::ApiClient::connect(agent::Places::of(*stack));
  if (!client && client.error().code() == ErrorCode::unavailable) {
    return std::move(client).error().with_hint("start it with: allod up");
  }
  return client;
}

} // namespace allod::cli
