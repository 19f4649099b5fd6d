#include "truth.h"
#include <alloca.h>
/* a function that realigns its stack and uses alloca: its CFA is an expression over a saved register */
typedef double v4 __attribute__((vector_size(32)));
NOINLINE int leaf(char *p) { *(volatile int *)80 = p[0]; return p[1]; }
NOINLINE int realigned(int n) {
    volatile v4 wide __attribute__((aligned(64))) = { 1, 2, 3, n };
    char *p = alloca(n * 100 + 16);
    memset(p, n, n * 100 + 16);
    int k = leaf(p);
    sink = k + (int)wide[3] + p[3];
    return sink;
}
NOINLINE int caller(int a, int b, int c, int d, int e, int f, int g, int h) { int k = realigned(a + b + c + d + e + f + g + h); sink = k; return k + h; }
int main(int argc, char **argv) { truth("pid %d", getpid()); truth("fault 0x50"); int k = caller(argc, 1, 1, 1, 1, 1, 1, 1); sink = k; return k; }
