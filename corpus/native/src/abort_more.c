#include "truth.h"
#include <assert.h>
/* argv[1]: invalid (free of a pointer into a block), double (free), long (a long assertion) */
NOINLINE void release(char *p) { free(p); sink = 1; }
#define T "0123456789 abcdefghij "
#define T8 T T T T T T T T
NOINLINE void check_long(int n) { assert(n > 1000 && "long text: " T8 T8 T8 T8); sink = n; }
NOINLINE int run(const char *w, int n) {
    if (!strcmp(w, "long")) check_long(n);
    char *p = malloc(100);
    truth("block_at %p", (void *)p);
    if (!strcmp(w, "invalid")) release(p + 8);
    if (!strcmp(w, "double")) { release(p); release(p); }
    return sink + 1;
}
int main(int argc, char **argv) { truth("pid %d", getpid()); int k = run(argv[1], argc); sink = k; return k; }
