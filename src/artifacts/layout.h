// Laying the verified parts of an image out as a tree: everything but its assembly steps.
#pragma once

#include <string>
#include <vector>

#include "artifacts/image_definition.h"
#include "artifacts/lock.h"
#include "artifacts/store.h"
#include "base/result.h"

namespace allod::artifacts {

/// Fills an empty folder with the parts of an image, then its directories, links and users, and
/// removes what the definition wants gone. `locked` is match_lock's answer; every item is in the
/// store. Parts are unpacked in parallel; where two bring the same file the later part has it.
///
/// Every image also has the folders and empty files that container runtimes mount over (/proc,
/// /sys, /dev, /run, /tmp, /etc/hosts, /etc/resolv.conf, /etc/hostname), and a passwd, group and
/// nsswitch.conf unless a part brings one. With Debian packages /bin, /sbin, /lib and /lib64 are
/// links into /usr, as on every Debian since 12.
///
/// Errors: invalid_input for an archive that is damaged or leaves the tree; not_found when a file
/// that the definition names is in no part; conflict.
Status lay_out(const ImageDefinition& definition, const std::vector<const LockedPart*>& locked,
               const Store& store, const std::string& tree);

/// Removes what matches the globs; a folder that matches goes with all that is in it.
Status remove_matching(const std::string& tree, const std::vector<std::string>& globs);

} // namespace allod::artifacts
