#include "graph/execute.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <queue>
#include <thread>
#include <unordered_map>

namespace allod::graph {
namespace {

using Clock = std::chrono::steady_clock;

/// The dependencies by position, both ways.
struct Shape {
  std::vector<std::vector<std::size_t>> before;
  std::vector<std::vector<std::size_t>> after;
  std::vector<std::size_t> height; ///< operations on the longest chain behind it
};

Error cycle_error(const std::vector<Operation>& operations, const Shape& shape,
                  const std::vector<std::size_t>& open) {
  // Everything left has something before it that is left too: walking backwards must come round.
  std::size_t at = static_cast<std::size_t>(
      std::find_if(open.begin(), open.end(), [](std::size_t n) { return n > 0; }) - open.begin());
  std::vector<std::size_t> walk;
  while (std::find(walk.begin(), walk.end(), at) == walk.end()) {
    walk.push_back(at);
    for (const std::size_t before : shape.before[at]) {
      if (open[before] > 0) {
        at = before;
        break;
      }
    }
  }
  std::string text = operations[at].id;
  for (auto entry = std::find(walk.begin(), walk.end(), at) + 1; entry != walk.end(); ++entry) {
    text += " → " + operations[*entry].id;
  }
  return Error(ErrorCode::invalid_input,
               "operations wait for each other: " + text + " → " + operations[at].id);
}

Result<Shape> shape_of(const std::vector<Operation>& operations) {
  Shape shape;
  const std::size_t count = operations.size();
  shape.before.resize(count);
  shape.after.resize(count);
  shape.height.resize(count, 0);
  std::unordered_map<std::string_view, std::size_t> positions;
  for (std::size_t i = 0; i < count; ++i) {
    if (!positions.emplace(operations[i].id, i).second) {
      return Error(ErrorCode::invalid_input, "operation " + operations[i].id + " is there twice");
    }
  }
  for (std::size_t i = 0; i < count; ++i) {
    for (const std::string& name : operations[i].depends_on) {
      const auto found = positions.find(name);
      if (found == positions.end()) {
        return Error(ErrorCode::invalid_input,
                     operations[i].id + " depends on " + name + ", which is not there");
      }
      std::vector<std::size_t>& before = shape.before[i];
      if (std::find(before.begin(), before.end(), found->second) != before.end()) continue;
      before.push_back(found->second);
      shape.after[found->second].push_back(i);
    }
  }

  std::vector<std::size_t> open(count);
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < count; ++i) {
    open[i] = shape.before[i].size();
    if (open[i] == 0) order.push_back(i);
  }
  for (std::size_t next = 0; next < order.size(); ++next) {
    for (const std::size_t after : shape.after[order[next]]) {
      if (--open[after] == 0) order.push_back(after);
    }
  }
  if (order.size() < count) return cycle_error(operations, shape, open);
  for (auto entry = order.rbegin(); entry != order.rend(); ++entry) {
    for (const std::size_t after : shape.after[*entry]) {
      shape.height[*entry] = std::max(shape.height[*entry], shape.height[after] + 1);
    }
  }
  return shape;
}

class Run {
 public:
  Run(const std::vector<Operation>& operations, const ExecuteOptions& options, Shape shape)
      : operations_(operations), options_(options), shape_(std::move(shape)),
        ready_(Later{&shape_}) {
    result_.operations.resize(operations.size());
    settled_.resize(operations.size(), false);
    for (std::size_t i = 0; i < operations.size(); ++i) {
      result_.operations[i].id = operations[i].id;
      open_.push_back(shape_.before[i].size());
      if (open_[i] == 0) ready_.push(i);
    }
    left_ = operations.size();
  }

  Execution finish() {
    {
      // Stopping must wake the threads: the token tells nobody by itself.
      const std::stop_callback wake(options_.stop, [this] {
        const std::lock_guard lock(mutex_);
        changed_.notify_all();
      });
      std::vector<std::jthread> threads;
      const std::size_t count =
          std::min(std::max<std::size_t>(options_.parallel, 1), operations_.size());
      for (std::size_t i = 0; i < count; ++i) {
        threads.emplace_back([this] { serve(); });
      }
    }
    result_.duration = since_begin();
    result_.dependencies = std::move(shape_.before);
    return std::move(result_);
  }

 private:
  /// Long chains first: they decide when the run is over.
  struct Later {
    const Shape* shape;
    bool operator()(std::size_t a, std::size_t b) const {
      return shape->height[a] != shape->height[b] ? shape->height[a] < shape->height[b] : a > b;
    }
  };

  [[nodiscard]] std::chrono::microseconds since_begin() const {
    return std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - begin_);
  }

