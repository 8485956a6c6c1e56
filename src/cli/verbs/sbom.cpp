#include "base/hash.h"
#include "cli/exit_code.h"
#include "cli/image_service.h"
#include "cli/pipeline.h"
#include "cli/verbs.h"

namespace allod::cli {
namespace {

artifacts::BillPart program_part() {
  artifacts::BillPart part;
  part.name = "allod";
  part.version = ALLOD_VERSION;
  part.purl = artifacts::package_url("generic", "allod", ALLOD_VERSION);
  part.origin = "the program that runs the platform";
  part.sha256 = sha256_file("/proc/self/exe").value_or(std::string());
  return part;
}

int run(Context& context) {
  catalogue::Problems problems;
  const std::unique_ptr<ResolvedStack> resolved = resolve_stack(context.options, problems);
  if (!resolved) return context.fail(problems);
  Result<ImageService> images = ImageService::open(*resolved->catalogue, {});
  if (!images) return context.fail(images.error());
  artifacts::Bill bill;
  bill.is_image = false;
  bill.subject.name = resolved->stack.name;
  bill.subject.purl = artifacts::package_url("generic", "allod-stack/" + resolved->stack.name, "");
  bill.subject.origin = "a stack of allod: its program and the images of its units";
  bill.subject.contains.push_back(program_part());
  for (const std::string& name : resolved->images()) {
    Result<artifacts::Bill> image = images->bill(name);
    if (!image) return context.fail(image.error());
    bill.subject.contains.push_back(std::move(image->subject));
  }
  context.terminal.print(artifacts::spdx_document(bill, kSbomTool));
  return kSuccess;
}

} // namespace

void add_sbom(CLI::App& command, Invocation& invocation) {
  command.callback([&invocation] { invocation.run = run; });
}

} // namespace allod::cli
