// What the reconciler does when something is replaced that trust rests on: the root, and generated
// secrets. Both are found again after an interruption by a note in the state.
#include <algorithm>

#include "agent/reconciler.h"
#include "document/json_reader.h"
#include "document/json_writer.h"
#include "graph/compile.h"

namespace allod::agent {
namespace {

using document::Value;
using graph::Action;
using graph::Graph;
using std::chrono::seconds;
using trust::RootPhase;

constexpr const char* kRootNote = "root-rotation";
constexpr const char* kSecretsNote = "secrets-renewal";

/// What was written down about a replacement of the root that is under way.
struct RootNote {
  std::string phase; ///< up to which everybody has come
  Timestamp since;
  std::optional<seconds> pause;
};

Result<std::optional<RootNote>> read_note(State& state) {
  const Result<std::optional<std::string>> text = state.note(kRootNote);
  if (!text) return text.error();
  if (!*text || (*text)->empty()) return std::optional<RootNote>();
  const Result<Value> value = document::read_json(kRootNote, **text);
  if (!value) return value.error();
  const Result<Timestamp> since = parse_rfc3339(value->string_or("since", ""));
  if (!since) return since.error();
  RootNote note{value->string_or("phase", ""), *since, std::nullopt};
  if (value->contains("pauseSeconds")) note.pause = seconds(value->integer_or("pauseSeconds", 0));
  return std::optional(note);
}

Status write_note(State& state, const RootNote& note) {
  Value value = Value::map();
  value.set("phase", note.phase);
  value.set("since", format_rfc3339(note.since));
  if (note.pause) value.set("pauseSeconds", static_cast<std::int64_t>(note.pause->count()));
  return state.put_note(kRootNote, document::write_json(value));
}

Error not_running() {
  return Error(ErrorCode::unavailable, "the stack does not run").with_hint("allod up starts it");
}

const OnProgress kSilent = [](const Progress&) {};

} // namespace

/// A system that looks for its certificate by itself does so within half of a certificate's life,
/// and a certificate that was issued before is nobody's any more after a whole one.
std::chrono::seconds Reconciler::root_pause(RootPhase phase) const {
  const seconds lifetime = machinery_.identities.longest_lifetime();
  return phase == RootPhase::spreading ? lifetime / 2 : lifetime + seconds(5);
}

Result<RootRotation> Reconciler::root_rotation() {
  RootRotation rotation;
  rotation.phase = machinery_.keys->authority().root_phase();
  const Result<std::optional<RootNote>> note = read_note(machinery_.given.state);
  if (!note) return note.error();
  if (!*note) {
    // Interrupted before it was noted.
    if (rotation.phase != RootPhase::settled) rotation.next = machinery_.given.clock();
    return rotation;
  }
  const bool all_there = (*note)->phase == to_string(rotation.phase);
  rotation.next = all_there ? (*note)->since + (*note)->pause.value_or(root_pause(rotation.phase))
                            : machinery_.given.clock();
  return rotation;
}

Status Reconciler::begin_root_rotation(std::optional<seconds> pause, const std::stop_token& stop) {
  State& state = machinery_.given.state;
  const Result<bool> running = state.wanted_running();
  if (!running) return running.error();
  if (!*running) return not_running();
  const Result<RootRotation> rotation = root_rotation();
  if (!rotation) return rotation.error();
  if (rotation->next) {
    return Error(ErrorCode::conflict, "the root is being replaced already")
        .with_hint("allod trust status shows how far it has come");
  }
  if (Status noted = write_note(state, {"", machinery_.given.clock(), pause}); !noted) return noted;
  if (Status made = machinery_.keys->authority().prepare_root(); !made) return made;
  machinery_.given.events.tell("", "the root is being replaced", "two roots are trusted from now");
  return advance_root_rotation(stop);
}

Status Reconciler::advance_root_rotation(const std::stop_token& stop) {
  State& state = machinery_.given.state;
  trust::CertificateAuthority& authority = machinery_.keys->authority();
  Result<std::optional<RootNote>> note = read_note(state);
  if (!note) return std::move(note).error();
  RootPhase phase = authority.root_phase();
  if (!*note && phase == RootPhase::settled) return {};
  RootNote now = *note ? **note : RootNote{"", machinery_.given.clock(), std::nullopt};
  if (now.phase == to_string(phase)) {
    if (machinery_.given.clock() < now.since + now.pause.value_or(root_pause(phase))) return {};
    const std::vector<std::string> jwt_keys = machinery_.keys->jwt_keys();
    Status moved =
        phase == RootPhase::spreading ? authority.switch_root() : authority.retire_root();
    if (moved && phase == RootPhase::succeeding) moved = forget_key(jwt_keys.back());
    if (!moved) return moved;
    phase = authority.root_phase();
  }
  if (Status taken = take_up_roots(phase, stop); !taken) return taken;
  machinery_.given.events.tell("", std::string("replacing the root: ") + to_string(phase),
                               "taken up by every component");
  if (phase == RootPhase::settled) return state.put_note(kRootNote, "");
  return write_note(state, {to_string(phase), machinery_.given.clock(), now.pause});
}

Status Reconciler::forget_key(const std::string& label) {
  Status deleted = machinery_.keys->token().delete_key(label);
  // Made only when somebody asks for a JWT-SVID.
  if (!deleted && deleted.error().code() == ErrorCode::not_found) return {};
  return deleted;
}

Status Reconciler::take_up_roots(RootPhase phase, const std::stop_token& stop) {
  Result<std::optional<Graph>> recorded = machinery_.given.state.recorded();
  if (!recorded) return std::move(recorded).error();
  if (!*recorded) return not_running();
  std::vector<std::string> units;
  for (const std::string& component : machinery_.identities.components()) {
    const Result<std::vector<std::string>> laid = machinery_.identities.renew(component);
    if (!laid) return laid.error();
    units.insert(units.end(), laid->begin(), laid->end());
  }
  if (Status renewed = machinery_.renew_endpoints(); !renewed) return renewed;
  const std::string marker = graph::roots_marker();
  graph::Plan plan = graph::touched(**recorded, [&marker](const std::string& text) {
    return text.find(marker) != std::string::npos;
  });
  for (const std::string& unit : units) {
    const std::optional<UnitView> view = machinery_.supervisor.view(unit);
    if (!view) continue;
    // The same roots are trusted before and after another one signs.
    if (view->definition->bundle_restart && phase != RootPhase::succeeding) {
      plan.changes.push_back(
          {view->definition->resource, graph::ResourceKind::unit, Action::restart, {}});
    } else if (Status told = machinery_.supervisor.reload(unit); !told) {
      return told;
    }
  }
  Report report = execute(**recorded, &**recorded, std::move(plan), kSilent, stop);
  if (!report.failures.empty()) return std::move(report.failures.front().error);
  return {};
}

Result<Report> Reconciler::renew_secrets(const OnProgress& progress, const std::stop_token& stop) {
  State& state = machinery_.given.state;
  const Result<bool> running = state.wanted_running();
  if (!running) return running.error();
  Result<std::optional<Graph>> recorded = state.recorded();
  if (!recorded) return std::move(recorded).error();
  if (!*running || !*recorded) return not_running();
  const Graph& graph = **recorded;
  Result<std::vector<SealedSecret>> sealed = state.secrets();
  if (!sealed) return std::move(sealed).error();
  // One that was interrupted is brought to its end: texts made since it began stay.
  const Result<std::optional<std::string>> noted = state.note(kSecretsNote);
  if (!noted) return noted.error();
  const bool resumed = *noted && !(*noted)->empty();
  if (!resumed) {
    if (Status put = state.put_note(kSecretsNote, "under way"); !put) return std::move(put).error();
  }
  std::vector<std::string> renewed;
  for (const graph::Resource& resource : graph.resources) {
    if (resource.kind != graph::ResourceKind::secret || resource.spec.boolean_or("once", false)) {
      continue;
    }
    const std::string name = name_of(resource.id);
    renewed.push_back(name);
    const bool done = resumed && std::any_of(sealed->begin(), sealed->end(), [&](const auto& one) {
                        return one.name == name && !one.previous.empty();
                      });
    if (done) continue;
    Status made = machinery_.keys->renew_secret(
        name, static_cast<std::size_t>(resource.spec.integer_or("length", 32)));
    if (!made) return std::move(made).error();
  }
  const auto marks = [](const std::string& text, const std::string& name) {
    return text.find(graph::secret_marker(name)) != std::string::npos ||
           graph::marks_previous(text, name);
  };
  // Who checks a secret comes before who shows it: the graph's order.
  graph::Plan plan = graph::touched(graph, [&](const std::string& text) {
    return std::any_of(renewed.begin(), renewed.end(),
                       [&](const std::string& name) { return marks(text, name); });
  });
  Report report = execute(graph, &graph, std::move(plan), progress, stop);
  if (!report.ok()) return report;
  for (const std::string& name : renewed) {
    if (Status forgotten = machinery_.keys->forget_previous(name); !forgotten) {
      return std::move(forgotten).error();
    }
  }
  // Whoever took the text of before as well takes it no more.
  graph::Plan closing = graph::touched(graph, [&](const std::string& text) {
    return std::any_of(renewed.begin(), renewed.end(),
                       [&](const std::string& name) { return graph::marks_previous(text, name); });
  });
  if (!closing.changes.empty()) {
    Report closed = execute(graph, &graph, std::move(closing), progress, stop);
    if (!closed.ok()) return closed;
  }
  if (Status put = state.put_note(kSecretsNote, ""); !put) return std::move(put).error();
  if (Status saved = state.back_up(); !saved) return std::move(saved).error();
  machinery_.given.events.tell("", "generated secrets were renewed",
                               std::to_string(renewed.size()) + " secrets");
  return report;
}

} // namespace allod::agent
