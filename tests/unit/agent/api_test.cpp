#include <thread>

#include <gtest/gtest.h>

#include "agent/api_client.h"
#include "agent/api_server.h"
#include "agent/json_rpc.h"
#include "agent/reconciler.h"
#include "scratch_folder.h"

namespace allod::agent {
namespace {

using document::Value;
using testing::ScratchFolder;

class ApiTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(make_directories(places_.run(), 0700));
    auto api = ApiServer::listen(*loop_, places_.socket(),
                                 {.on_call = [this](ApiServer::Call call) { answer(call); },
                                  .on_gone = [](std::uint64_t) {}});
    ASSERT_TRUE(api) << api.error().describe();
    server_ = std::move(*api);
    thread_ = std::jthread([this] { loop_->run(); });
  }
  void TearDown() override {
    loop_->stop();
    thread_.join();
  }

  void answer(ApiServer::Call& call) {
    if (call.method == "echo") return call.reply(call.params);
    if (call.method == "secret") return call.reply_secret(Secret("letters123"));
    if (call.method == "slow") {
      // From another thread, after some news.
      others_.emplace_back([call] {
        for (int i = 0; i < 3; ++i) {
          Value news = Value::map();
          news.set("number", i);
          call.notify("progress", news);
        }
        call.reply(Value("done"));
      });
      return;
    }
    call.reply(Error(ErrorCode::conflict, "not now")
                   .during("answering")
                   .with_detail("probe", "no answer")
                   .with_hint("later"));
  }

  ApiClient connect() {
    Result<ApiClient> client = ApiClient::connect(places_);
    EXPECT_TRUE(client) << client.error().describe();
    return std::move(*client);
  }

  ScratchFolder folder_;
  Places places_{"home", folder_.path() + "/state", folder_.path(), folder_.path()};
  std::unique_ptr<EventLoop> loop_ = std::move(*EventLoop::make());
  std::unique_ptr<ApiServer> server_;
  std::vector<std::jthread> others_;
  std::jthread thread_;
};

TEST_F(ApiTest, AnswersAndNews) {
  ApiClient client = connect();
  Value params = Value::map();
  params.set("text", std::string(300000, 'x'));
  const Result<Value> echoed = client.call("echo", params);
  ASSERT_TRUE(echoed) << echoed.error().describe();
  EXPECT_TRUE(*echoed == params);
  std::vector<std::int64_t> numbers;
  const Result<Value> slow =
      client.call("slow", Value::map(), [&](const std::string& method, const Value& news) {
        EXPECT_EQ(method, "progress");
        numbers.push_back(news.integer_or("number", -1));
      });
  ASSERT_TRUE(slow);
  EXPECT_EQ(slow->as_string(), "done");
  EXPECT_EQ(numbers, (std::vector<std::int64_t>{0, 1, 2}));
  EXPECT_EQ(client.call("secret")->string_or("text", ""), "letters123");
}

TEST_F(ApiTest, AnErrorKeepsAllThatIsKnown) {
  const Result<Value> answer = connect().call("other");
  ASSERT_FALSE(answer);
  const Error& error = answer.error();
  EXPECT_EQ(error.code(), ErrorCode::conflict);
  EXPECT_EQ(error.message(), "not now");
  EXPECT_EQ(error.hint(), "later");
  EXPECT_EQ(error.context(), std::vector<std::string>{"answering"});
  ASSERT_EQ(error.details().size(), 1U);
  EXPECT_EQ(error.details()[0].second, "no answer");
}

TEST_F(ApiTest, ManyClientsAtOnce) {
  std::vector<std::jthread> threads;
  std::atomic<int> answered = 0;
  for (int i = 0; i < 16; ++i) {
    threads.emplace_back([&] {
      Result<ApiClient> client = ApiClient::connect(places_);
      if (client && client->call("slow")) ++answered;
    });
  }
  threads.clear();
  EXPECT_EQ(answered, 16);
}

TEST(ApiClient, SaysThatNoAgentRuns) {
  const ScratchFolder folder;
  const Places places{"home", folder.path(), folder.path(), folder.path()};
  const Result<ApiClient> client = ApiClient::connect(places);
  ASSERT_FALSE(client);
  EXPECT_EQ(client.error().code(), ErrorCode::unavailable);
  EXPECT_NE(client.error().hint().find("allod up"), std::string::npos);
}

} // namespace
} // namespace allod::agent
