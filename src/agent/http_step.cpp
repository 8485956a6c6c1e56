#include "agent/http_step.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <set>

#include "base/encoding.h"
#include "base/text.h"
#include "cel/cel.h"
#include "document/cel_value.h"
#include "document/json_reader.h"
#include "document/json_writer.h"

namespace allod::agent {
namespace {

using document::Value;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kShown = 400;
constexpr milliseconds kStreamLimit{std::chrono::hours(12)};
const std::set<int> kTryAgain = {429, 502, 503, 504};

/// application/x-www-form-urlencoded (URL Standard, section 5).
std::string encode_form(std::string_view text) {
  std::string encoded = percent_encode(text, "-_.* ");
  std::replace(encoded.begin(), encoded.end(), ' ', '+');
  return encoded;
}

void collect_texts(const Value& value, std::vector<std::string>& texts) {
  if (value.is_string()) texts.push_back(value.as_string());
  if (value.is_list()) {
    for (const Value& item : value.items())
      collect_texts(item, texts);
  }
  if (value.is_map()) {
    for (const document::Member& member : value.members())
      collect_texts(member.value, texts);
  }
}

/// One run of a step: what was captured so far, and what must not be seen.
class Conversation {
 public:
  Conversation(const HttpStepPlace& place, Clock::time_point deadline, const std::stop_token& stop)
      : place_(place), deadline_(deadline), stop_(stop),
        environment_(cel::Environment::standard()) {
    environment_.declare("response", cel::Type());
    environment_.declare("captured", cel::Type());
  }

  Status ask(HttpSession& session, const Value& described) {
    const Value hidden = secrets_.hide(described);
    const Result<bool> wanted = holds(hidden.find("if"));
    if (!wanted) return wanted.error();
    if (!*wanted) return {};
    Result<Value> request = evaluate(hidden, false);
    if (!request) return std::move(request).error();
    request_name_ = request->string_or("method", "GET") + " " + place_.endpoint.url +
                    secrets_.describe(request->string_or("path", "/"));
    Result<HttpRequest> ready = finish(*request);
    if (!ready) return std::move(ready).error().during(request_name_);
    Result<HttpResponse> response = exchange(session, *ready, expected(hidden));
    if (!response) return std::move(response).error();
    return capture(hidden.find("capture"), *response);
  }

 private:
  static std::set<int> expected(const Value& request) {
    std::set<int> codes;
    if (const Value* list = request.find("expect"); list != nullptr && list->is_list()) {
      for (const Value& code : list->items()) {
        if (code.is_integer()) codes.insert(static_cast<int>(code.as_integer()));
      }
    }
    return codes.empty() ? std::set<int>{200, 201, 204} : codes;
  }

  cel::Activation activation(const Value* response) {
    cel::Activation known;
    known.set("captured", document::to_cel(captured_));
    if (response != nullptr) known.set("response", document::to_cel(*response));
    return known;
  }

  Result<Value> evaluate_text(const std::string& text, const Value* response) {
    if (!cel::is_template(text)) return Value(text);
    const Result<cel::Program> program = cel::compile_template(environment_, text);
    if (!program) return Error(program.error()).during("reading " + text);
    const Result<cel::Value> value = program->evaluate(activation(response));
    if (!value) return Error(value.error()).during("evaluating " + text);
    return document::from_cel(*value);
  }

  /// Everything but `if` and `capture`, which have their own time.
  Result<Value> evaluate(const Value& value, bool inside) {
    if (value.is_string()) return evaluate_text(value.as_string(), nullptr);
    if (value.is_list()) {
      Value list = Value::list();
      for (const Value& item : value.items()) {
        Result<Value> evaluated = evaluate(item, true);
        if (!evaluated) return evaluated;
        list.push(std::move(*evaluated));
      }
      return list;
    }
    if (!value.is_map()) return value;
    Value map = Value::map();
    for (const document::Member& member : value.members()) {
      if (!inside && (member.key == "if" || member.key == "capture")) continue;
      Result<Value> evaluated = evaluate(member.value, true);
      if (!evaluated) return evaluated;
      map.set(member.key, std::move(*evaluated));
    }
    return map;
  }

  Result<bool> holds(const Value* condition) {
    if (condition == nullptr || condition->is_null()) return true;
    if (condition->is_boolean()) return condition->as_boolean();
    if (!condition->is_string()) return Error(ErrorCode::invalid_input, "`if` is no condition");
    if (condition->as_string().empty()) return true;
    const Result<Value> value = evaluate_text(condition->as_string(), nullptr);
    if (!value) return value.error();
    if (!value->is_boolean()) {
      return Error(ErrorCode::invalid_input,
                   "`if` is not true or false: " + condition->as_string());
    }
    return value->as_boolean();
  }

  Result<HttpRequest> finish(const Value& request) {
    HttpRequest ready;
    ready.method = request.string_or("method", "GET");
    Result<Secret> path = reveal(request.string_or("path", "/"));
    if (!path) return std::move(path).error();
    ready.path = std::string(path->reveal());
    std::string type = request.string_or("contentType", "");
    if (Status body = set_body(request, ready, type); !body) return std::move(body).error();
    if (!type.empty()) ready.headers.emplace_back("Content-Type", Secret(type));
    if (const Value* headers = request.find("headers"); headers != nullptr && headers->is_map()) {
      for (const document::Member& header : headers->members()) {
        Result<Secret> text = reveal(document::plain_text(header.value));
        if (!text) return std::move(text).error();
        ready.headers.emplace_back(header.key, std::move(*text));
      }
    }
    const std::string stream = request.string_or("stream", "");
    if (stream == "in") ready.body_from = place_.input;
    if (stream == "out") ready.answer_into = place_.output;
    if (Status signature = set_signature(ready); !signature) return std::move(signature).error();
    return ready;
  }

