#include <cctype>
#include <map>
#include <optional>
#include <utility>

#include "cel/function.h"

namespace allod::cel {

namespace {

const std::map<std::string_view, Type>& language_types() {
  static const std::map<std::string_view, Type> types{
      {"dyn", Type::dyn()},
      {"null", Type::null()},
      {"bool", Type::boolean()},
      {"int", Type::int64()},
      {"uint", Type::uint64()},
      {"double", Type::float64()},
      {"string", Type::string()},
      {"bytes", Type::bytes()},
      {"timestamp", Type::timestamp()},
      {"duration", Type::duration()},
      {"list", Type::list()},
      {"map", Type::map(Type::dyn(), Type::dyn())},
      {"type", Type::type()},
      {"optional", Type::optional()},
  };
  return types;
}

bool is_upper(char c) {
  return std::isupper(static_cast<unsigned char>(c)) != 0;
}

Type named_type(std::string_view name, std::vector<Type> parameters) {
  const bool parameter = name.size() == 1 && is_upper(name[0]);
  if (parameter) return Type::parameter(std::string(name));
  const auto found = language_types().find(name);
  if (found == language_types().end())
    return Type::opaque(std::string(name), std::move(parameters));
  if (parameters.empty()) return found->second;
  if (name == "list") return Type::list(parameters[0]);
  if (name == "type") return Type::type(parameters[0]);
  if (name == "optional") return Type::optional(parameters[0]);
  if (name == "map" && parameters.size() == 2) return Type::map(parameters[0], parameters[1]);
  return found->second;
}

class SignatureReader {
 public:
  explicit SignatureReader(std::string_view text) : rest_(text) {}

  std::optional<Function> read() {
    Overload overload;
    const std::string_view head = rest_.substr(0, rest_.find('('));
    rest_.remove_prefix(head.size());
    std::string_view name = head;
    const std::size_t dot = head.rfind('.');
    if (dot != std::string_view::npos && is_receiver(head.substr(0, dot))) {
      SignatureReader receiver(head.substr(0, dot));
      overload.parameters.push_back(receiver.type());
      overload.member = true;
      name = head.substr(dot + 1);
    }
    if (name.empty() || !take('(')) return std::nullopt;
    while (good_ && !take(')')) {
      overload.parameters.push_back(type());
      take(',');
    }
    if (!take('-') || !take('>')) return std::nullopt;
    overload.result = type();
    blanks();
    if (!good_ || !rest_.empty()) return std::nullopt;
    return Function{std::string(name), {std::move(overload)}};
  }

 private:
  static bool is_receiver(std::string_view text) {
    if (text.find('<') != std::string_view::npos) return true;
    // "optional.of" is a function's name: a generic type is a receiver only with its parameters.
    const auto found = language_types().find(text);
    if (found != language_types().end()) return found->second.parameters().empty();
    const std::size_t dot = text.rfind('.');
    const std::string_view last = dot == std::string_view::npos ? text : text.substr(dot + 1);
    return !last.empty() && is_upper(last[0]);
  }

  void blanks() {
    while (rest_.starts_with(' '))
      rest_.remove_prefix(1);
  }

  bool take(char character) {
    blanks();
    if (!rest_.starts_with(character)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  Type type() {
    blanks();
    std::size_t length = 0;
    while (length < rest_.size() && (std::isalnum(static_cast<unsigned char>(rest_[length])) != 0 ||
                                     rest_[length] == '_' || rest_[length] == '.')) {
      ++length;
    }
    if (length == 0) {
      good_ = false;
      rest_ = {};
      return {};
    }
    const std::string_view name = rest_.substr(0, length);
    rest_.remove_prefix(length);
    std::vector<Type> parameters;
    if (take('<')) {
      while (good_ && !take('>')) {
        parameters.push_back(type());
        take(',');
      }
    }
    return named_type(name, std::move(parameters));
  }

  std::string_view rest_;
  bool good_ = true;
};

} // namespace

Result<Function> parse_signature(std::string_view signature) {
  SignatureReader reader(signature);
  auto function = reader.read();
  if (function) return std::move(*function);
  return Error(ErrorCode::invalid_input,
               "\"" + std::string(signature) + "\" is not a function signature")
      .with_hint("for instance: string.charAt(int) -> string");
}

} // namespace allod::cel
