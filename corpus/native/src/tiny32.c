/* a freestanding program: i386 needs no C library this way */
static volatile int sink;
#define NOINLINE __attribute__((noinline, noclone, noipa))
NOINLINE int leaf(int v) { *(volatile int *)0xdead0010 = v; return sink + 1; }
NOINLINE int middle(int n) { int k = leaf(n * 3); sink = k; return k + 2; }
NOINLINE int outer(int n) { int k = middle(n + 1); sink = k; return k + 1; }
void _start(void) { int k = outer(7); sink = k; for (;;) {} }
