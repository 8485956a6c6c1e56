// What a long assembly tells its caller while it runs.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace allod::artifacts {

struct ProgressEvent {
  std::string image;
  std::string phase; ///< for people: "fetching 97 Debian packages", "laying out"
  std::uint64_t bytes_done = 0;
  std::uint64_t bytes_total = 0; ///< 0: unknown
};

/// Both are called from several threads at once; either may be empty.
struct Progress {
  std::function<void(const ProgressEvent&)> on_event;
  /// Something the user must read: a successor taken, a blob found altered.
  std::function<void(const std::string& image, const std::string& text)> on_note;

  void event(const ProgressEvent& what) const {
    if (on_event) on_event(what);
  }
  void note(const std::string& image, const std::string& text) const {
    if (on_note) on_note(image, text);
  }
};

} // namespace allod::artifacts
