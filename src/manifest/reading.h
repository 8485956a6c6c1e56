// One run over the inputs: workers take files, pieces of large files, and shares of large
// documents.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "manifest/file_walk.h"
#include "manifest/load.h"
#include "manifest/read.h"
#include "manifest/split.h"

namespace allod::manifest {

class Reading {
 public:
  Reading(const Inputs& inputs, unsigned workers, const std::function<void(unsigned, Object)>& sink,
          const std::function<void(Problem)>& problems);

  /// What one worker does, until all is done.
  void work(unsigned worker);
  [[nodiscard]] Summary summary() const;

 private:
  /// A part of a large file that is in memory already, or some objects of a large document.
  struct Task {
    std::shared_ptr<Document> piece;
    std::uint32_t file = 0;
    std::uint64_t first_index = 0;
    std::vector<Object> objects;
  };
  /// What a worker uses again and again.
  struct Bench {
    unsigned worker = 0;
    SplitResult split;
    std::vector<FoundFile> files;
  };

  void read_file(Bench& bench, FoundFile& file);
  void read_rendered(Bench& bench, const FoundFile& file);
  void read_pieces(Bench& bench, const FoundFile& file, TextSource& source,
                   std::shared_ptr<Document> document, std::size_t size);
  void read_text(Bench& bench, const std::shared_ptr<Document>& document, std::uint32_t file,
                 std::uint64_t first_index);
  void give_out(Bench& bench, std::vector<Object>& objects);
  void run(Bench& bench, Task& task);
  void report(Error error, std::uint32_t file, const Document* document);
  [[nodiscard]] Error too_large(const std::string& path) const;

  /// False when there is nobody to take it: the worker does it itself.
  bool offer(Task& task);

  std::shared_ptr<Document> take_document();
  void give_back(std::shared_ptr<Document> document);

  const Inputs& inputs_;
  unsigned workers_;
  const std::function<void(unsigned, Object)>& sink_;
  const std::function<void(Problem)>& problems_;

  std::mutex mutex_; ///< of all up to the next empty line
  std::condition_variable changed_;
  FileWalk walk_;
  bool walked_ = false;
  unsigned busy_ = 0;
  std::deque<Task> tasks_;

  std::mutex documents_mutex_;
  std::vector<std::shared_ptr<Document>> documents_; ///< to be used again

  std::atomic<std::uint64_t> files_ = 0;
  std::atomic<std::uint64_t> bytes_ = 0;
  std::atomic<std::uint64_t> objects_ = 0;
  std::atomic<std::uint64_t> skipped_ = 0;
  std::atomic<std::uint64_t> found_problems_ = 0;
};

} // namespace allod::manifest
