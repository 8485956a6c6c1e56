// Small archives and folders for the tests of this library.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "artifacts/store.h"

namespace allod::artifacts::test {

/// A folder that goes with the object.
class Scratch {
 public:
  Scratch();
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

/// One member of an archive; `type` as in tar: '0' file, '1' hard link, '2' symlink, '5' folder,
/// '3' device.
struct Member {
  std::string path;
  std::string content;
  char type = '0';
  unsigned mode = 0644;
};

void write_tar(const std::string& path, const std::vector<Member>& members);
void write_zip(const std::string& path, const std::vector<Member>& members);
/// A Debian package: ar with debian-binary, control.tar and data.tar.xz.
void write_deb(const std::string& path, const std::vector<Member>& members);

/// Contents, or "" when there is none.
[[nodiscard]] std::string content(const std::string& path);
[[nodiscard]] unsigned mode(const std::string& path);
[[nodiscard]] std::string link_target(const std::string& path);

} // namespace allod::artifacts::test
