/* A program that hands unbalanced books to a library. */
#include <stddef.h>

struct entry {
    long amount;
    struct entry *next;
};

void ledger_close(const struct entry *book);

__attribute__((noinline)) static int end_of_day(void) {
    struct entry paid = {-30, NULL};
    struct entry earned = {25, &paid};
    ledger_close(&earned);
    return paid.amount != 0;
}

int main(void) { return end_of_day(); }
