#include "truth.h"
#include <ucontext.h>
/* a crash on a stack of the program's own making (makecontext) */
static ucontext_t back, co;
NOINLINE int step(int n) { *(volatile int *)96 = n; return n; }
NOINLINE void body(int n) { int k = step(n + 1); sink = k; }
int main(void) {
    truth("pid %d", getpid());
    truth("fault 0x60");
    char *stack = mmap(0, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    truth("stack %p", (void *)stack);
    getcontext(&co);
    co.uc_stack.ss_sp = stack;
    co.uc_stack.ss_size = 65536;
    co.uc_link = &back;
    makecontext(&co, (void (*)(void))body, 1, 4);
    swapcontext(&back, &co);
    return 0;
}
