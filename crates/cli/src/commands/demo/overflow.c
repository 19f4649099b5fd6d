/* A parser that recurses as deep as its input is nested. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int parse_value(const char **at, int depth);

__attribute__((noinline)) static int parse_list(const char **at, int depth) {
    char scratch[64];
    int items = 0;
    snprintf(scratch, sizeof scratch, "list at depth %d", depth);
    while (**at != '\0' && **at != ']')
        items += parse_value(at, depth + 1);
    if (**at == ']')
        ++*at;
    return items + (scratch[0] == 'l');
}

__attribute__((noinline)) static int parse_value(const char **at, int depth) {
    if (**at == '[') {
        ++*at;
        return parse_list(at, depth) + 1;
    }
    ++*at;
    return 1;
}

int main(void) {
    size_t nested = 1000 * 1000;
    char *input = malloc(nested + 1);
    if (input == NULL)
        return 1;
    memset(input, '[', nested);
    input[nested] = '\0';
    const char *at = input;
    printf("%d items\n", parse_value(&at, 0));
    return 0;
}
