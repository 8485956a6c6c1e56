#include "catalogue/template.h"

#include <algorithm>
#include <optional>
#include <variant>

#include "base/encoding.h"
#include "cel/compile.h"
#include "document/cel_value.h"
#include "document/json_writer.h"

namespace allod::catalogue {

using document::Mark;
using document::Member;
using document::PathStep;
using document::Value;

struct Template::Node {
  struct Loop {
    std::string variable;
    cel::Program list;
    Mark mark;
  };
  struct Entry {
    std::string key;
    Mark key_mark;
    std::unique_ptr<Node> value;
  };
  /// A map or list; `spliced` nodes add entries to it.
  struct Map {
    std::vector<Entry> entries;
    std::vector<std::unique_ptr<Node>> spliced;
  };
  struct List {
    std::vector<std::unique_ptr<Node>> items;
  };
  /// Loops, then a condition; with a key it yields map entries, without one values.
  struct Generator {
    std::vector<Loop> loops;
    std::optional<cel::Program> condition;
    std::unique_ptr<Node> key;
    std::unique_ptr<Node> value;
    std::unique_ptr<Node> otherwise;
  };

  /// A text of which a later stage evaluates a part: that part stands as it is written.
  struct Partial {
    std::vector<std::variant<std::string, cel::Program>> pieces;
  };

  Mark mark;
  std::variant<Value, cel::Program, Map, List, Generator, Partial> content;
};

namespace {

using Node = Template::Node;

struct Piece {
  std::string text; ///< with its ${ } when it is an expression
  bool expression = false;
};

/// The end of the expression that starts behind "${" at `at`: past its closing brace.
std::size_t end_of_expression(const std::string& text, std::size_t at) {
  int depth = 1;
  char quote = 0;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (quote != 0) {
      if (c == '\\') ++at;
      if (c == quote) quote = 0;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '{') {
      ++depth;
    } else if (c == '}' && --depth == 0) {
      return at + 1;
    }
  }
  return text.size();
}

std::vector<Piece> pieces_of(const std::string& text) {
  std::vector<Piece> pieces;
  std::size_t start = 0;
  std::size_t at = 0;
  while (at < text.size()) {
    if (text.compare(at, 3, "$${") == 0) {
      at += 3;
    } else if (text.compare(at, 2, "${") == 0) {
      if (at > start) pieces.push_back({text.substr(start, at - start), false});
      start = end_of_expression(text, at + 2);
      pieces.push_back({text.substr(at, start - at), true});
      at = start;
    } else {
      ++at;
    }
  }
  if (start < text.size()) pieces.push_back({text.substr(start), false});
  return pieces;
}

/// Columns count code points; a quoted scalar's text starts after its quote.
bool is_quoted(const Mark& mark, const std::string& text) {
  return mark.length == utf8_length(text) + 2;
}

class Compiler {
 public:
  Compiler(Problems& problems, const TemplateOptions& options,
           std::vector<std::vector<std::string>>& references)
      : problems_(problems), options_(options), references_(references) {}

  std::unique_ptr<Node> compile(const Value& value, const cel::Environment& environment) {
    auto node = std::make_unique<Node>();
    node->mark = value.mark();
    if (value.is_string()) {
      compile_text(value, environment, *node);
    } else if (value.is_list()) {
      Node::List list;
      for (const Value& item : value.items())
        list.items.push_back(compile(item, environment));
      node->content = std::move(list);
    } else if (value.is_map() && is_generator(value)) {
      node->content = compile_generator(value, environment);
    } else if (value.is_map()) {
      node->content = compile_map(value, environment);
    } else {
      node->content = value;
    }
    return node;
  }

 private:
  static bool is_generator(const Value& value) { return value.contains("$value"); }

  void compile_text(const Value& value, const cel::Environment& environment, Node& node) {
    const std::string& text = value.as_string();
    node.content = value;
    if (!cel::is_template(text)) return;
    if (options_.deferred && compile_deferred(value, environment, node)) return;
    Result<cel::Program> program = cel::compile_template(environment, text);
    if (!program) {
      report(program.error(), value);
      return;
    }
    note_references(*program);
    node.content = std::move(*program);
  }

  /// True when a part of the text belongs to the agent: the node then holds what is to be done.
  bool compile_deferred(const Value& value, const cel::Environment& environment, Node& node) {
    Node::Partial partial;
    bool deferred = false;
    for (const Piece& piece : pieces_of(value.as_string())) {
      if (!piece.expression || is_late(piece.text, value, environment)) {
        deferred = deferred || piece.expression;
        partial.pieces.emplace_back(piece.text);
        continue;
      }
      Result<cel::Program> program = cel::compile_template(environment, piece.text);
      if (!program) return false; // the ordinary way finds it again and reports it
      note_references(*program);
      partial.pieces.emplace_back(std::move(*program));
    }
    if (deferred) node.content = std::move(partial);
    return deferred;
  }

