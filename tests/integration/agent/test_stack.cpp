#include "test_stack.h"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

#include "agent/http_session.h"
#include "agent/machine_ids.h"
#include "agent/run_folder.h"
#include "base/files.h"
#include "base/process.h"
#include "base/text.h"
#include "document/json_reader.h"
#include "document/json_writer.h"
#include "host/container.h"
#include "host/network.h"
#include "host/runtime.h"
#include "host/volumes.h"

namespace allod::agent::testing {
namespace {

using document::Value;

constexpr const char* kStateRoot = "/var/lib/allod-agent-test";
constexpr const char* kRunRoot = "/run/allod-agent-test";
constexpr const char* kStoreRoot = "/var/lib/allod-agent-test/store";

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = text.find(from); at != std::string::npos;
       at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

const char* kGraph = R"({
 'stack': '@stack', 'settings': {'domain': 'test.localhost',
   'listen': {'address': '127.0.0.1', 'port': @port},
   'trust': {'domain': 'test.localhost', 'certificateLifetimeSeconds': @lifetime}},
 'allocations': {'addresses': {'one': 2, 'two': 3}, 'users': {'one.server': 0, 'two.client': 1}},
 'resources': [
  {'id': 'network/one', 'kind': 'network', 'component': 'one', 'spec': {'address': '10.66.0.2'},
   'dependsOn': [], 'origins': []},
  {'id': 'secret/one.password', 'kind': 'secret', 'component': 'one',
   'spec': {'length': 24, 'title': 'A password', 'shownAs': 'admin'}, 'dependsOn': [], 'origins': []},
  {'id': 'identity/one', 'kind': 'identity', 'component': 'one', 'spec': {
   'spiffeId': 'spiffe://test.localhost/@stack/one', 'commonName': 'one', 'dnsNames': ['one'],
   'address': '10.66.0.2', 'lifetimeSeconds': @lifetime, 'clients': [@clients]}, 'dependsOn': ['network/one'],
   'origins': []},
  {'id': 'volume/one.data', 'kind': 'volume', 'component': 'one',
   'spec': {'sizeBytes': @volume, 'owner': 'one.server'}, 'dependsOn': [], 'origins': []},
  {'id': 'step/one.prepare', 'kind': 'step', 'component': 'one', 'spec': {
   'run': {'image': {'name': 'tool', 'key': 'k'}, 'command': ['/tool', 'touch', '/data/prepared'],
    'user': {'name': 'one', 'home': '/', 'slot': 'one.server'},
    'volumes': [{'volume': 'volume/one.data', 'path': '/data'}]},
   'creates': '/data/prepared', 'timeoutMilliseconds': 10000},
   'dependsOn': ['network/one', 'volume/one.data'], 'origins': []},
  {'id': 'unit/one.server', 'kind': 'unit', 'component': 'one', 'spec': {
   'kind': 'service', 'image': {'name': 'tool', 'key': 'k'}, 'command': @server,
   'environment': {'LANG': 'C.UTF-8'}, 'workingDirectory': '/',
   'user': {'name': 'one', 'home': '/', 'slot': 'one.server'}, 'ports': {'http': 8080},
   'volumes': [{'volume': 'volume/one.data', 'path': '/data'}],
   'identity': {'formats': ['pem'], 'reload': {'signal': 'HUP'}},
   'files': {
    '/etc/one/one.conf': {'format': 'text', 'options': {}, 'change': 'restart',
      'content': '@greeting \uE000secret:one.password\uE001'},
    '/etc/one/quiet.json': {'format': 'json', 'options': {}, 'content': {'a': '@quiet'},
      'change': 'none'},
    '/etc/one/told.json': {'format': 'json', 'options': {}, 'content': {'a': '@told'},
      'change': 'reload'}},
   'hosts': {'one': '10.66.0.2', 'allod': '10.66.0.1'},
   'ready': {@ready, 'intervalMilliseconds': @interval, 'timeoutMilliseconds': 2000, 'failures': 2,
     'startTimeoutMilliseconds': @start},
   'stop': {'signal': 'TERM', 'graceMilliseconds': 3000},
   'resources': {'memoryBytes': @memory, 'pids': 64}, 'capabilities': []},
   'dependsOn': [@seal_rule 'identity/one', 'network/one', 'secret/one.password', 'step/one.prepare',
     'volume/one.data'], 'origins': []}
  @seal @two
 ]})";

