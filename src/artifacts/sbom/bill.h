// The bill of materials of an image: its parts and what is in them.
#pragma once

#include <string>
#include <vector>

#include "artifacts/sbom/licences.h"
#include "base/result.h"

namespace allod::artifacts {

struct BillPart {
  std::string name;
  std::string version;
  std::string purl;     ///< package URL (purl-spec); empty where there is no type for it
  std::string supplier; ///< who publishes it; empty: unknown
  std::string origin;   ///< suite, registry's kind, source package: for people
  std::string sha256;   ///< of the package as it was fetched, or of the file in the image
  std::string comment;  ///< anything else worth saying
  StatedLicence licence;
  std::vector<BillPart> contains;
};

/// A package URL: type, name with its namespace ("group/artifact"), version, qualifiers
/// ("arch=amd64"). Everything is percent-encoded here.
[[nodiscard]] std::string package_url(std::string_view type, std::string_view name,
                                      std::string_view version, std::string_view qualifiers = {});

/// What a document is about: an image, a stack.
struct Bill {
  BillPart subject;     ///< contains the parts
  bool is_image = true; ///< a container; else a platform of several
};

/// The bills as an SPDX 2.3 document in JSON that describes the first of them. Decided by its
/// content: the namespace is a UUID (RFC 9562, version 8) of its digest, and its time is the
/// images'.
[[nodiscard]] std::string spdx_document(const Bill& bill, std::string_view tool);

} // namespace allod::artifacts