  /// Whether an expression belongs to the agent; one that mixes both worlds is a fault.
  bool is_late(const std::string& text, const Value& value, const cel::Environment& environment) {
    cel::Environment wide = environment;
    wide.declare("response", cel::Type::dyn());
    wide.declare("captured", cel::Type::map(cel::Type::string(), cel::Type::dyn()));
    const Result<cel::Program> program = cel::compile_template(wide, text);
    if (!program) return false; // the ordinary way finds and reports it
    const auto& names = program->variables();
    const auto late = [](const std::string& name) {
      return name == "response" || name == "captured";
    };
    if (std::none_of(names.begin(), names.end(), late)) return false;
    for (const std::string& name : names) {
      if (late(name)) continue;
      problems_.push_back(
          document::error_at(value.mark(),
                             "an expression over a response cannot also use \"" + name + "\"")
              .with_hint("split it: one expression is evaluated when the stack is compiled, the "
                         "other when the answer is there"));
    }
    return true;
  }

  Node::Map compile_map(const Value& value, const cel::Environment& environment) {
    Node::Map map;
    for (const Member& member : value.members()) {
      if (member.key == "$for") {
        for (const Value& item : list_of(member.value)) {
          map.spliced.push_back(compile_spliced(item, environment));
        }
      } else if (member.key.starts_with("$") && member.key != "$schema") {
        problems_.push_back(
            document::error_at(member.key_mark, "\"" + member.key + "\" needs a $value beside it")
                .with_hint(
                    "see docs/catalogue.md, \"Values that depend on lists and conditions\""));
      } else if (member.value.is_map() && is_generator(member.value) &&
                 member.value.contains("$key")) {
        problems_.push_back(document::error_at(
            member.key_mark, "a loop with $key makes entries of the map around it, so it stands "
                             "in a list under $for"));
      } else {
        map.entries.push_back({member.key, member.key_mark, compile(member.value, environment)});
      }
    }
    return map;
  }

  std::unique_ptr<Node> compile_spliced(const Value& value, const cel::Environment& environment) {
    if (!value.is_map() || !value.contains("$key") || !value.contains("$value")) {
      problems_.push_back(
          document::error_at(value.mark(), "an entry of $for needs $key and $value"));
    }
    return compile(value, environment);
  }

  Node::Generator compile_generator(const Value& value, const cel::Environment& outer) {
    static const std::vector<std::string> kKnown = {"$each", "$if", "$key", "$value", "$else"};
    for (const Member& member : value.members()) {
      if (std::find(kKnown.begin(), kKnown.end(), member.key) == kKnown.end()) {
        problems_.push_back(document::error_at(
            member.key_mark, "\"" + member.key + "\" cannot stand beside $value"));
      }
    }
    Node::Generator generator;
    cel::Environment environment = outer;
    if (const Value* each = value.find("$each")) compile_loops(*each, environment, generator);
    if (const Value* condition = value.find("$if")) {
      generator.condition = compile_expression(*condition, environment, cel::Type::boolean());
    }
    if (const Value* key = value.find("$key")) generator.key = compile(*key, environment);
    generator.value = compile(*value.find("$value"), environment);
    if (const Value* otherwise = value.find("$else"))
      generator.otherwise = compile(*otherwise, environment);
    return generator;
  }

  void compile_loops(const Value& each, cel::Environment& environment, Node::Generator& generator) {
    for (const Value& loop : list_of(each)) {
      if (!loop.is_map() || loop.size() != 1) {
        problems_.push_back(document::error_at(loop.mark(), "$each takes one NAME: \"${list}\""));
        continue;
      }
      const Member& member = loop.members().front();
      std::optional<cel::Program> list =
          compile_expression(member.value, environment, std::nullopt);
      if (!list) continue;
      const cel::Type type = list->result_type();
      environment.declare(member.key,
                          type.is(cel::TypeKind::list) ? type.element() : cel::Type::dyn());
      loop_variables_.push_back(member.key);
      generator.loops.push_back({member.key, std::move(*list), member.value.mark()});
    }
  }

  std::optional<cel::Program> compile_expression(const Value& value,
                                                 const cel::Environment& environment,
                                                 std::optional<cel::Type> expected) {
    if (!value.is_string() || !cel::is_template(value.as_string())) {
      problems_.push_back(document::error_at(value.mark(), "an expression in ${ } is needed here"));
      return std::nullopt;
    }
    cel::CompileOptions options;
    options.expected = std::move(expected);
    Result<cel::Program> program = cel::compile_template(environment, value.as_string(), options);
    if (!program) {
      report(program.error(), value);
      return std::nullopt;
    }
    note_references(*program);
    return std::move(*program);
  }