const char* kTwo = R"(,
  {'id': 'network/two', 'kind': 'network', 'component': 'two', 'spec': {'address': '10.66.0.3'},
   'dependsOn': [], 'origins': []},
  {'id': 'rule/two.one.8080', 'kind': 'rule', 'component': 'two',
   'spec': {'source': 'two', 'destination': 'one', 'port': 8080},
   'dependsOn': ['network/one', 'network/two'], 'origins': []},
  {'id': 'step/one.web.two.register', 'kind': 'step', 'component': 'one', 'spec': {
   'http': {'url': 'http://one:8080', 'address': '10.66.0.2', 'requests': [
    {'method': 'GET', 'path': '/late'},
    {'method': 'POST', 'path': '/things', 'headers': {'Authorization': 'Bearer \uE000secret:one.password\uE001'},
     'body': {'name': 'two'}, 'expect': [201],
     'capture': {'token': '${response.body.token}', 'status': '${response.status}'}},
    {'method': 'POST', 'path': '/things', 'if': '${captured.status == 201}',
     'headers': {'Authorization': '${captured.token}'}, 'form': {'a': 'b c'}, 'expect': [201]},
    {'method': 'GET', 'path': '/nowhere', 'if': '${captured.status != 201}'}]},
   'timeoutMilliseconds': 10000}, 'dependsOn': ['network/one', 'unit/one.server'], 'origins': []},
  {'id': 'binding/two.web', 'kind': 'binding', 'component': 'two', 'spec': {
   'provider': 'one', 'offer': 'web', 'contract': 'web', 'values': {}, 'ready': ['unit/one.server']},
   'dependsOn': ['rule/two.one.8080', 'step/one.web.two.register', 'unit/one.server'], 'origins': []},
  {'id': 'unit/two.client', 'kind': 'unit', 'component': 'two', 'spec': {
   'kind': 'service', 'image': {'name': 'tool', 'key': 'k'},
   'command': ['/tool', 'serve', '0', '/etc/hosts'],
   'user': {'name': 'two', 'home': '/', 'slot': 'two.client'},
   'sockets': [{'name': 'public', 'address': '127.0.0.1', 'port': @port}],
   'hosts': {'one': '10.66.0.2'},
   'ready': {'exec': ['/tool', 'exists', '/run/shared'], 'intervalMilliseconds': 1000,
     'timeoutMilliseconds': 2000, 'failures': 3, 'startTimeoutMilliseconds': 5000},
   'stop': {'signal': 'TERM', 'graceMilliseconds': 3000},
   'resources': {'memoryBytes': 33554432, 'pids': 64}, 'capabilities': []},
   'dependsOn': ['binding/two.web', 'network/two'], 'origins': []})";

const char* kSeal = R"(,
  {'id': 'rule/one.allod.8700', 'kind': 'rule', 'component': 'one',
   'spec': {'source': 'one', 'destination': 'allod', 'port': 8700},
   'dependsOn': ['network/one'], 'origins': []})";

std::string output_of(std::vector<std::string> arguments) {
  Command command;
  command.arguments = std::move(arguments);
  const Result<Finished> finished = run(command);
  return finished ? finished->output : std::string();
}

void collect(const std::string& root, const std::string& part, int depth,
             std::vector<std::string>& found) {
  for (const std::string& name : list_directory(root).value_or(std::vector<std::string>())) {
    const std::string path = root + "/" + name;
    if (name.find(part) != std::string::npos) found.push_back(path);
    if (depth > 0 && is_directory(path)) collect(path, part, depth - 1, found);
  }
}

} // namespace

