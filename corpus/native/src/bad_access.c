#include "truth.h"
/* argv[1] says how the fault comes about; one function each, so that the innermost frame names it */
struct wide { char head[0x12340]; int field; };
static const char text[] = "constant";
static unsigned char code[] = { 0x90, 0x90, 0xc3, 0 };
NOINLINE int noncanonical(uintptr_t a) { return *(volatile int *)(a | 0x4141414141414141UL); }
NOINLINE int write_readonly(const char *p) { *(volatile char *)p = 'x'; return p[1]; }
NOINLINE int unaligned(char *p) { __asm__ volatile("movaps (%0), %%xmm0" : : "r"(p + 1) : "xmm0"); return p[0]; }
NOINLINE int null_field(struct wide *w) { return *(volatile int *)&w->field; }
NOINLINE int null_index(int *a, long i) { return ((volatile int *)a)[i]; }
NOINLINE int call_at(void *p) { int k = ((int (*)(void))p)(); sink = k; return k + 1; }
NOINLINE int past_end(char *p) { return *(volatile char *)p; }
NOINLINE int run(const char *w) {
    int k = 0;
    if (!strcmp(w, "noncanonical")) { truth("operand 0x4141414141414141"); k = noncanonical(0); }
    if (!strcmp(w, "readonly")) { truth("fault %p", (void *)text); k = write_readonly(text); }
    if (!strcmp(w, "unaligned")) { static char buf[64] __attribute__((aligned(16))); truth("operand %p", (void *)(buf + 1)); k = unaligned(buf); }
    if (!strcmp(w, "nullfield")) { truth("fault 0x12340"); k = null_field(0); }
    if (!strcmp(w, "nullindex")) { truth("fault 0x3d090"); k = null_index(0, 62500); }
    if (!strcmp(w, "wild")) { truth("fault 0x123456789abc"); k = call_at((void *)0x123456789abcUL); }
    if (!strcmp(w, "data")) { truth("fault %p", (void *)code); k = call_at(code); }
    if (!strcmp(w, "noexec")) { char *m = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); memset(m, 0x90, 64); truth("fault %p", (void *)(m + 16)); k = call_at(m + 16); }
    if (!strcmp(w, "noncanoncall")) { truth("operand 0x4242424242424242"); k = call_at((void *)0x4242424242424242UL); }
    if (!strcmp(w, "pastend")) { char *m = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); munmap(m + 4096, 4096); truth("fault %p", (void *)(m + 4096)); k = past_end(m + 4096); }
    sink = k;
    return k + 1;
}
int main(int argc, char **argv) { truth("pid %d", getpid()); int k = run(argv[1]); sink = k + argc; return k; }
