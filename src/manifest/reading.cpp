#include "manifest/reading.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "manifest/pieces.h"
#include "manifest/text_scan.h"
#include "manifest/yaml.h"

namespace allod::manifest {
namespace {

/// Files that a worker takes at once.
constexpr std::size_t kBatch = 16;
/// Larger files are read piece by piece where their text allows it.
constexpr std::size_t kPiece = 1U << 20;
/// Objects of a large document that are given out at once.
constexpr std::size_t kShare = 64;
/// A document that holds more is not kept for the next text.
constexpr std::size_t kLargestKept = 16U << 20;
constexpr std::size_t kLongestLine = 4096;

bool looks_like_json(const std::string& name, std::string_view text) {
  if (name.ends_with(".json")) return true;
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && text[first] == '{';
}

bool is_allod_document(const Node& root) {
  return root.text_at("apiVersion").starts_with("allod/");
}

std::vector<Error> parse(Document& document, const Limits& limits) {
  if (looks_like_json(document.name(), document.text())) {
    Status json = read_json(document, limits);
    if (json) return {};
    if (document.name().ends_with(".json")) return {std::move(json).error()};
    document.arena().clear(); // a flow map of YAML
  }
  std::vector<Error> errors = read_yaml_documents(document, limits);
  // Our own documents follow YAML 1.2, in which "no" is a text.
  if (std::any_of(document.roots().begin(), document.roots().end(), is_allod_document)) {
    document.arena().clear();
    return read_yaml_documents(document, limits, Schema::core);
  }
  return errors;
}

} // namespace

Reading::Reading(const Inputs& inputs, unsigned workers,
                 const std::function<void(unsigned, Object)>& sink,
                 const std::function<void(Problem)>& problems)
    : inputs_(inputs), workers_(workers), sink_(sink), problems_(problems),
      walk_(inputs.paths, WalkOptions{inputs.respect_ignore_files, inputs.render}) {}

Summary Reading::summary() const {
  return {files_.load(), bytes_.load(), objects_.load(), skipped_.load(), found_problems_.load()};
}

void Reading::work(unsigned worker) {
  Bench bench;
  bench.worker = worker;
  std::unique_lock lock(mutex_);
  while (true) {
    if (!tasks_.empty()) {
      Task task = std::move(tasks_.front());
      tasks_.pop_front();
      ++busy_;
      lock.unlock();
      run(bench, task);
    } else if (!walked_) {
      bench.files.clear();
      while (bench.files.size() < kBatch && !walked_) {
        std::optional<FoundFile> file = walk_.next();
        walked_ = !file;
        if (file) bench.files.push_back(*std::move(file));
      }
      ++busy_;
      lock.unlock();
      for (FoundFile& file : bench.files)
        read_file(bench, file);
    } else if (busy_ == 0) {
      changed_.notify_all();
      return;
    } else {
      changed_.wait(lock);
      continue;
    }
    lock.lock();
    --busy_;
  }
}

bool Reading::offer(Task& task) {
  {
    const std::lock_guard lock(mutex_);
    if (tasks_.size() >= std::size_t{2} * workers_) return false;
    tasks_.push_back(std::move(task));
  }
  changed_.notify_one();
  return true;
}

void Reading::run(Bench& bench, Task& task) {
  if (task.piece) {
    read_text(bench, task.piece, task.file, task.first_index);
    give_back(std::move(task.piece));
  }
  for (Object& object : task.objects)
    sink_(bench.worker, std::move(object));
}

std::shared_ptr<Document> Reading::take_document() {
  const std::lock_guard lock(documents_mutex_);
  if (documents_.empty()) return std::make_shared<Document>();
  std::shared_ptr<Document> document = std::move(documents_.back());
  documents_.pop_back();
  return document;
}

void Reading::give_back(std::shared_ptr<Document> document) {
  // One holder is this one alone: nobody else can come to hold it meanwhile.
  if (document.use_count() != 1 || document->capacity() > kLargestKept) return;
  std::atomic_thread_fence(std::memory_order_acquire);
  const std::lock_guard lock(documents_mutex_);
  documents_.push_back(std::move(document));
}

void Reading::read_file(Bench& bench, FoundFile& file) {
  if (file.error) {
    report(*std::move(file.error), file.ordinal, nullptr);
    return;
  }
  if (file.recipe != Recipe::none) {
    read_rendered(bench, file);
    return;
  }
  Result<TextSource> source = TextSource::open(file.path, file.named);
  if (!source) {
    report(std::move(source).error(), file.ordinal, nullptr);
    return;
  }
  std::shared_ptr<Document> document = take_document();
  document->reset(file.path);
  std::size_t size = 0;
  Status read = source->read(*document, size, kPiece);
  document->set_size(size);
  const bool whole = source->ended() || looks_like_json(file.path, document->text());
  if (read && whole && !source->ended()) {
    read = source->read(*document, size, inputs_.limits.bytes + 1);
    document->set_size(size);
  }
  if (!read) {
    report(std::move(read).error(), file.ordinal, nullptr);
  } else if (size > inputs_.limits.bytes) {
    report(too_large(file.path), file.ordinal, nullptr);
  } else {
    ++files_;
    if (!whole) {
      read_pieces(bench, file, *source, std::move(document), size);
      return;
    }
    read_text(bench, document, file.ordinal, 0);
  }
  give_back(std::move(document));
}

void Reading::read_rendered(Bench& bench, const FoundFile& file) {
  Result<std::string> text =
      render(file.recipe, file.path, inputs_.values_files, inputs_.limits.bytes);
  if (!text) {
    report(std::move(text).error(), file.ordinal, nullptr);
    return;
  }
  ++files_;
  std::shared_ptr<Document> document = take_document();
  document->reset(file.path);
  document->set_text(*text);
  document->set_is_rendered(true);
  read_text(bench, document, file.ordinal, 0);
  give_back(std::move(document));
}

/// A stream of documents, of which `size` bytes have been read: what is complete of it goes to
/// whoever has time, and the rest moves to the start of the next piece.
void Reading::read_pieces(Bench& bench, const FoundFile& file, TextSource& source,
                          std::shared_ptr<Document> document, std::size_t size) {
  std::uint64_t piece = 0;
  while (true) {
    const std::string_view text = document->text();
    const std::size_t cut = source.ended() ? 0 : last_document_start(text);
    std::shared_ptr<Document> rest;
    std::size_t rest_size = 0;
    if (cut != 0) {
      rest = take_document();
      rest->reset(file.path, document->first_line() +
                                 static_cast<std::uint32_t>(count_line_feeds(text.substr(0, cut))));
      rest_size = size - cut;
      std::memcpy(rest->reserve(rest_size), text.data() + cut, rest_size);
      document->set_size(cut);
    }
    if (cut != 0 || source.ended()) {
      Task task{std::move(document), file.ordinal, piece++ << 32U, {}};
      if (!offer(task)) run(bench, task);
      if (!rest) return;
      document = std::move(rest);
      size = rest_size;
    } else if (size > inputs_.limits.bytes) {
      report(too_large(file.path), file.ordinal, nullptr);
      return;
    }
    const std::size_t wanted = std::min(std::max(size * 2, kPiece), inputs_.limits.bytes + 1);
    Status read = source.read(*document, size, wanted);
    document->set_size(size);
    if (!read) {
      report(std::move(read).error(), file.ordinal, nullptr);
      return;
    }
  }
}

void Reading::read_text(Bench& bench, const std::shared_ptr<Document>& document, std::uint32_t file,
                        std::uint64_t first_index) {
  bytes_ += document->text().size();
  for (Error& error : parse(*document, inputs_.limits))
    report(std::move(error), file, document.get());
  bench.split.clear();
  split(document, inputs_.strict, bench.split);
  skipped_ += bench.split.skipped;
  objects_ += bench.split.objects.size();
  for (Problem& problem : bench.split.problems)
    report(std::move(problem.error), file, document.get());
  for (Object& object : bench.split.objects) {
    object.file = file;
    object.index = first_index++;
  }
  give_out(bench, bench.split.objects);
  bench.split.clear();
}

/// Gives objects to the sink; what is more than a share goes to the other workers if they have
/// time.
void Reading::give_out(Bench& bench, std::vector<Object>& objects) {
  std::size_t end = objects.size();
  while (workers_ > 1 && end > kShare) {
    Task task;
    const auto first = objects.begin() + static_cast<std::ptrdiff_t>(end - kShare);
    task.objects.assign(std::make_move_iterator(first), std::make_move_iterator(first + kShare));
    if (!offer(task)) {
      for (Object& object : task.objects)
        sink_(bench.worker, std::move(object));
    }
    end -= kShare;
  }
  for (std::size_t i = 0; i < end; ++i)
    sink_(bench.worker, std::move(objects[i]));
}

Error Reading::too_large(const std::string& path) const {
  return Error(ErrorCode::invalid_input, path + " has a document of more than the " +
                                             format_size(inputs_.limits.bytes) +
                                             " that are read at once")
      .at(Place{path, 0, 0, 0})
      .with_hint("split it into several files");
}

void Reading::report(Error error, std::uint32_t file, const Document* document) {
  ++found_problems_;
  Problem problem{std::move(error), file, {}};
  // Plans may hold secrets anywhere.
  const bool is_plan =
      document != nullptr &&
      document->text().substr(0, kLongestLine).find("\"format_version\"") != std::string_view::npos;
  if (document != nullptr && !is_plan && problem.error.place()) {
    const std::string_view line = document->line(problem.error.place()->line);
    if (line.size() <= kLongestLine) problem.line_text = line;
  }
  problems_(std::move(problem));
}

} // namespace allod::manifest
