#include "agent/health.h"

#include <algorithm>
#include <set>

#include <sys/statvfs.h>

#include "base/text.h"

namespace allod::agent {
namespace {

using std::chrono::milliseconds;

/// A clock that is set by less than this harms nobody.
constexpr milliseconds kJump{30000};

/// What cannot be done while the token is away, and from when on that hurts.
std::string consequence(const Machinery& machinery) {
  const std::vector<LaidIdentity> laid = machinery.identities.laid();
  const auto first =
      std::min_element(laid.begin(), laid.end(),
                       [](const auto& left, const auto& right) { return left.end < right.end; });
  std::string text = "units run on; nothing is renewed, no volume unlocked until it is back";
  if (first == laid.end()) return text;
  return text + "; the first certificate to end is that of " +
         (first->unit.empty() ? "the agent" : first->unit) + ", at " + format_rfc3339(first->end);
}

} // namespace

void Health::look(Machinery* machinery) {
  look_at_clock();
  look_at_state();
  look_at_room("disk", "", "the disk of the state folder is nearly full", options_.places.state(),
               "make room on the file system of " + options_.places.state() +
                   "; what could not be written is tried again");
  if (machinery == nullptr) return;
  look_at_token(*machinery);
  for (const std::string& name : machinery->volumes->list()) {
    const Result<std::string> path = machinery->volumes->path(name);
    if (!path) continue;
    const std::string component = name.substr(0, name.find('.'));
    look_at_room("volume " + name, "volume/" + name, "volume " + name + " is nearly full", *path,
                 "remove what is not needed, or declare more for " + component +
                     " (allod explain " + component + " names the parameter), then: allod up");
  }
}

void Health::look_at_clock() {
  const auto steady =
      std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now().time_since_epoch());
  const auto lead =
      std::chrono::duration_cast<milliseconds>(options_.clock().time_since_epoch()) - steady;
  const auto before = std::exchange(clock_lead_, lead);
  if (!before) return;
  const milliseconds jump = lead - *before;
  if (jump > -kJump && jump < kJump) return;
  events_.tell("",
               "the machine's clock was set " + std::string(jump.count() > 0 ? "forward" : "back") +
                   " by " + format_duration(std::abs(jump.count()) / 1000 * 1000),
               "certificates that do not fit the time are issued anew");
}

void Health::look_at_state() {
  const Result<bool> put_back = state_.ensure_in_place();
  if (put_back && *put_back) {
    events_.tell("", "the state file was gone or another one", "written anew",
                 options_.places.state_file());
  }
  Status whole = put_back ? state_.check() : Status(put_back.error());
  troubles_.take("state", "the state file is not as it should be", whole);
}

void Health::look_at_token(Machinery& machinery) {
  Status fine = machinery.keys->check();
  if (fine) return troubles_.end("token");
  Trouble trouble;
  trouble.what = "the token cannot be used";
  trouble.detail = fine.error().message() + " (" + machinery.keys->token().description().line() +
                   "); " + consequence(machinery);
  trouble.way_out = fine.error().hint();
  troubles_.begin("token", "", std::move(trouble));
}

void Health::look_at_room(const std::string& key, const std::string& resource,
                          const std::string& what, const std::string& path,
                          const std::string& way_out) {
  struct statvfs facts {};
  if (::statvfs(path.c_str(), &facts) != 0) return;
  const std::uint64_t size = std::uint64_t{facts.f_blocks} * facts.f_frsize;
  // What only root may use is not there for units.
  const std::uint64_t free = std::uint64_t{facts.f_bavail} * facts.f_frsize;
  if (free >= std::max(size / 50, kLeastRoom)) return troubles_.end(key);
  Trouble trouble;
  trouble.what = what;
  trouble.detail = format_size(free) + " of " + format_size(size) + " are free";
  trouble.way_out = way_out;
  troubles_.begin(key, resource, std::move(trouble));
}

} // namespace allod::agent
