/* A server with a table of commands, one of which nobody implemented. */
#include <stdio.h>
#include <string.h>

struct command {
    const char *name;
    int (*run)(const char *argument);
};

static int say(const char *argument) {
    printf("hello, %s\n", argument);
    return 0;
}

static const struct command commands[] = {
    {"say", say},
    {"stop", NULL}, /* to be written */
};

__attribute__((noinline)) static int dispatch(const char *name,
                                              const char *argument) {
    for (unsigned i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(commands[i].name, name) == 0) {
            int status = commands[i].run(argument);
            return status + 1;
        }
    }
    return 0;
}

__attribute__((noinline)) static int serve(int requests, char **names) {
    int done = 0;
    for (int i = 0; i < requests; i++)
        done += dispatch(names[i], "world");
    return done;
}

int main(int argc, char **argv) { return serve(argc - 1, argv + 1) == 0; }
