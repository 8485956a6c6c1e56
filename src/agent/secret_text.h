// Secrets in texts: the graph only marks their places (docs/graph.md). Texts are rendered with
// stand-ins, and the secrets put into the finished bytes at the last moment.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "document/value.h"

namespace allod::agent {

/// The text of a secret by its id. Errors: not_found.
using SecretSource = std::function<Result<Secret>(const std::string& id)>;

/// Stand-ins are letters and digits like the secrets themselves, so that whatever a format does
/// with quotes and escapes, it does the same to both.
class SecretText {
 public:
  SecretText();

  /// The same with stand-ins in place of markers.
  [[nodiscard]] document::Value hide(const document::Value& value);
  [[nodiscard]] std::string hide_text(std::string_view text);
  /// Puts the secrets in place of the stand-ins. Errors: those of the source; internal when a
  /// secret has other characters than letters and digits, since it would need escaping.
  Result<Secret> reveal(std::string_view rendered, const SecretSource& source) const;
  /// For people: "(secret NAME)" in place of stand-ins and markers.
  [[nodiscard]] std::string describe(std::string_view rendered) const;
  /// The ids that were hidden so far.
  [[nodiscard]] std::vector<std::string> ids() const;

 private:
  std::string stand_in(const std::string& id);

  std::string nonce_;
  std::map<std::string, std::string> stand_ins_; // id → stand-in
};

/// Takes texts that must not be seen out of messages: each becomes "(secret NAME)".
class Redactor {
 public:
  void add(std::string name, Secret text);
  [[nodiscard]] std::string operator()(std::string text) const;

 private:
  std::vector<std::pair<std::string, Secret>> secrets_;
};

} // namespace allod::agent