Value json(std::string text) {
  Result<Value> value = document::read_json("test", replaced(std::move(text), "'", "\""));
  EXPECT_TRUE(value) << value.error().describe();
  return value ? std::move(*value) : Value::map();
}

Value StackText::graph(const std::string& stack, int port) const {
  std::string text = replaced(kGraph, "@two", two ? kTwo : "");
  text = replaced(text, "@seal_rule", seal ? "'rule/one.allod.8700'," : "");
  text = replaced(text, "@seal", seal ? kSeal : "");
  text = replaced(text, "@clients", two ? "'two'" : "");
  for (const auto& [name, value] :
       std::vector<std::pair<std::string, std::string>>{{"@stack", stack},
                                                        {"@port", std::to_string(port)},
                                                        {"@lifetime", lifetime},
                                                        {"@server", server},
                                                        {"@greeting", greeting},
                                                        {"@quiet", quiet},
                                                        {"@told", told},
                                                        {"@memory", memory},
                                                        {"@volume", volume},
                                                        {"@ready", ready},
                                                        {"@interval", interval},
                                                        {"@start", start_timeout}}) {
    text = replaced(text, name, value);
  }
  return json(text);
}

bool AgentTest::eventually(const std::function<bool()>& condition,
                           std::chrono::milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return true;
}

void AgentTest::SetUp() {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  ::setenv("ALLOD_STATE_ROOT", kStateRoot, 1);
  ::setenv("ALLOD_RUN_ROOT", kRunRoot, 1);
  ::setenv("ALLOD_STORE_ROOT", kStoreRoot, 1);
  stack_ = "at" + std::to_string(::getpid() % 10000);
  port_ = 20000 + static_cast<int>(::getpid() % 10000);
  places_ = Places::of(stack_);
  const std::string root = std::string(kStoreRoot) + "/tool";
  for (const char* folder : {"proc", "dev", "etc", "tmp", "run", "data"}) {
    ASSERT_TRUE(make_directories(root + "/" + folder));
  }
  for (const char* file : {"hosts", "passwd", "group"}) {
    ASSERT_TRUE(write_file(root + "/etc/" + file, "", {.mode = 0644}));
  }
  const Result<std::string> program = read_file(ALLOD_TEST_TOOL);
  ASSERT_TRUE(program) << "the test program is not built";
  ASSERT_TRUE(write_file(root + "/tool", *program, {.mode = 0755}));
}

void AgentTest::TearDown() {
  if (stack_.empty()) return;
  if (HasFailure()) {
    std::cerr << all_events();
    std::cerr << read_file(places_.agent_log()).value_or(std::string()) << "\n";
  }
  if (agent_ != 0) {
    static_cast<void>(call("destroy"));
    kill_agent();
  }
  // Whatever a failed test left behind.
  if (const auto runtime = host::Runtime::choose(places_.host()); runtime) {
    for (const std::string& id : host::Container::known(places_.host())) {
      static_cast<void>(host::Container::remove(*runtime, places_.host(), id));
    }
  }
  static_cast<void>(host::Network::teardown(stack_));
  if (auto volumes = host::Volumes::open(places_.host()); volumes) {
    for (const std::string& name : volumes->list())
      static_cast<void>(volumes->destroy(name));
  }
  static_cast<void>(unmount_run_folder(places_));
  static_cast<void>(remove_tree(places_.state()));
  static_cast<void>(release_user_id_block(places_.machine_file(), stack_));
}

