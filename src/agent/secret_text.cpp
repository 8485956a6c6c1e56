#include "agent/secret_text.h"

#include <algorithm>
#include <cctype>

#include "base/hash.h"

namespace allod::agent {
namespace {

using document::Value;

constexpr std::string_view kStart = "\xEE\x80\x80secret:"; // U+E000
constexpr std::string_view kEnd = "\xEE\x80\x81";          // U+E001

/// Rebuilds a text, with each marked id replaced by what `replace` says.
std::string replace_markers(std::string_view text,
                            const std::function<std::string(const std::string& id)>& replace) {
  std::string result;
  std::size_t at = 0;
  while (true) {
    const std::size_t start = text.find(kStart, at);
    const std::size_t end =
        start == std::string_view::npos ? start : text.find(kEnd, start + kStart.size());
    if (end == std::string_view::npos) break;
    result += text.substr(at, start - at);
    const std::size_t from = start + kStart.size();
    result += replace(std::string(text.substr(from, end - from)));
    at = end + kEnd.size();
  }
  result += text.substr(at);
  return result;
}

bool plain(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](unsigned char letter) { return std::isalnum(letter) != 0; });
}

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t number = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos;
       at = text.find(part, at + part.size())) {
    ++number;
  }
  return number;
}

} // namespace

SecretText::SecretText() : nonce_(random_password(16)) {}

std::string SecretText::stand_in(const std::string& id) {
  const auto found = stand_ins_.find(id);
  if (found != stand_ins_.end()) return found->second;
  std::string text = "x" + nonce_ + "n" + std::to_string(stand_ins_.size()) + "x";
  return stand_ins_.emplace(id, std::move(text)).first->second;
}

std::string SecretText::hide_text(std::string_view text) {
  return replace_markers(text, [this](const std::string& id) { return stand_in(id); });
}

Value SecretText::hide(const Value& value) {
  Value result = value;
  const std::function<void(Value&)> visit = [&](Value& part) {
    if (part.is_string()) {
      if (part.as_string().find(kStart) != std::string::npos)
        part = Value(hide_text(part.as_string()));
    } else if (part.is_list()) {
      for (Value& item : part.items())
        visit(item);
    } else if (part.is_map()) {
      for (document::Member& member : part.members())
        visit(member.value);
    }
  };
  visit(result);
  return result;
}

Result<Secret> SecretText::reveal(std::string_view rendered, const SecretSource& source) const {
  std::vector<std::pair<std::string, Secret>> texts;
  std::size_t size = rendered.size();
  for (const auto& [id, stand] : stand_ins_) {
    const std::size_t times = count(rendered, stand);
    if (times == 0) continue;
    Result<Secret> secret = source(id);
    if (!secret) return std::move(secret).error().during("putting in the secret " + id);
    if (!plain(secret->reveal())) {
      return Error(ErrorCode::internal, "secret " + id + " is not made of letters and digits");
    }
    size += times * secret->reveal().size();
    texts.emplace_back(stand, std::move(*secret));
  }
  // Reserved once: growing would leave pieces of secrets behind in freed memory.
  std::string result;
  result.reserve(size + 1);
  for (std::size_t at = 0; at < rendered.size();) {
    const auto found = std::find_if(texts.begin(), texts.end(), [&](const auto& entry) {
      return rendered.substr(at).starts_with(entry.first);
    });
    if (found == texts.end()) {
      result += rendered[at++];
    } else {
      result += found->second.reveal();
      at += found->first.size();
    }
  }
  return Secret(std::move(result));
}

std::string SecretText::describe(std::string_view rendered) const {
  std::string text =
      replace_markers(rendered, [](const std::string& id) { return "(secret " + id + ")"; });
  for (const auto& [id, stand] : stand_ins_) {
    for (std::size_t at = text.find(stand); at != std::string::npos; at = text.find(stand)) {
      text.replace(at, stand.size(), "(secret " + id + ")");
    }
  }
  return text;
}

std::vector<std::string> SecretText::ids() const {
  std::vector<std::string> names;
  for (const auto& [id, stand] : stand_ins_)
    names.push_back(id);
  return names;
}

void Redactor::add(std::string name, Secret text) {
  // Shorter ones occur by chance, and taking them out would say more than it hides.
  if (text.reveal().size() >= 6) secrets_.emplace_back(std::move(name), std::move(text));
}

std::string Redactor::operator()(std::string text) const {
  for (const auto& [name, secret] : secrets_) {
    const std::string_view hidden = secret.reveal();
    const std::string shown = "(secret " + name + ")";
    for (std::size_t at = text.find(hidden); at != std::string::npos;
         at = text.find(hidden, at + shown.size())) {
      text.replace(at, hidden.size(), shown);
    }
  }
  return text;
}

} // namespace allod::agent
