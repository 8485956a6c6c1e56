#include "agent/trust_status.h"

#include "agent/status.h"

namespace allod::agent {
namespace {

using document::Value;

Value certificate_value(const trust::AuthorityCertificate& certificate) {
  Value value = Value::map();
  value.set("fingerprint", certificate.fingerprint);
  value.set("begins", format_rfc3339(certificate.not_before));
  value.set("ends", format_rfc3339(certificate.not_after));
  return value;
}

Value roots_value(const trust::CertificateAuthority& authority) {
  Value list = Value::list();
  for (const trust::RootView& root : authority.roots()) {
    Value value = certificate_value(root.certificate);
    value.set("label", root.label);
    value.set("signs", list.size() == 0);
    value.set("renewedBy",
              "a start of the agent in its last two years, or allod trust rotate-root");
    list.push(std::move(value));
  }
  return list;
}

Result<Value> issuing_value(Machinery& machinery) {
  Value list = Value::list();
  for (const std::string& component : machinery.identities.components()) {
    const Result<trust::AuthorityCertificate> issuing =
        machinery.keys->authority().ensure_issuing(component);
    if (!issuing) return issuing.error();
    Value value = certificate_value(*issuing);
    value.set("component", component);
    value.set("renewAt",
              format_rfc3339(issuing->not_after - (issuing->not_after - issuing->not_before) / 3));
    value.set("renewedBy", "the agent, when a third of its life is left");
    list.push(std::move(value));
  }
  return list;
}

Value certificates_value(const IdentityKeeper& identities) {
  Value list = Value::list();
  for (const LaidIdentity& identity : identities.laid()) {
    Value value = Value::map();
    value.set("component", identity.component);
    value.set("unit", identity.unit);
    value.set("ends", format_rfc3339(identity.end));
    value.set("renewAt", format_rfc3339(identity.renew_at));
    value.set("renewedBy", "the agent, at half its life");
    list.push(std::move(value));
  }
  return list;
}

} // namespace

Result<Value> trust_value(Machinery& machinery, const RootRotation& rotation) {
  Value value = Value::map();
  value.set("trustDomain", machinery.keys->authority().domain().name());
  value.set("token", token_value(machinery.keys->token()));
  value.set("roots", roots_value(machinery.keys->authority()));
  Value phase = Value::map();
  phase.set("phase", to_string(rotation.phase));
  if (rotation.next) phase.set("next", format_rfc3339(*rotation.next));
  value.set("rotation", std::move(phase));
  Result<Value> issuing = issuing_value(machinery);
  if (!issuing) return std::move(issuing).error();
  value.set("issuing", std::move(*issuing));
  value.set("certificates", certificates_value(machinery.identities));
  return value;
}

} // namespace allod::agent
