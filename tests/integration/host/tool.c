/* The program that the tests run in containers: static, so that its image is one file. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void say(const char* text) {
  if (write(1, text, strlen(text)) < 0) _exit(99);
}

static void on_term(int number) {
  (void)number;
  say("terminated\n");
  _exit(3);
}

/* Accepts connections on a listening descriptor and writes a greeting to each. */
static int serve(int listener, const char* greeting) {
  for (;;) {
    const int client = accept(listener, NULL, NULL);
    if (client < 0) return 1;
    if (write(client, greeting, strlen(greeting)) < 0) return 1;
    close(client);
  }
}

static struct sockaddr_in address_of(const char* host, const char* port) {
  struct sockaddr_in address;
  memset(&address, 0, sizeof address);
  address.sin_family = AF_INET;
  address.sin_port = htons((unsigned short)atoi(port));
  inet_pton(AF_INET, host, &address.sin_addr);
  return address;
}

static int listen_at(const char* host, const char* port) {
  struct sockaddr_in address = address_of(host, port);
  const int one = 1;
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(listener, (struct sockaddr*)&address, sizeof address) != 0) return -1;
  if (listen(listener, 16) != 0) return -1;
  return listener;
}

/* Prints what the container was given: ids, capabilities, descriptors, writable places. */
static int facts(void) {
  char line[512];
  FILE* status = fopen("/proc/self/status", "r");
  printf("uid %d gid %d pid %d\n", getuid(), getgid(), getpid());
  while (status != NULL && fgets(line, sizeof line, status) != NULL) {
    if (strncmp(line, "Cap", 3) == 0 || strncmp(line, "NoNewPrivs", 10) == 0 ||
        strncmp(line, "Seccomp:", 8) == 0) {
      fputs(line, stdout);
    }
  }
  if (status != NULL) fclose(status);
  printf("root %s\n", mkdir("/made", 0755) == 0 ? "writable" : strerror(errno));
  printf("tmp %s\n", mkdir("/tmp/made", 0755) == 0 ? "writable" : strerror(errno));
  printf("run %s\n", mkdir("/run/made", 0755) == 0 ? "writable" : strerror(errno));
  printf("sysctl %s\n", open("/proc/sys/kernel/hostname", O_WRONLY) >= 0 ? "writable" : "closed");
  printf("mount %s\n", mount("none", "/tmp", "tmpfs", 0, NULL) == 0 ? "allowed" : strerror(errno));
  gethostname(line, sizeof line);
  printf("hostname %s\n", line);
  for (int fd = 0; fd < 64; ++fd) {
    if (fcntl(fd, F_GETFD) >= 0) printf("fd %d\n", fd);
  }
  fflush(stdout);
  return 0;
}

static void report(const char* call, long answer) {
  printf("%s %s\n", call, answer >= 0 ? "allowed" : strerror(errno));
}

/* A child that makes an i386 system call; how it ended. */
static void foreign_call(void) {
#if defined(__x86_64__)
  int status = 0;
  const pid_t child = fork();
  if (child == 0) {
    long answer = 20; /* getpid */
    __asm__ volatile("int $0x80" : "+a"(answer) : : "memory");
    _exit(answer > 0 ? 0 : 1);
  }
  waitpid(child, &status, 0);
  printf("int80 %s\n", WIFEXITED(status) && WEXITSTATUS(status) == 0 ? "allowed" : "closed");
#endif
}

/* Tries system calls that a unit has no business with, and some that it needs. */
static int calls(void) {
  char stack[64];
  report("unshare", syscall(SYS_unshare, 0x10000000));
  report("setns", syscall(SYS_setns, 0, 0));
  report("clone-newuser", syscall(SYS_clone, 0x10000000 | SIGCHLD, NULL, NULL, NULL, 0));
  report("clone3", syscall(SYS_clone3, stack, 64));
  report("mount", syscall(SYS_mount, "none", "/tmp", "tmpfs", 0, NULL));
  report("bpf", syscall(SYS_bpf, 0, stack, 64));
  report("ptrace", syscall(SYS_ptrace, 0, 0, 0, 0));
  report("keyctl", syscall(SYS_keyctl, 0, 0, 0));
  report("userfaultfd", syscall(SYS_userfaultfd, 1));
  report("perf_event_open", syscall(SYS_perf_event_open, stack, 0, 0, 0, 0));
  report("finit_module", syscall(SYS_finit_module, 0, "", 0));
  report("kexec_load", syscall(SYS_kexec_load, 0, 0, NULL, 0));
  report("io_uring_setup", syscall(SYS_io_uring_setup, 1, stack));
  report("socket-alg", socket(38, SOCK_SEQPACKET, 0));
  report("socket-packet", socket(AF_PACKET, SOCK_RAW, 0));
  report("socket-inet", socket(AF_INET, SOCK_STREAM, 0));
  report("socket-unix", socket(AF_UNIX, SOCK_STREAM, 0));
  report("memfd_create", syscall(SYS_memfd_create, "x", 0));
  foreign_call();
  fflush(stdout);
  return 0;
}