void AgentTest::start_agent(int repair_milliseconds) {
  ASSERT_TRUE(make_directories(places_.logs(), 0700));
  Command command;
  command.arguments = {ALLOD_TEST_AGENT, stack_, std::to_string(repair_milliseconds)};
  command.environment = {{"ALLOD_STATE_ROOT", kStateRoot},
                         {"ALLOD_RUN_ROOT", kRunRoot},
                         {"ALLOD_STORE_ROOT", kStoreRoot}};
  const Result<pid_t> started = spawn_detached(command, places_.agent_log());
  ASSERT_TRUE(started) << started.error().describe();
  agent_ = *started;
  ASSERT_TRUE(eventually([&] { return call("version").ok(); }))
      << read_file(places_.agent_log()).value_or(std::string());
}

void AgentTest::kill_agent() {
  if (agent_ == 0) return;
  ::kill(agent_, SIGKILL);
  ::waitpid(agent_, nullptr, 0);
  agent_ = 0;
}

void AgentTest::end_agent() {
  ASSERT_NE(agent_, 0);
  ::kill(agent_, SIGTERM);
  int status = 0;
  ::waitpid(agent_, &status, 0);
  EXPECT_EQ(status, 0);
  agent_ = 0;
}

void AgentTest::end_agent_by_itself() {
  ASSERT_NE(agent_, 0);
  int status = -1;
  EXPECT_TRUE(eventually([&] { return ::waitpid(agent_, &status, WNOHANG) == agent_; }));
  EXPECT_EQ(status, 0);
  agent_ = 0;
}

Result<Value> AgentTest::call(const std::string& method, const Value& params,
                              const ApiClient::OnNotification& on) {
  Result<ApiClient> client = ApiClient::connect(places_);
  if (!client) return std::move(client).error();
  return client->call(method, params, on, std::chrono::seconds(100));
}

Value AgentTest::apply(const Value& graph) {
  Value params = Value::map();
  params.set("graph", graph);
  Result<Value> report = call("apply", params);
  EXPECT_TRUE(report) << report.error().describe();
  return report ? std::move(*report) : Value::map();
}

Value AgentTest::unit(const std::string& name) {
  const Result<Value> status = call("status");
  if (!status) return Value::map();
  const std::size_t dot = name.find('.');
  const Value* unit = status->at_path({"components", std::string_view(name).substr(0, dot), "units",
                                       std::string_view(name).substr(dot + 1)});
  return unit == nullptr ? Value::map() : *unit;
}

std::string AgentTest::get(const std::string& path) {
  HttpEndpoint endpoint;
  endpoint.url = "http://one:8080";
  endpoint.address = "10.66.0.2";
  endpoint.network_namespace = "/run/netns/allod-" + stack_;
  std::string body;
  static_cast<void>(with_http(endpoint, nullptr, [&](HttpSession& session) {
    HttpRequest request;
    request.path = path;
    request.timeout = std::chrono::milliseconds(2000);
    Result<HttpResponse> response = session.perform(request);
    if (response) body = response->body;
    return Status();
  }));
  return body;
}

std::string AgentTest::all_events() {
  Value params = Value::map();
  params.set("limit", 1000);
  const Result<Value> events = call("events", params);
  return events ? document::write_json(*events, document::JsonLayout::pretty) : std::string();
}

bool AgentTest::happened(const std::string& what) {
  return all_events().find(what) != std::string::npos;
}

std::vector<std::string> AgentTest::traces() {
  std::vector<std::string> found;
  collect("/run/netns", "allod-" + stack_, 0, found);
  collect("/sys/fs/cgroup", stack_, 3, found);
  for (const std::string& root : {std::string(kStateRoot), std::string(kRunRoot)}) {
    if (exists(root + "/" + stack_)) found.push_back(root + "/" + stack_);
  }
  for (const std::string& source :
       {read_file("/proc/self/mountinfo").value_or(std::string()), output_of({"losetup", "-a"}),
        output_of({"ps", "-eo", "args"})}) {
    for (const std::string& line : split(source, '\n')) {
      const bool ours =
          line.find("/" + stack_ + "/") != std::string::npos || line.ends_with("/" + stack_);
      if (ours) found.push_back(line);
    }
  }
  return found;
}

} // namespace allod::agent::testing
