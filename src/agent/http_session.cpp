#include "agent/http_session.h"

#include <algorithm>
#include <cctype>
#include <cerrno>

#include <curl/curl.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/text.h"
#include "host/namespaces.h"

namespace allod::agent {
namespace {

struct HeaderList {
  curl_slist* first = nullptr;
  HeaderList() = default;
  HeaderList(const HeaderList&) = delete;
  HeaderList& operator=(const HeaderList&) = delete;
  ~HeaderList() {
    // libcurl's copies may hold secrets.
    for (curl_slist* entry = first; entry != nullptr; entry = entry->next) {
      std::fill_n(static_cast<volatile char*>(entry->data),
                  std::char_traits<char>::length(entry->data), '\0');
    }
    curl_slist_free_all(first);
  }
  void add(const std::string& line) { first = curl_slist_append(first, line.c_str()); }
};

std::size_t take_body(char* bytes, std::size_t size, std::size_t count, void* into) {
  auto* body = static_cast<std::string*>(into);
  if (body->size() + size * count > kBodyLimit) return 0;
  body->append(bytes, size * count);
  return size * count;
}

std::size_t take_header(char* bytes, std::size_t size, std::size_t count, void* into) {
  auto* headers = static_cast<std::map<std::string, std::string>*>(into);
  const std::string_view line(bytes, size * count);
  const std::size_t colon = line.find(':');
  if (colon != std::string_view::npos) {
    std::string name(line.substr(0, colon));
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
    (*headers)[name] = std::string(trim(line.substr(colon + 1)));
  }
  return size * count;
}

/// Where the body of an answer goes that is not kept.
struct AnswerStream {
  CURL* curl = nullptr;
  int into = -1;
  std::string* body = nullptr; ///< of answers other than 200
};

std::size_t pass_body(char* bytes, std::size_t size, std::size_t count, void* stream) {
  const auto* answer = static_cast<AnswerStream*>(stream);
  long status = 0;
  curl_easy_getinfo(answer->curl, CURLINFO_RESPONSE_CODE, &status);
  if (status != 200) return take_body(bytes, size, count, answer->body);
  for (std::size_t done = 0; done < size * count;) {
    const ssize_t written = ::write(answer->into, bytes + done, size * count - done);
    if (written < 0 && errno != EINTR) return 0;
    if (written > 0) done += static_cast<std::size_t>(written);
  }
  return size * count;
}

std::size_t give_body(char* buffer, std::size_t size, std::size_t count, void* from) {
  while (true) {
    const ssize_t got = ::read(*static_cast<int*>(from), buffer, size * count);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) return CURL_READFUNC_ABORT;
  }
}

/// A query must be in its canonical form already: "policy=", not "policy".
void sign(CURL* curl, const HttpRequest& request, HeaderList& headers) {
  const RequestSignature& signature = *request.signature;
  // libcurl hashes only what is no body of its own making.
  headers.add("x-amz-content-sha256: " + sha256_hex(request.body.reveal()));
  const std::string scheme = "aws:amz:" + signature.region + ":" + signature.service;
  curl_easy_setopt(curl, CURLOPT_AWS_SIGV4, scheme.c_str());
  curl_easy_setopt(curl, CURLOPT_USERNAME, signature.access_key.c_str());
  std::string key(signature.secret_key.reveal());
  curl_easy_setopt(curl, CURLOPT_PASSWORD, key.c_str());
  wipe(key);
}

ErrorCode code_of(CURLcode code) {
  switch (code) {
  case CURLE_COULDNT_CONNECT:
  case CURLE_GOT_NOTHING:
  case CURLE_SEND_ERROR:
  case CURLE_RECV_ERROR:
  case CURLE_SSL_CONNECT_ERROR:
    return ErrorCode::unavailable;
  case CURLE_OPERATION_TIMEDOUT:
    return ErrorCode::timeout;
  case CURLE_PEER_FAILED_VERIFICATION:
  case CURLE_SSL_CERTPROBLEM:
    return ErrorCode::integrity;
  default:
    return ErrorCode::invalid_input;
  }
}

} // namespace