static int environment(void) {
  extern char** environ;
  for (char** entry = environ; *entry != NULL; ++entry) puts(*entry);
  fflush(stdout);
  return 0;
}

static int cat(const char* path) {
  char buffer[4096];
  ssize_t count;
  const int file = path == NULL ? 0 : open(path, O_RDONLY);
  if (file < 0) return 1;
  while ((count = read(file, buffer, sizeof buffer)) > 0) {
    if (write(1, buffer, (size_t)count) != count) return 1;
  }
  return 0;
}

/* Touches memory until it is killed. */
static int eat(void) {
  for (;;) {
    char* block = malloc(1 << 20);
    if (block == NULL) return 1;
    memset(block, 1, 1 << 20);
  }
}

static int forks(int count) {
  for (int i = 0; i < count; ++i) {
    const pid_t child = fork();
    if (child < 0) {
      printf("fork %d %s\n", i, strerror(errno));
      fflush(stdout);
      return 4;
    }
    if (child == 0) {
      pause();
      _exit(0);
    }
  }
  return 0;
}

static int try_connect(const char* host, const char* port) {
  struct sockaddr_in address = address_of(host, port);
  const int client = socket(AF_INET, SOCK_STREAM, 0);
  struct timeval limit = {0, 400000};
  setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  if (connect(client, (struct sockaddr*)&address, sizeof address) != 0) {
    printf("%s\n", strerror(errno));
    fflush(stdout);
    return 1;
  }
  char buffer[64];
  const ssize_t count = read(client, buffer, sizeof buffer);
  return count > 0 && write(1, buffer, (size_t)count) == count ? 0 : 1;
}

int main(int argc, char** argv) {
  const char* verb = argc > 1 ? argv[1] : "";
  const char* first = argc > 2 ? argv[2] : NULL;
  if (strcmp(verb, "exit") == 0) return atoi(first);
  if (strcmp(verb, "facts") == 0) return facts();
  if (strcmp(verb, "calls") == 0) return calls();
  if (strcmp(verb, "env") == 0) return environment();
  if (strcmp(verb, "cat") == 0) return cat(first);
  if (strcmp(verb, "eat") == 0) return eat();
  if (strcmp(verb, "forks") == 0) return forks(atoi(first));
  if (strcmp(verb, "connect") == 0) return try_connect(first, argv[3]);
  if (strcmp(verb, "say") == 0) {
    say(first);
    say("\n");
    return 0;
  }
  if (strcmp(verb, "flood") == 0) {
    for (int i = 0; i < atoi(first); ++i) say("0123456789012345678901234567890123456789012345678901234567890123\n");
    for (;;) pause();
  }
  if (strcmp(verb, "write") == 0) {
    const int file = open(first, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    return file < 0 || write(file, argv[3], strlen(argv[3])) < 0 ? 1 : 0;
  }
  if (strcmp(verb, "serve") == 0) { /* ADDRESS PORT GREETING */
    const int listener = listen_at(first, argv[3]);
    if (listener < 0) return 1;
    say("serving\n");
    return serve(listener, argv[4]);
  }
  if (strcmp(verb, "activated") == 0) { /* serves descriptor 3, if it is meant for this process */
    const char* pid = getenv("LISTEN_PID");
    const char* count = getenv("LISTEN_FDS");
    if (pid == NULL || count == NULL || atoi(pid) != getpid()) return 1;
    say("serving\n");
    return serve(3, getenv("LISTEN_FDNAMES"));
  }
  if (strcmp(verb, "stubborn") == 0) {
    signal(SIGTERM, SIG_IGN);
    say("ready\n");
    for (;;) pause();
  }
  if (strcmp(verb, "talk") == 0) { /* writes a line now and then until it cannot */
    for (;;) {
      say("line\n");
      usleep(20000);
    }
  }
  if (strcmp(verb, "sleep") == 0) {
    signal(SIGTERM, on_term);
    say("ready\n");
    for (;;) pause();
  }
  return 64;
}
