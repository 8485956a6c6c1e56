#include "agent/backup_plan.h"

#include <algorithm>

namespace allod::agent {
namespace {

std::string tag(const Snapshot& snapshot, const char* name) {
  const auto found = snapshot.tags.find(name);
  return found == snapshot.tags.end() ? std::string() : found->second;
}

bool is_log(const Snapshot& snapshot) {
  return snapshot.tags.contains(kSinceTag);
}

Timestamp until(const Snapshot& log) {
  return parse_rfc3339(tag(log, kUntilTag)).value_or(log.time);
}

std::string shown(Timestamp time) {
  return format_rfc3339(time);
}

} // namespace

std::string run_id(Timestamp time) {
  std::string text = format_rfc3339(time);
  std::erase_if(text, [](char letter) { return letter == '-' || letter == ':'; });
  return text;
}

std::vector<BackupRun> whole_runs(const std::vector<Snapshot>& snapshots) {
  std::map<std::string, BackupRun> runs;
  for (const Snapshot& snapshot : snapshots) {
    if (is_log(snapshot) || !snapshot.tags.contains(kRunTag)) continue;
    BackupRun& run = runs[tag(snapshot, kRunTag)];
    if (run.sets.empty()) run.began = snapshot.time;
    run.began = std::min(run.began, snapshot.time);
    run.ended = std::max(run.ended, snapshot.time);
    run.sets[tag(snapshot, kSetTag)] = snapshot;
  }
  std::vector<BackupRun> whole;
  for (auto& [id, run] : runs) {
    run.id = id;
    if (run.sets.contains(kPlatformSet)) whole.push_back(std::move(run));
  }
  std::sort(whole.begin(), whole.end(),
            [](const BackupRun& a, const BackupRun& b) { return a.began < b.began; });
  return whole;
}

std::optional<Timestamp> reach_of_logs(const std::vector<Snapshot>& snapshots) {
  std::optional<Timestamp> reach;
  for (const Snapshot& snapshot : snapshots) {
    if (is_log(snapshot) && (!reach || until(snapshot) > *reach)) reach = until(snapshot);
  }
  return reach;
}

Result<RestorePlan> plan_restore(const std::vector<Snapshot>& snapshots, const RestoreWish& wish) {
  const std::vector<BackupRun> runs = whole_runs(snapshots);
  if (runs.empty()) return Error(ErrorCode::not_found, "the repository holds no whole backup");
  RestorePlan plan;
  if (!wish.run.empty()) {
    const auto found = std::find_if(runs.begin(), runs.end(),
                                    [&](const BackupRun& run) { return run.id == wish.run; });
    if (found == runs.end()) {
      return Error(ErrorCode::not_found, "there is no backup " + wish.run)
          .with_hint("the newest is " + runs.back().id + "; allod backup list names all");
    }
    plan.run = *found;
    plan.reaches = plan.run.ended;
    return plan;
  }
  auto chosen = runs.end();
  for (auto run = runs.begin(); run != runs.end(); ++run) {
    if (!wish.at || run->ended <= *wish.at) chosen = run;
  }
  if (chosen == runs.end()) {
    return Error(ErrorCode::not_found, "no backup is as old as " + shown(*wish.at))
        .with_hint("the oldest one is of " + shown(runs.front().ended) + ": --backup " +
                   runs.front().id);
  }
  plan.run = *chosen;
  plan.reaches = plan.run.ended;
  // Later logs hold all files since the backup that they follow; so of each backup the last one,
  // up to the first that reaches beyond the time.
  std::map<std::string, std::map<std::string, Snapshot>> last; // set → since → log
  for (const Snapshot& snapshot : snapshots) {
    if (!is_log(snapshot) || tag(snapshot, kSinceTag) < plan.run.id) continue;
    Snapshot& kept = last[tag(snapshot, kSetTag)][tag(snapshot, kSinceTag)];
    if (kept.id.empty() || until(snapshot) > until(kept)) kept = snapshot;
  }
  std::optional<Timestamp> reach;
  for (const auto& [set, logs] : last) {
    Timestamp here = plan.run.ended;
    for (const auto& [since, log] : logs) {
      plan.logs[set].push_back(log);
      here = until(log);
      if (wish.at && here >= *wish.at) break;
    }
    reach = reach ? std::min(*reach, here) : here;
  }
  if (reach) plan.reaches = *reach;
  if (wish.at && reach && *reach >= *wish.at) {
    plan.at = wish.at;
    plan.reaches = *wish.at;
  }
  return plan;
}

std::vector<std::string> superfluous(const std::vector<Snapshot>& snapshots,
                                     const std::set<std::string>& kept) {
  std::set<std::string> whole;
  std::string oldest;
  for (const BackupRun& run : whole_runs(snapshots)) {
    if (!kept.contains(run.id)) continue;
    whole.insert(run.id);
    if (oldest.empty()) oldest = run.id;
  }
  std::map<std::pair<std::string, std::string>, const Snapshot*> newest;
  std::vector<std::string> ids;
  for (const Snapshot& snapshot : snapshots) {
    if (!is_log(snapshot)) {
      if (!whole.contains(tag(snapshot, kRunTag))) ids.push_back(snapshot.id);
      continue;
    }
    // A run's id sorts like its time. What follows a backup that went leads on from the one before.
    const std::string since = tag(snapshot, kSinceTag);
    if (oldest.empty() || since < oldest) {
      ids.push_back(snapshot.id);
      continue;
    }
    const Snapshot*& last = newest[{tag(snapshot, kSetTag), since}];
    if (last == nullptr) {
      last = &snapshot;
    } else {
      const bool later = until(snapshot) > until(*last);
      ids.push_back(later ? last->id : snapshot.id);
      if (later) last = &snapshot;
    }
  }
  return ids;
}

} // namespace allod::agent