struct HttpSession::Handle {
  HttpEndpoint endpoint;
  const trust::TlsMaterial* material = nullptr;
  CURL* curl = nullptr;
  curl_slist* resolve = nullptr;
  char error[CURL_ERROR_SIZE] = {};
  std::string material_error;

  static CURLcode configure_tls(CURL*, void* context, void* self) {
    auto* handle = static_cast<Handle*>(self);
    Status applied = trust::apply_client_material(static_cast<SSL_CTX*>(context), *handle->material,
                                                  handle->endpoint.peer);
    if (applied) return CURLE_OK;
    handle->material_error = applied.error().message();
    return CURLE_SSL_CERTPROBLEM;
  }

  void prepare() {
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_RESOLVE, resolve);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    // Trust comes with the material alone, never from the machine.
    curl_easy_setopt(curl, CURLOPT_CAINFO, nullptr);
    curl_easy_setopt(curl, CURLOPT_CAPATH, nullptr);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
    if (material != nullptr) {
      curl_easy_setopt(curl, CURLOPT_SSL_CTX_FUNCTION, &Handle::configure_tls);
      curl_easy_setopt(curl, CURLOPT_SSL_CTX_DATA, this);
    }
  }
};

HttpSession::HttpSession(HttpEndpoint endpoint, const trust::TlsMaterial* material)
    : handle_(std::make_unique<Handle>()) {
  handle_->endpoint = std::move(endpoint);
  handle_->material = material;
  handle_->curl = curl_easy_init();
  // "https://name:port" is known at address: no resolver is asked.
  const std::string& url = handle_->endpoint.url;
  const std::size_t host = url.find("://") + 3;
  const bool secure = url.starts_with("https:");
  std::string name = url.substr(host);
  if (name.find(':') == std::string::npos) name += secure ? ":443" : ":80";
  handle_->resolve = curl_slist_append(nullptr, (name + ":" + handle_->endpoint.address).c_str());
}

HttpSession::~HttpSession() {
  curl_easy_cleanup(handle_->curl);
  curl_slist_free_all(handle_->resolve);
}

Result<HttpResponse> HttpSession::perform(const HttpRequest& request) {
  CURL* curl = handle_->curl;
  curl_easy_reset(curl);
  handle_->prepare();
  HttpResponse response;
  HeaderList headers;
  // libcurl would sign the header that this takes away.
  if (!request.signature) headers.add("Expect:");
  for (const auto& [name, value] : request.headers) {
    std::string line = name + ": " + std::string(value.reveal());
    if (line.find_first_of("\r\n") != std::string::npos) {
      return Error(ErrorCode::invalid_input, "header " + name + " holds a line break");
    }
    headers.add(line);
    wipe(line);
  }
  if (request.signature) sign(curl, request, headers);
  const std::string url = handle_->endpoint.url + request.path;
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.first);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &take_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &response.body);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, &take_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &response.headers);
  if (request.method == "HEAD") curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
  if (!request.body.empty()) {
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body.reveal().size()));
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body.reveal().data());
  }
  int body_from = request.body_from;
  if (body_from >= 0) {
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, &give_body);
    curl_easy_setopt(curl, CURLOPT_READDATA, &body_from);
  }
  AnswerStream answer{curl, request.answer_into, &response.body};
  if (request.answer_into >= 0) {
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &pass_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
  }
  const CURLcode code = curl_easy_perform(curl);
  if (code != CURLE_OK) {
    std::string why = handle_->error[0] != '\0' ? handle_->error : curl_easy_strerror(code);
    if (!handle_->material_error.empty()) why = handle_->material_error;
    return Error(code_of(code), request.method + " " + url + ": " + why);
  }
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  response.status = static_cast<int>(status);
  return response;
}

Status with_http(const HttpEndpoint& endpoint, const trust::TlsMaterial* material,
                 const std::function<Status(HttpSession&)>& work) {
  const auto run = [&] {
    HttpSession session(endpoint, material);
    return work(session);
  };
  if (endpoint.network_namespace.empty()) return run();
  return host::run_in_namespace(endpoint.network_namespace, run);
}

void initialise_http() {
  curl_global_init(CURL_GLOBAL_DEFAULT);
}

} // namespace allod::agent
