#include "artifacts/fetcher.h"

#include <atomic>
#include <map>
#include <mutex>
#include <set>

#include "artifacts/parallel.h"
#include "base/hash.h"
#include "base/text.h"

namespace allod::artifacts {
namespace {

/// What one source has to bring for one part.
struct Errand {
  const PartDefinition* part = nullptr;
  LockedPart* locked = nullptr;
  std::vector<LockedItem> missing;
  std::uint64_t bytes = 0;
};

/// Adds up the bytes of several errands for one progress line.
class Meter {
 public:
  Meter(const ImageDefinition& definition, const Progress& progress,
        const std::vector<Errand>& errands)
      : image_(definition.name), progress_(progress), done_(errands.size()) {
    std::set<std::string> titles;
    for (const Errand& errand : errands) {
      limits_.push_back(errand.bytes);
      total_ += errand.bytes;
      titles.insert(errand.part->title);
    }
    phase_ = "fetching " + join({titles.begin(), titles.end()}, ", ");
    report();
  }

  void set(std::size_t errand, std::uint64_t done) {
    const std::lock_guard lock(mutex_);
    // Clients write more than the part itself at times (metadata, partial copies).
    done_[errand] = std::max(done_[errand], std::min(done, limits_[errand]));
    report();
  }
  void finish(std::size_t errand) { set(errand, limits_[errand]); }

 private:
  void report() const {
    std::uint64_t sum = 0;
    for (const std::uint64_t done : done_)
      sum += done;
    progress_.event({image_, phase_, sum, total_});
  }

  std::mutex mutex_;
  std::string image_;
  std::string phase_;
  const Progress& progress_;
  std::vector<std::uint64_t> done_;
  std::vector<std::uint64_t> limits_;
  std::uint64_t total_ = 0;
};

/// The programs that sources make are needed only when they are missing; so are the tools for them.
bool is_needed(const LockedItem& item, const LockedPart& part, const Store& store) {
  if (!item.is_stored() || store.has(item.digest)) return false;
  if (item.kind != "toolchain") return true;
  for (const LockedItem& other : part.items) {
    if (other.kind == "program") return !store.has(other.digest);
  }
  return true;
}

/// A blob that was altered on the disk is found now, moved away, and then it is missing. Everything
/// is read: a disk that loses bits changes no time stamps, and an assembly reads it all anyway.
void drop_altered(const ImageLock& lock, const Store& store, const Progress& progress) {
  std::vector<const LockedItem*> items;
  for (const LockedPart& part : lock.parts) {
    for (const LockedItem& item : part.items) {
      if (item.is_stored() && store.has(item.digest)) items.push_back(&item);
    }
  }
  parallel_for(items.size(), [&](std::size_t at) {
    const Status verified = store.verify_fully(items[at]->digest);
    if (!verified && verified.error().code() == ErrorCode::integrity) {
      progress.note(lock.image, items[at]->name + " " + items[at]->version +
                                    " was altered in the store: " + verified.error().describe());
    }
  });
}

std::vector<Errand> errands_for(const ImageDefinition& definition, ImageLock& lock,
                                const Store& store) {
  std::vector<Errand> errands;
  std::size_t at = 0;
  for (const PartDefinition& part : definition.parts) {
    if (part.source == "files") continue;
    Errand errand{&part, &lock.parts[at++], {}, 0};
    std::set<std::string> seen;
    for (const LockedItem& item : errand.locked->items) {
      if (!is_needed(item, *errand.locked, store) || !seen.insert(item.digest.sha256).second) {
        continue;
      }
      errand.missing.push_back(item);
      errand.bytes += item.digest.size;
    }
    if (!errand.missing.empty()) errands.push_back(std::move(errand));
  }
  return errands;
}

Error not_served_error(const ImageDefinition& definition, const Errand& errand,
                       const std::vector<std::string>& names) {
  std::vector<std::string> versions;
  for (const std::string& name : names) {
    for (const LockedItem& item : errand.locked->items) {
      if (item.name == name) versions.push_back(name + " " + item.version);
    }
  }
  return Error(ErrorCode::unavailable, "image " + definition.name + ": " + join(versions, ", ") +
                                           (versions.size() == 1 ? " is" : " are") +
                                           " no longer served")
      .at(errand.part->mark.place())
      .with_hint(
          "run without --locked to take the successors of the same signed suite, or renew the "
          "catalogue's lock");
}

/// Resolves a part anew where its locked versions are gone. True when the lock changed.
Result<bool> take_successors(const ImageDefinition& definition, Errand& errand, Source& source,
                             const SourceContext& context, const AssemblyOptions& options,
                             const Progress& progress) {
  const Result<std::vector<std::string>> gone = source.not_served(errand.missing, context);
  if (!gone) return gone.error();
  if (gone->empty()) return false;
  if (options.locked || options.local_lock_folder.empty()) {
    return not_served_error(definition, errand, *gone);
  }
  Result<std::vector<LockedItem>> items = source.resolve(*errand.part, context);
  if (!items) return std::move(items).error();
  ImageLock before{definition.name, context.architecture, {*errand.locked}, {}};
  errand.locked->items = std::move(*items);
  const ImageLock after{definition.name, context.architecture, {*errand.locked}, {}};
  for (const LockChange& change : compare_locks(&before, after)) {
    progress.note(definition.name, describe(change) + " (no longer served as locked)");
  }
  return true;
}

class Fetch {
 public:
  Fetch(const ImageDefinition& definition, const Store& store, const AssemblyOptions& options,
        const Progress& progress, std::string architecture)
      : definition_(definition), store_(store), options_(options), progress_(progress),
        architecture_(std::move(architecture)), sources_(machine_sources()) {}

