#include "manifest/read.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>
#include <utility>

#include "manifest/file_walk.h"
#include "manifest/load.h"
#include "manifest/split.h"
#include "manifest/yaml.h"

namespace allod::manifest {
namespace {

/// A document this large is not kept for the next file.
constexpr std::size_t kLargestKept = 4U << 20;
constexpr std::size_t kLongestLine = 4096;

bool looks_like_json(const std::string& name, std::string_view text) {
  if (name.ends_with(".json")) return true;
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && text[first] == '{';
}

Status parse(Document& document, const Limits& limits) {
  if (!looks_like_json(document.name(), document.text())) return read_yaml(document, limits);
  Status json = read_json(document, limits);
  if (json || document.name().ends_with(".json")) return json;
  return read_yaml(document, limits); // a flow map of YAML
}

class Reading {
 public:
  Reading(const Inputs& inputs, const std::function<void(unsigned, Object)>& sink,
          const std::function<void(Problem)>& problems)
      : inputs_(inputs), sink_(sink), problems_(problems),
        walk_(inputs.paths, WalkOptions{inputs.respect_ignore_files}) {}

  void work(unsigned worker);
  [[nodiscard]] Summary summary() const {
    return {files_.load(), bytes_.load(), objects_.load(), skipped_.load(), found_problems_.load()};
  }

 private:
  std::optional<FoundFile> next_file() {
    const std::lock_guard lock(walk_mutex_);
    return walk_.next();
  }
  void read_file(unsigned worker, const FoundFile& file, std::shared_ptr<Document>& document,
                 SplitResult& split_result);
  void report(Error error, std::uint32_t file, const Document* document);

  const Inputs& inputs_;
  const std::function<void(unsigned, Object)>& sink_;
  const std::function<void(Problem)>& problems_;
  std::mutex walk_mutex_;
  FileWalk walk_;
  std::atomic<std::uint64_t> files_ = 0;
  std::atomic<std::uint64_t> bytes_ = 0;
  std::atomic<std::uint64_t> objects_ = 0;
  std::atomic<std::uint64_t> skipped_ = 0;
  std::atomic<std::uint64_t> found_problems_ = 0;
};

void Reading::work(unsigned worker) {
  std::shared_ptr<Document> document;
  SplitResult split_result;
  while (std::optional<FoundFile> file = next_file()) {
    if (file->error) {
      report(*std::move(file->error), file->ordinal, nullptr);
      continue;
    }
    // One holder means this worker alone: nobody else can come to hold it meanwhile.
    if (!document || document.use_count() != 1 || document->capacity() > kLargestKept) {
      document = std::make_shared<Document>();
    } else {
      std::atomic_thread_fence(std::memory_order_acquire);
    }
    read_file(worker, *file, document, split_result);
  }
}

void Reading::read_file(unsigned worker, const FoundFile& file, std::shared_ptr<Document>& document,
                        SplitResult& split_result) {
  document->reset(file.path);
  if (Status loaded = load(*document, file.path, file.named, inputs_.limits); !loaded) {
    report(std::move(loaded).error(), file.ordinal, nullptr);
    return;
  }
  ++files_;
  bytes_ += document->text().size();
  if (Status parsed = parse(*document, inputs_.limits); !parsed) {
    report(std::move(parsed).error(), file.ordinal, document.get());
    return;
  }
  split_result.clear();
  split(document, inputs_.strict, split_result);
  skipped_ += split_result.skipped;
  for (Problem& problem : split_result.problems)
    report(std::move(problem.error), file.ordinal, document.get());
  std::uint64_t index = 0;
  for (Object& object : split_result.objects) {
    object.file = file.ordinal;
    object.index = index++;
    ++objects_;
    sink_(worker, std::move(object));
  }
  split_result.clear();
}

void Reading::report(Error error, std::uint32_t file, const Document* document) {
  ++found_problems_;
  Problem problem{std::move(error), file, {}};
  if (document != nullptr && problem.error.place()) {
    const std::string_view line = document->line(problem.error.place()->line);
    if (line.size() <= kLongestLine) problem.line_text = line;
  }
  problems_(std::move(problem));
}

} // namespace

unsigned count_workers(const Inputs& inputs) {
  if (inputs.workers != 0) return inputs.workers;
  return std::max(1U, std::thread::hardware_concurrency());
}

Summary read(const Inputs& inputs, const std::function<void(unsigned, Object)>& sink,
             const std::function<void(Problem)>& problems) {
  Reading reading(inputs, sink, problems);
  std::vector<std::thread> others;
  for (unsigned worker = 1; worker < count_workers(inputs); ++worker)
    others.emplace_back([&reading, worker] { reading.work(worker); });
  reading.work(0);
  for (std::thread& other : others)
    other.join();
  return reading.summary();
}

} // namespace allod::manifest