  Status set_signature(HttpRequest& ready) {
    if (!place_.signature.is_map()) return {};
    const Value hidden = secrets_.hide(place_.signature);
    Result<Secret> key = reveal(hidden.string_or("secretKey", ""));
    if (!key) return std::move(key).error();
    ready.signature = RequestSignature{place_.signature.string_or("accessKey", ""), std::move(*key),
                                       place_.signature.string_or("region", "us-east-1"),
                                       place_.signature.string_or("service", "s3")};
    return {};
  }

  Status set_body(const Value& request, HttpRequest& ready, std::string& type) {
    std::string text;
    if (const Value* body = request.find("body"); body != nullptr && !body->is_null()) {
      text = document::write_json(*body);
      if (type.empty()) type = "application/json";
    } else if (const Value* form = request.find("form"); form != nullptr && form->is_map()) {
      for (const document::Member& field : form->members()) {
        if (!text.empty()) text += '&';
        text += encode_form(field.key) + "=" + encode_form(document::plain_text(field.value));
      }
      if (type.empty()) type = "application/x-www-form-urlencoded";
    } else {
      text = request.string_or("text", "");
      if (type.empty() && !text.empty()) type = "text/plain; charset=utf-8";
    }
    Result<Secret> body = reveal(text);
    if (!body) return std::move(body).error();
    ready.body = std::move(*body);
    return {};
  }

  Result<Secret> reveal(const std::string& text) {
    return secrets_.reveal(text, [this](const std::string& id) {
      Result<Secret> secret = place_.secrets(id);
      if (secret) redactor_.add(id, secret->copy());
      return secret;
    });
  }

  bool wait(milliseconds pause) {
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    never.wait_for(lock, stop_, pause, [] { return false; });
    return !stop_.stop_requested() && Clock::now() < deadline_;
  }

  Result<HttpResponse> exchange(HttpSession& session, HttpRequest& request,
                                const std::set<int>& codes) {
    for (milliseconds pause{100};; pause = std::min(pause * 2, milliseconds(2000))) {
      const auto left = std::chrono::duration_cast<milliseconds>(deadline_ - Clock::now());
      const bool streams = request.body_from >= 0 || request.answer_into >= 0;
      request.timeout =
          streams ? kStreamLimit : std::clamp(left, milliseconds(1000), milliseconds(30000));
      Result<HttpResponse> response = session.perform(request);
      if (streams) deadline_ = Clock::now() + left; // how long it took is not the step's doing
      if (response && codes.contains(response->status)) return response;
      const bool again = response ? kTryAgain.contains(response->status)
                                  : response.error().code() == ErrorCode::unavailable ||
                                        response.error().code() == ErrorCode::timeout;
      // A stream has been read or written in part: not a second time.
      const bool in_time = again && !streams && wait(pause);
      if (again && in_time) continue;
      if (stop_.stop_requested()) return Error(ErrorCode::cancelled, request_name_ + ": given up");
      if (!response) return redacted(response.error());
      return failure(*response, again);
    }
  }

  Error redacted(const Error& error) {
    return Error(error.code(), redactor_(secrets_.describe(error.message())));
  }

  Error failure(const HttpResponse& response, bool late) {
    std::string body = redactor_(response.body.substr(0, kBodyLimit));
    body = std::string(trim(body.substr(0, kShown)));
    const std::size_t broken = invalid_utf8(body);
    if (broken != std::string::npos) body.resize(broken);
    return Error(late ? ErrorCode::timeout : ErrorCode::unavailable,
                 request_name_ + " → " + std::to_string(response.status) +
                     (body.empty() ? "" : " " + body));
  }

  Status capture(const Value* wanted, const HttpResponse& response) {
    if (wanted == nullptr || !wanted->is_map() || wanted->members().empty()) return {};
    Value described = Value::map();
    described.set("status", response.status);
    Result<Value> body = document::read_json("response", response.body);
    described.set("body", body ? std::move(*body) : Value(response.body));
    Value headers = Value::map();
    for (const auto& [name, text] : response.headers)
      headers.set(name, text);
    described.set("headers", std::move(headers));
    for (const document::Member& member : wanted->members()) {
      Result<Value> value = member.value.is_string()
                                ? evaluate_text(member.value.as_string(), &described)
                                : Result<Value>(member.value);
      if (!value)
        return std::move(value).error().during("capturing " + member.key + " from " +
                                               request_name_);
      // It may be a token: not in messages.
      std::vector<std::string> texts;
      collect_texts(*value, texts);
      for (std::string& text : texts) {
        if (text.size() >= 16) redactor_.add("captured." + member.key, Secret(std::move(text)));
      }
      captured_.set(member.key, std::move(*value));
    }
    return {};
  }

  const HttpStepPlace& place_;
  Clock::time_point deadline_;
  std::stop_token stop_;
  cel::Environment environment_;
  SecretText secrets_;
  Redactor redactor_;
  Value captured_ = Value::map();
  std::string request_name_;
};

} // namespace

Status run_http_step(const Value& requests, const HttpStepPlace& place, milliseconds timeout,
                     const std::stop_token& stop) {
  if (!requests.is_list()) return Error(ErrorCode::invalid_input, "the step has no requests");
  const bool secure = place.endpoint.url.starts_with("https:");
  return with_http(place.endpoint, secure ? &place.material : nullptr, [&](HttpSession& session) {
    Conversation conversation(place, Clock::now() + timeout, stop);
    for (const Value& request : requests.items()) {
      if (Status asked = conversation.ask(session, request); !asked) return asked;
    }
    return Status();
  });
}

} // namespace allod::agent