  void report(const Error& fault, const Value& value) {
    Error error(ErrorCode::invalid_input, fault.message());
    if (!fault.hint().empty()) error = std::move(error).with_hint(fault.hint());
    problems_.push_back(std::move(error).at(
        place_within(value.mark(), value.as_string(), fault.place().value_or(Place{"", 1, 1, 1}))));
  }

  void note_references(const cel::Program& program) {
    for (const cel::Selection& selection : program.selections()) {
      const bool local = std::find(loop_variables_.begin(), loop_variables_.end(),
                                   selection.steps.front()) != loop_variables_.end();
      if (local) continue;
      if (std::find(references_.begin(), references_.end(), selection.steps) == references_.end()) {
        references_.push_back(selection.steps);
      }
    }
  }

  static std::vector<Value> list_of(const Value& value) {
    return value.is_list() ? value.items() : std::vector<Value>{value};
  }

  Problems& problems_;
  const TemplateOptions& options_;
  std::vector<std::vector<std::string>>& references_;
  std::vector<std::string> loop_variables_;
};

/// Renders a tree of nodes into a value, noting where each computed leaf comes from.
class Renderer {
 public:
  explicit Renderer(std::vector<LeafOrigin>& origins) : origins_(origins) {}

  Result<Value> render(const Node& node, const cel::Activation& activation) {
    if (const auto* literal = std::get_if<Value>(&node.content)) return *literal;
    if (const auto* program = std::get_if<cel::Program>(&node.content)) {
      return render_expression(*program, node.mark, activation);
    }
    if (const auto* map = std::get_if<Node::Map>(&node.content))
      return render_map(*map, node, activation);
    if (const auto* list = std::get_if<Node::List>(&node.content))
      return render_list(*list, node, activation);
    if (const auto* partial = std::get_if<Node::Partial>(&node.content))
      return render_partial(*partial, node, activation);
    const auto& generator = std::get<Node::Generator>(node.content);
    Value chosen;
    Status status = generate(generator, 0, activation,
                             [&](const Node* value, const cel::Activation& inner) -> Status {
                               if (value == nullptr) return {};
                               Result<Value> rendered = render(*value, inner);
                               if (!rendered) return std::move(rendered).error();
                               chosen = std::move(*rendered);
                               return {};
                             });
    if (!status) return std::move(status).error();
    return chosen;
  }

 private:
  using Sink = std::function<Status(const Node*, const cel::Activation&)>;

  Result<Value> render_expression(const cel::Program& program, const Mark& mark,
                                  const cel::Activation& activation) {
    Result<cel::Value> value = program.evaluate(activation);
    if (!value) {
      return Error(ErrorCode::invalid_input, value.error().message())
          .at(place_within(mark, program.source(),
                           value.error().place().value_or(Place{"", 1, 1, 1})));
    }
    Result<Value> converted = document::from_cel(*value);
    if (!converted) return std::move(converted).error().during("evaluating " + program.source());
    converted->set_mark(mark);
    origins_.push_back({path_, &program, mark});
    return converted;
  }

  Result<Value> render_partial(const Node::Partial& partial, const Node& node,
                               const cel::Activation& activation) {
    std::string text;
    for (const auto& piece : partial.pieces) {
      if (const auto* literal = std::get_if<std::string>(&piece)) {
        text += *literal;
        continue;
      }
      Result<Value> value = render_expression(std::get<cel::Program>(piece), node.mark, activation);
      if (!value) return value;
      text += document::plain_text(*value);
    }
    Value result(std::move(text));
    result.set_mark(node.mark);
    return result;
  }

  Result<Value> render_map(const Node::Map& map, const Node& node,
                           const cel::Activation& activation) {
    Value result = Value::map();
    result.set_mark(node.mark);
    for (const Node::Entry& entry : map.entries) {
      path_.emplace_back(entry.key);
      bool present = true;
      Result<Value> value = render_present(*entry.value, activation, present);
      path_.pop_back();
      if (!value) return value;
      if (!present) continue;
      result.set(entry.key, std::move(*value));
      result.members().back().key_mark = entry.key_mark;
    }
    for (const auto& spliced : map.spliced) {
      const auto* generator = std::get_if<Node::Generator>(&spliced->content);
      if (generator == nullptr || !generator->key) continue;
      Status status =
          generate(*generator, 0, activation, [&](const Node* value, const cel::Activation& inner) {
            return value == nullptr ? Status() : add_entry(*generator, *value, inner, result);
          });
      if (!status) return std::move(status).error();
    }
    return result;
  }