  void serve() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(
          lock, [this] { return left_ == 0 || !ready_.empty() || options_.stop.stop_requested(); });
      if (options_.stop.stop_requested()) cancel_waiting(lock);
      if (ready_.empty()) {
        if (left_ == 0 || options_.stop.stop_requested()) return;
        continue;
      }
      const std::size_t at = ready_.top();
      ready_.pop();
      settled_[at] = true;
      lock.unlock();
      const Status status = work(at);
      lock.lock();
      settle(lock, at, status);
    }
  }

  Status work(std::size_t at) {
    Executed& entry = result_.operations[at];
    if (options_.on_start) options_.on_start(entry.id);
    entry.started = since_begin();
    Status status = operations_[at].work(options_.stop);
    entry.ended = since_begin();
    entry.outcome = status.ok() ? Outcome::done : Outcome::failed;
    if (!status.ok()) entry.error = status.error();
    if (options_.on_end) options_.on_end(entry);
    return status;
  }

  void settle(std::unique_lock<std::mutex>& lock, std::size_t at, const Status& status) {
    if (status.ok()) {
      for (const std::size_t after : shape_.after[at]) {
        if (--open_[after] == 0 && !settled_[after]) ready_.push(after);
      }
    } else {
      skip_after(lock, at);
    }
    --left_;
    changed_.notify_all();
  }

  void skip_after(std::unique_lock<std::mutex>& lock, std::size_t failed) {
    std::vector<std::size_t> skipped;
    std::vector<std::size_t> stack = shape_.after[failed];
    while (!stack.empty()) {
      const std::size_t at = stack.back();
      stack.pop_back();
      if (settled_[at]) continue;
      settled_[at] = true;
      skipped.push_back(at);
      result_.operations[at].outcome = Outcome::not_tried;
      result_.operations[at].because = operations_[failed].id;
      stack.insert(stack.end(), shape_.after[at].begin(), shape_.after[at].end());
    }
    std::sort(skipped.begin(), skipped.end());
    report(lock, skipped);
  }

  void cancel_waiting(std::unique_lock<std::mutex>& lock) {
    while (!ready_.empty())
      ready_.pop();
    std::vector<std::size_t> cancelled;
    for (std::size_t i = 0; i < operations_.size(); ++i) {
      if (settled_[i]) continue;
      settled_[i] = true;
      cancelled.push_back(i);
      result_.operations[i].outcome = Outcome::cancelled;
    }
    report(lock, cancelled);
  }

  /// Tells of operations that will not be started; they count as over only then.
  void report(std::unique_lock<std::mutex>& lock, const std::vector<std::size_t>& entries) {
    if (entries.empty()) return;
    if (options_.on_end) {
      lock.unlock();
      for (const std::size_t at : entries)
        options_.on_end(result_.operations[at]);
      lock.lock();
    }
    left_ -= entries.size();
    changed_.notify_all();
  }

  const std::vector<Operation>& operations_;
  const ExecuteOptions& options_;
  Shape shape_;
  Clock::time_point begin_ = Clock::now();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::priority_queue<std::size_t, std::vector<std::size_t>, Later> ready_;
  std::vector<std::size_t> open_; // dependencies that have not ended
  std::vector<bool> settled_;     // started, or never to be
  std::size_t left_ = 0;          // operations that are not over
  Execution result_;
};

} // namespace

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
  case Outcome::done:
    return "done";
  case Outcome::failed:
    return "failed";
  case Outcome::not_tried:
    return "not-tried";
  case Outcome::cancelled:
    return "cancelled";
  }
  return "unknown";
}

bool Execution::ok() const {
  return std::all_of(operations.begin(), operations.end(),
                     [](const Executed& entry) { return entry.outcome == Outcome::done; });
}

const Executed* Execution::find(std::string_view id) const {
  for (const Executed& entry : operations) {
    if (entry.id == id) return &entry;
  }
  return nullptr;
}

std::vector<PathEntry> Execution::longest_path() const {
  const auto ran = [this](std::size_t at) {
    return operations[at].outcome == Outcome::done || operations[at].outcome == Outcome::failed;
  };
  std::optional<std::size_t> at;
  for (std::size_t i = 0; i < operations.size(); ++i) {
    if (ran(i) && (!at || operations[i].ended > operations[*at].ended)) at = i;
  }
  std::vector<PathEntry> path;
  while (at) {
    path.push_back({operations[*at].id, std::chrono::duration_cast<std::chrono::milliseconds>(
                                            operations[*at].duration())});
    std::optional<std::size_t> last;
    for (const std::size_t before : dependencies[*at]) {
      if (ran(before) && (!last || operations[before].ended > operations[*last].ended)) {
        last = before;
      }
    }
    at = last;
  }
  std::reverse(path.begin(), path.end());
  return path;
}

Result<Execution> execute(const std::vector<Operation>& operations, const ExecuteOptions& options) {
  Result<Shape> shape = shape_of(operations);
  if (!shape) return std::move(shape).error();
  return Run(operations, options, std::move(*shape)).finish();
}

} // namespace allod::graph
