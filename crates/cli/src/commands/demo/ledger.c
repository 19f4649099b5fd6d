/* A library that believes its caller. */
#include <assert.h>
#include <stddef.h>

struct entry {
    long amount;
    struct entry *next;
};

__attribute__((noinline)) static long sum(const struct entry *e) {
    long total = 0;
    for (; e != NULL; e = e->next)
        total += e->amount;
    return total;
}

__attribute__((noinline)) static void check(const struct entry *book) {
    long total = sum(book);
    assert(total == 0 && "the books do not balance");
}

void ledger_close(const struct entry *book) { check(book); }