  Status add_entry(const Node::Generator& generator, const Node& node,
                   const cel::Activation& activation, Value& map) {
    Result<Value> key = render(*generator.key, activation);
    if (!key) return std::move(key).error();
    if (!key->is_string()) return document::error_at(generator.key->mark, "a key must be a text");
    path_.emplace_back(key->as_string());
    Result<Value> value = render(node, activation);
    path_.pop_back();
    if (!value) return std::move(value).error();
    if (map.contains(key->as_string())) {
      return document::error_at(generator.key->mark,
                                "the key \"" + key->as_string() + "\" comes twice");
    }
    map.set(key->as_string(), std::move(*value));
    return {};
  }

  Result<Value> render_list(const Node::List& list, const Node& node,
                            const cel::Activation& activation) {
    Value result = Value::list();
    result.set_mark(node.mark);
    const auto add = [&](const Node* value, const cel::Activation& inner) -> Status {
      if (value == nullptr) return {};
      path_.emplace_back(result.size());
      Result<Value> item = render(*value, inner);
      path_.pop_back();
      if (!item) return std::move(item).error();
      result.push(std::move(*item));
      return {};
    };
    for (const auto& item : list.items) {
      const auto* generator = std::get_if<Node::Generator>(&item->content);
      Status status = generator == nullptr ? add(item.get(), activation)
                                           : generate(*generator, 0, activation, add);
      if (!status) return std::move(status).error();
    }
    return result;
  }

  /// As render, but a condition that does not hold and has no $else leaves the entry out.
  Result<Value> render_present(const Node& node, const cel::Activation& activation, bool& present) {
    const auto* generator = std::get_if<Node::Generator>(&node.content);
    if (generator == nullptr) return render(node, activation);
    present = false;
    Value chosen;
    Status status = generate(*generator, 0, activation,
                             [&](const Node* value, const cel::Activation& inner) -> Status {
                               if (value == nullptr) return {};
                               Result<Value> rendered = render(*value, inner);
                               if (!rendered) return std::move(rendered).error();
                               present = true;
                               chosen = std::move(*rendered);
                               return {};
                             });
    if (!status) return std::move(status).error();
    return chosen;
  }

  Status generate(const Node::Generator& generator, std::size_t depth,
                  const cel::Activation& activation, const Sink& sink) {
    if (depth < generator.loops.size()) return run_loop(generator, depth, activation, sink);
    if (generator.condition) {
      Result<cel::Value> holds = generator.condition->evaluate(activation);
      if (!holds) return std::move(holds).error();
      const bool yes = holds->is(cel::Kind::boolean) && holds->as_bool();
      if (!yes) return sink(generator.otherwise.get(), activation);
    }
    return sink(generator.value.get(), activation);
  }

  Status run_loop(const Node::Generator& generator, std::size_t depth,
                  const cel::Activation& activation, const Sink& sink) {
    const Node::Loop& loop = generator.loops[depth];
    Result<cel::Value> list = loop.list.evaluate(activation);
    if (!list) {
      return Error(ErrorCode::invalid_input, list.error().message())
          .at(place_within(loop.mark, loop.list.source(),
                           list.error().place().value_or(Place{"", 1, 1, 1})));
    }
    if (!list->is(cel::Kind::list)) {
      return document::error_at(loop.mark,
                                "$each needs a list, not " + std::string(list->type_name()));
    }
    const cel::List& items = list->as_list();
    for (std::size_t i = 0; i < items.size(); ++i) {
      cel::Activation inner(&activation);
      inner.set(loop.variable, items.at(i));
      if (Status status = generate(generator, depth + 1, inner, sink); !status) return status;
    }
    return {};
  }

  std::vector<LeafOrigin>& origins_;
  std::vector<PathStep> path_;
};

} // namespace

Place place_within(const Mark& mark, const std::string& text, const Place& inner) {
  Place place = mark.place();
  if (inner.line > 1) {
    place.line += inner.line - 1; // a block scalar: its own lines follow the mark's
    return place;
  }
  if (inner.column > 0) {
    place.column += inner.column - 1 + (is_quoted(mark, text) ? 1 : 0);
    place.length = std::max<std::uint32_t>(1, inner.length);
  }
  return place;
}

Template::Template() = default;
Template::~Template() = default;
Template::Template(Template&&) noexcept = default;
Template& Template::operator=(Template&&) noexcept = default;

Template Template::compile(const Value& value, const cel::Environment& environment,
                           Problems& problems, const TemplateOptions& options) {
  Template result;
  result.root_ = Compiler(problems, options, result.references_).compile(value, environment);
  return result;
}

Result<Rendered> Template::render(const cel::Activation& activation) const {
  Rendered rendered;
  if (!root_) return rendered;
  Result<Value> value = Renderer(rendered.origins).render(*root_, activation);
  if (!value) return std::move(value).error();
  rendered.value = std::move(*value);
  return rendered;
}

} // namespace allod::catalogue
