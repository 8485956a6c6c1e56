// SPDX 2.3 (ISO/IEC 5962 and its successor) in its JSON form.
#include <map>
#include <set>

#include "artifacts/sbom/bill.h"
#include "base/encoding.h"
#include "base/hash.h"
#include "document/json_writer.h"
#include "document/value.h"

namespace allod::artifacts {
namespace {

using document::Value;

constexpr const char* kNone = "NOASSERTION";
constexpr const char* kCreated = "2000-01-01T00:00:00Z"; // kImageTime

class Writer {
 public:
  std::string add(const BillPart& part, const char* purpose) {
    // The same part in two images is one package.
    const std::string identity = part.purl + "\n" + part.name + "\n" + part.version + "\n" +
                                 part.sha256 + "\n" + part.origin;
    const auto known = ids_.find(identity);
    const std::string id = known != ids_.end() ? known->second : write(part, purpose);
    ids_.emplace(identity, id);
    for (const BillPart& inner : part.contains)
      relate(id, "CONTAINS", add(inner, inner.contains.empty() ? "LIBRARY" : "ARCHIVE"));
    return id;
  }

  void relate(const std::string& from, const char* type, const std::string& to) {
    if (!related_.insert(from + type + to).second) return;
    Value value = Value::map();
    value.set("spdxElementId", from);
    value.set("relationshipType", type);
    value.set("relatedSpdxElement", to);
    relationships_.push(std::move(value));
  }

  std::string finish(const std::string& name, const std::string& described, std::string_view tool) {
    Value licences = Value::list();
    for (const auto& [id, text] : texts_) {
      Value licence = Value::map();
      licence.set("licenseId", id);
      licence.set("extractedText", text);
      licences.push(std::move(licence));
    }
    Value creators = Value::list();
    creators.push("Tool: " + std::string(tool));
    Value creation = Value::map();
    creation.set("created", kCreated);
    creation.set("creators", std::move(creators));
    creation.set("comment",
                 "The time is that of the files in the image: the document is decided by "
                 "what it describes alone.");
    Value document = Value::map();
    document.set("spdxVersion", "SPDX-2.3");
    document.set("dataLicense", "CC0-1.0");
    document.set("SPDXID", "SPDXRef-DOCUMENT");
    document.set("name", name);
    document.set("documentNamespace", "");
    document.set("creationInfo", std::move(creation));
    Value describes = Value::list();
    describes.push(described);
    document.set("documentDescribes", std::move(describes));
    document.set("packages", std::move(packages_));
    relate("SPDXRef-DOCUMENT", "DESCRIBES", described);
    document.set("relationships", std::move(relationships_));
    if (licences.size() > 0) document.set("hasExtractedLicensingInfos", std::move(licences));
    document.set("documentNamespace", "urn:uuid:" + uuid(document::write_json(document)));
    return document::write_json(document, document::JsonLayout::pretty);
  }

 private:
  static std::string uuid(const std::string& text) {
    std::string hex = sha256_hex(text).substr(0, 32);
    hex[12] = '8';
    hex[16] = "89ab"[static_cast<unsigned char>(hex[16]) & 3];
    return hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-" + hex.substr(12, 4) + "-" +
           hex.substr(16, 4) + "-" + hex.substr(20);
  }

  std::string write(const BillPart& part, const char* purpose) {
    const std::string id = "SPDXRef-Package-" + std::to_string(packages_.size() + 1);
    Value value = Value::map();
    value.set("SPDXID", id);
    value.set("name", part.name);
    if (!part.version.empty()) value.set("versionInfo", part.version);
    value.set("supplier", part.supplier.empty() ? kNone : "Organization: " + part.supplier);
    value.set("downloadLocation", kNone);
    value.set("filesAnalyzed", false);
    value.set("primaryPackagePurpose", purpose);
    if (!part.origin.empty()) value.set("sourceInfo", part.origin);
    value.set("licenseConcluded", kNone);
    value.set("licenseDeclared", part.licence.expression.empty() ? kNone : part.licence.expression);
    value.set("licenseComments", part.licence.source.empty()
                                     ? "No statement was found in the image."
                                     : "Stated by: " + part.licence.source);
    value.set("copyrightText", kNone);
    if (!part.comment.empty()) value.set("comment", part.comment);
    if (!part.sha256.empty()) {
      Value checksum = Value::map();
      checksum.set("algorithm", "SHA256");
      checksum.set("checksumValue", part.sha256);
      Value checksums = Value::list();
      checksums.push(std::move(checksum));
      value.set("checksums", std::move(checksums));
    }
    if (!part.purl.empty()) {
      Value reference = Value::map();
      reference.set("referenceCategory", "PACKAGE-MANAGER");
      reference.set("referenceType", "purl");
      reference.set("referenceLocator", part.purl);
      Value references = Value::list();
      references.push(std::move(reference));
      value.set("externalRefs", std::move(references));
    }
    for (const auto& [reference, text] : part.licence.texts)
      texts_.emplace(reference, text);
    packages_.push(std::move(value));
    return id;
  }

  Value packages_ = Value::list();
  Value relationships_ = Value::list();
  std::map<std::string, std::string> ids_;
  std::map<std::string, std::string> texts_;
  std::set<std::string> related_;
};

} // namespace

std::string package_url(std::string_view type, std::string_view name, std::string_view version,
                        std::string_view qualifiers) {
  std::string purl = "pkg:" + std::string(type) + "/" + percent_encode(name, "/.-_~");
  if (!version.empty()) purl += "@" + percent_encode(version, ".-_~:");
  if (!qualifiers.empty()) purl += "?" + percent_encode(qualifiers, "=&.-_~");
  return purl;
}

std::string spdx_document(const Bill& bill, std::string_view tool) {
  Writer writer;
  const std::string id = writer.add(bill.subject, bill.is_image ? "CONTAINER" : "INSTALL");
  return writer.finish(bill.subject.name, id, tool);
}

} // namespace allod::artifacts
