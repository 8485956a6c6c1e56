// What is amiss now and stays so until somebody or something puts it right. An event tells when it
// begins and when it is over; the status shows it in between, with the way out.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "agent/event_log.h"
#include "base/result.h"
#include "base/time.h"

namespace allod::agent {

struct Trouble {
  std::string what;    ///< "the token does not answer"
  std::string detail;  ///< what was found
  std::string way_out; ///< what a person does about it
  Timestamp since;
};

/// Calls are safe from several threads.
class Troubles {
 public:
  explicit Troubles(EventLog& events) : events_(events) {}

  /// `key` names the trouble: one that is there already is only brought up to date. `resource` as
  /// in events; may be empty.
  void begin(const std::string& key, const std::string& resource, Trouble trouble);
  /// Over, if it was there.
  void end(const std::string& key);
  /// begin() with the error's words and hint, or end().
  void take(const std::string& key, const std::string& what, const Status& status);
  [[nodiscard]] std::vector<Trouble> list() const;

 private:
  struct Entry {
    std::string resource;
    Trouble trouble;
  };
  EventLog& events_;
  mutable std::mutex mutex_;
  std::map<std::string, Entry> entries_;
};

} // namespace allod::agent
