// How namespaces and links of a stack are called, and how they say whose they are.
#pragma once

#include <string>
#include <vector>

namespace allod::host {

[[nodiscard]] std::string router_name(const std::string& stack);
[[nodiscard]] std::string component_name(const std::string& stack, const std::string& component);
/// The router's end of a component's link: at most 15 characters (IFNAMSIZ), shortened by a digest.
[[nodiscard]] std::string link_name(const std::string& component);

/// The alias of the loopback device of a namespace: it names its owner, because names with dashes
/// do not ("allod-a-b" may be a router or a component).
[[nodiscard]] std::string owner_mark(const std::string& stack, const std::string& component);

/// The names of a stack's namespaces, by their marks. A name of an ended namespace counts by its
/// prefix.
[[nodiscard]] std::vector<std::string> namespaces_of(const std::string& stack);

} // namespace allod::host
