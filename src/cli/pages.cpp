#include "cli/pages.h"

#include <algorithm>

namespace allod::cli {

std::vector<PublishedPage> published_pages(const graph::Graph& graph) {
  std::vector<PublishedPage> pages;
  for (const graph::Resource& resource : graph.resources) {
    if (resource.kind != graph::ResourceKind::binding ||
        resource.spec.string_or("contract", "") != "web-page")
      continue;
    const document::Value& values = *resource.spec.find("values");
    const std::string path = values.string_or("path", "/");
    PublishedPage page{values.string_or("name", ""), values.string_or("component", ""),
                       values.string_or("title", ""),
                       values.string_or("url", "") + (path == "/" ? "" : path)};
    const bool known = std::any_of(pages.begin(), pages.end(), [&](const PublishedPage& other) {
      return other.url == page.url;
    });
    if (!known) pages.push_back(std::move(page));
  }
  return pages;
}

} // namespace allod::cli
