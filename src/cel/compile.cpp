#include "cel/compile.h"

#include <utility>

#include "cel/check/checker.h"
#include "cel/check/literals.h"
#include "cel/eval/planner.h"
#include "cel/syntax/parser.h"
#include "cel/syntax/source.h"

namespace allod::cel {

namespace {

ParseOptions parse_options(const Environment& environment, const CompileOptions& options) {
  return {environment.dialect(), options.max_nodes, options.max_depth};
}

Status within_length(std::string_view text, const CompileOptions& options) {
  if (text.size() <= options.max_length) return {};
  return Error(ErrorCode::invalid_input,
               "the expression is longer than " + std::to_string(options.max_length) + " bytes");
}

Result<Program> finish(const Environment& environment, std::string_view source, const Ast& ast,
                       const CompileOptions& options) {
  auto checked = check(environment, source, ast, options.check, options.expected);
  if (!checked) return std::move(checked).error();
  if (options.check && environment.dialect() == Dialect::kubernetes) {
    if (Status valid = check_literals(source, ast, *checked); !valid)
      return std::move(valid).error();
  }
  return Program(make_plan(environment, std::string(source), ast, std::move(checked).value()));
}

/// Splits a template into literal texts and expressions, which one parser reads in turn.
class TemplateReader {
 public:
  TemplateReader(std::string_view text, const ParseOptions& options)
      : text_(text), parser_(text, options) {}

  Result<Ast> read() {
    while (at_ < text_.size()) {
      if (text_.substr(at_).starts_with("$${")) {
        literal("${", at_, 3);
      } else if (text_.substr(at_).starts_with("${")) {
        if (!expression()) return *parser_.error();
      } else {
        const std::size_t next = text_.find('$', at_ + 1);
        const std::size_t stop = next == std::string_view::npos ? text_.size() : next;
        literal(text_.substr(at_, stop - at_), at_, stop - at_);
      }
    }
    const ExprId root = join();
    if (parser_.error()) return *parser_.error();
    Ast ast = std::move(parser_).take();
    ast.root = root;
    return ast;
  }

 private:
  bool expression() {
    flush();
    std::size_t end = 0;
    const ExprId id = parser_.parse_braced(at_ + 2, end);
    if (parser_.error()) return false;
    parts_.push_back(id);
    at_ = end + 1;
    return true;
  }

  void literal(std::string_view text, std::size_t begin, std::size_t length) {
    if (pending_.empty()) pending_begin_ = begin;
    pending_ += text;
    at_ = begin + length;
  }

  void flush() {
    if (pending_.empty()) return;
    Expr literal;
    literal.literal = Value::string(std::exchange(pending_, {}));
    literal.span = {static_cast<std::uint32_t>(pending_begin_), static_cast<std::uint32_t>(at_)};
    parts_.push_back(parser_.add(std::move(literal)));
    ++literals_;
  }

  ExprId join() {
    flush();
    if (parts_.size() == 1 && literals_ == 0) return parts_[0];
    Expr whole;
    whole.kind = ExprKind::interpolation;
    whole.span = {0, static_cast<std::uint32_t>(text_.size())};
    whole.operands = parts_;
    return parser_.add(std::move(whole));
  }

  std::string_view text_;
  Parser parser_;
  std::size_t at_ = 0;
  std::string pending_;
  std::size_t pending_begin_ = 0;
  std::vector<ExprId> parts_;
  std::size_t literals_ = 0;
};

} // namespace

Result<Program> compile(const Environment& environment, std::string_view expression,
                        const CompileOptions& options) {
  if (auto status = within_length(expression, options); !status) return std::move(status).error();
  const auto ast = parse(expression, parse_options(environment, options));
  if (!ast) return ast.error();
  return finish(environment, expression, *ast, options);
}

Result<Program> compile_template(const Environment& environment, std::string_view text,
                                 const CompileOptions& options) {
  if (auto status = within_length(text, options); !status) return std::move(status).error();
  const auto ast = TemplateReader(text, parse_options(environment, options)).read();
  if (!ast) return ast.error();
  return finish(environment, text, *ast, options);
}

bool is_template(std::string_view text) {
  return text.find("${") != std::string_view::npos;
}

} // namespace allod::cel
