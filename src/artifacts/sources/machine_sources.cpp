#include "artifacts/sources/debian.h"
#include "artifacts/sources/go.h"
#include "artifacts/sources/maven.h"
#include "artifacts/sources/wheel.h"

namespace allod::artifacts {

Sources machine_sources() {
  Sources sources;
  sources.emplace("debian", std::make_unique<DebianSource>());
  sources.emplace("wheel", std::make_unique<WheelSource>());
  sources.emplace("maven", std::make_unique<MavenSource>());
  sources.emplace("go", std::make_unique<GoSource>());
  return sources;
}

} // namespace allod::artifacts