  /// True when successors were taken: the lock is another one now.
  Result<bool> renew(std::vector<Errand>& errands) {
    bool changed = false;
    for (Errand& errand : errands) {
      const Result<bool> taken =
          take_successors(definition_, errand, source(errand), context({}), options_, progress_);
      if (!taken) return taken;
      changed = changed || *taken;
    }
    return changed;
  }

  Status bring(const std::vector<Errand>& errands) {
    Meter meter(definition_, progress_, errands);
    std::vector<Status> results(errands.size());
    // Downloads wait for the network, not for the processor: more at once than there are
    // processors.
    parallel_for(
        errands.size(),
        [&](std::size_t at) {
          const Errand& errand = errands[at];
          results[at] =
              source(errand).fetch(*errand.part, *errand.locked, errand.missing,
                                   context([&, at](std::uint64_t done) { meter.set(at, done); }));
          if (results[at]) meter.finish(at);
        },
        4);
    for (const Status& result : results) {
      if (!result) return Error(result.error()).during("fetching image " + definition_.name);
    }
    return {};
  }

 private:
  Source& source(const Errand& errand) { return *sources_.at(errand.part->source); }
  [[nodiscard]] SourceContext context(ByteCounter counter) const {
    return {store_, options_.sources, architecture_, definition_.folder, std::move(counter)};
  }

  const ImageDefinition& definition_;
  const Store& store_;
  const AssemblyOptions& options_;
  const Progress& progress_;
  std::string architecture_;
  Sources sources_;
};

Status write_local_lock(const ImageLock& catalogue_lock, ImageLock& lock,
                        const AssemblyOptions& options) {
  lock.departs_from = sha256_hex(format_lock(catalogue_lock));
  return write_lock(lock_path(options.local_lock_folder, lock.architecture, lock.image), lock);
}

} // namespace

Status fetch_parts(const ImageDefinition& definition, const ImageLock& catalogue_lock,
                   ImageLock& lock, const Store& store, const AssemblyOptions& options,
                   const Progress& progress) {
  drop_altered(lock, store, progress);
  std::vector<Errand> errands = errands_for(definition, lock, store);
  if (errands.empty()) return {};
  if (options.offline) {
    return Error(ErrorCode::unavailable, "image " + definition.name + ": " +
                                             errands.front().missing.front().name + " " +
                                             errands.front().missing.front().version +
                                             " is not in the store and nothing may be fetched");
  }
  Fetch fetch(definition, store, options, progress, lock.architecture);
  Status brought;
  // Twice: a part may vanish from its registry between the reading of the lists and its fetching.
  for (int attempt = 0; attempt < 2 && !errands.empty(); ++attempt) {
    const Result<bool> renewed = fetch.renew(errands);
    if (!renewed) return renewed.error();
    if (*renewed) {
      if (Status written = write_local_lock(catalogue_lock, lock, options); !written) {
        return written;
      }
      errands = errands_for(definition, lock, store);
    }
    brought = fetch.bring(errands);
    if (brought || brought.error().code() != ErrorCode::unavailable) return brought;
    errands = errands_for(definition, lock, store);
  }
  return brought;
}

} // namespace allod::artifacts
