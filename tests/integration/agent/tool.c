/* What the units and steps of the agent's tests run: a tiny server and a few small deeds. */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <fcntl.h>
#include <unistd.h>

static volatile sig_atomic_t reloads = 0;
static int unready = 2; /* answers of 503 before /late answers 200 */

static void on_hangup(int signal) {
  (void)signal;
  ++reloads;
}

static void on_term(int signal) {
  (void)signal;
  _exit(0);
}

static void answer(int client, int status, const char* body) {
  char text[8192];
  const int size = snprintf(text, sizeof text,
                            "HTTP/1.1 %d X\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
                            status, strlen(body), body);
  const ssize_t ignored = write(client, text, (size_t)size);
  (void)ignored;
}

static void answer_file(int client, const char* path) {
  char content[4096] = "";
  FILE* file = fopen(path, "r");
  if (file == NULL) {
    answer(client, 404, "no file");
    return;
  }
  const size_t count = fread(content, 1, sizeof content - 1, file);
  content[count] = 0;
  fclose(file);
  answer(client, 200, content);
}

/* {"token": …, "authorization": …, "body": …} */
static void answer_thing(int client, char* request) {
  char text[4096];
  char authorization[256] = "";
  const char* header = strstr(request, "Authorization: ");
  if (header != NULL) sscanf(header, "Authorization: %255[^\r\n]", authorization);
  const char* body = strstr(request, "\r\n\r\n");
  snprintf(text, sizeof text, "{\"token\":\"tokentokentokentoken\",\"authorization\":\"%s\",\"body\":%s}",
           authorization, body == NULL || body[4] == 0 ? "null" : body + 4);
  answer(client, 201, text);
}

static void serve_one(int client, const char* file) {
  char request[8192];
  const ssize_t count = read(client, request, sizeof request - 1);
  if (count <= 0) return;
  request[count] = 0;
  char number[32];
  snprintf(number, sizeof number, "%d", (int)reloads);
  if (strncmp(request, "GET /health", 11) == 0) answer(client, 200, "UP");
  else if (strncmp(request, "GET /file", 9) == 0) answer_file(client, file);
  else if (strncmp(request, "GET /certificate", 16) == 0) answer_file(client, "/run/identity/certificate.pem");
  else if (strncmp(request, "GET /hosts", 10) == 0) answer_file(client, "/etc/hosts");
  else if (strncmp(request, "GET /reloads", 12) == 0) answer(client, 200, number);
  else if (strncmp(request, "GET /late", 9) == 0) answer(client, unready-- > 0 ? 503 : 200, "late");
  else if (strncmp(request, "POST /things", 12) == 0) answer_thing(client, request);
  else answer(client, 404, "nothing here");
}

static int serve(int port, const char* file) {
  int listener = 3;
  const char* handed = getenv("LISTEN_FDS");
  if (handed == NULL) {
    const int on = 1;
    struct sockaddr_in address;
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_port = htons((unsigned short)port);
    listener = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr*)&address, sizeof address) != 0 ||
        listen(listener, 16) != 0) {
      perror("listen");
      return 1;
    }
  }
  fprintf(stderr, "listening on %d\n", port);
  for (;;) {
    const int client = accept(listener, NULL, NULL);
    if (client < 0) continue;
    serve_one(client, file);
    close(client);
  }
}

/* Touches memory until there is none left. */
static void eat(void) {
  for (;;) {
    char* piece = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (piece == MAP_FAILED) pause();
    memset(piece, 1, 1 << 20);
  }
}

int main(int count, char** arguments) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = on_hangup;
  sigaction(SIGHUP, &action, NULL);
  action.sa_handler = on_term;
  sigaction(SIGTERM, &action, NULL);
  const char* what = count > 1 ? arguments[1] : "";
  if (strcmp(what, "serve") == 0) return serve(atoi(arguments[2]), arguments[3]);
  if (strcmp(what, "exists") == 0) return access(arguments[2], F_OK) == 0 ? 0 : 1;
  if (strcmp(what, "touch") == 0) {
    const int file = open(arguments[2], O_CREAT | O_WRONLY, 0600);
    if (file < 0) perror(arguments[2]);
    return file < 0 ? 1 : 0;
  }
  if (strcmp(what, "fail") == 0) {
    fprintf(stderr, "FATAL: %s\n", arguments[2]);
    return 3;
  }
  if (strcmp(what, "eat") == 0) eat();
  if (strcmp(what, "wait") == 0) {
    for (;;) pause();
  }
  return 2;
}
