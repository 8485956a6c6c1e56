// Functions that expressions can call: overloads with types, each with its implementation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cel/type.h"
#include "cel/value.h"

namespace allod::cel {

/// What is left of an evaluation's limits. It counts twice: the work that is really done, one unit
/// for about a step or eight bytes touched, which bounds time and memory; and what a Kubernetes API
/// server would count for the same evaluation, so that an expression that fails there fails here.
class Meter {
 public:
  explicit Meter(std::uint64_t limit, std::uint64_t cost_limit = UINT64_MAX)
      : left_(limit), limit_(limit), cost_limit_(cost_limit) {}
  /// Takes `cost`; false once the limit is passed, and from then on.
  bool charge(std::uint64_t cost) {
    if (cost <= left_) {
      left_ -= cost;
      return true;
    }
    left_ = 0;
    exhausted_ = true;
    return false;
  }
  bool charge_bytes(std::size_t bytes) { return charge(bytes / 8); }
  /// Counts units of Kubernetes.
  void count(std::uint64_t cost) { cost_ += cost; }
  void uncount(std::uint64_t cost) { cost_ -= cost; }
  [[nodiscard]] bool exhausted() const { return exhausted_ || cost_ > cost_limit_; }
  /// In units of Kubernetes.
  [[nodiscard]] std::uint64_t cost() const { return cost_; }
  [[nodiscard]] std::uint64_t cost_limit() const { return cost_limit_; }
  [[nodiscard]] std::uint64_t used() const { return limit_ - left_; }
  [[nodiscard]] std::uint64_t limit() const { return limit_; }

 private:
  std::uint64_t left_;
  std::uint64_t limit_;
  std::uint64_t cost_ = 0;
  std::uint64_t cost_limit_;
  bool exhausted_ = false;
};

/// The arguments of a call, read where they are.
class Arguments {
 public:
  constexpr Arguments(const Value* const* first, std::size_t size) : first_(first), size_(size) {}

  [[nodiscard]] std::size_t size() const { return size_; }
  const Value& operator[](std::size_t index) const { return *first_[index]; }

 private:
  const Value* const* first_;
  std::size_t size_;
};

/// Gives the result, or Value::error(…) where there is none. The arguments (the receiver first)
/// have kinds that fit the overload's parameter types and are neither errors nor unknowns; elements
/// inside lists and maps are not checked. Work that grows with the arguments is charged to the
/// meter.
using Implementation = std::function<Value(Arguments arguments, Meter& meter)>;

struct Overload {
  std::vector<Type> parameters; ///< of a member function the receiver's type comes first
  Type result;
  bool member = false; ///< called as receiver.name(…)
  Implementation implementation;
  /// The same arguments always give the same result, so that calls with constants may be computed
  /// when compiling.
  bool pure = true;
};

struct Function {
  std::string name; ///< may be qualified: "math.greatest"
  std::vector<Overload> overloads;
};

/// Reads a signature, for instance "string.charAt(int) -> string", "math.abs(double) -> double" or
/// "list<A>.flatten(int) -> list<dyn>". What stands before the last dot is a receiver when it is a
/// type of the language or its last part begins with a capital letter (net.IP); otherwise it is
/// part of the function's name. Single capital letters are type parameters, other unknown names
/// opaque types. The implementation stays empty.
[[nodiscard]] Result<Function> parse_signature(std::string_view signature);

} // namespace allod::cel
