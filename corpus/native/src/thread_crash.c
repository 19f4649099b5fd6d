#include "truth.h"
/* a crash in a named thread: -DOVERFLOW its stack, -DNULLCALL a call through null */
void (*volatile fp)(int);
#ifdef OVERFLOW
NOINLINE int crash(int n, char *up) { char buf[2048]; memset(buf, n, sizeof buf); int k = crash(n + 1, buf); sink = buf[k & 63] + up[0]; return sink; }
#else
NOINLINE int crash(int n, char *up) { fp(n); return sink + up[0]; }
#endif
NOINLINE int job(int n) { char c = 1; int k = crash(n, &c); sink = k; return k + 1; }
void *worker(void *p) { prctl(PR_SET_NAME, "crasher"); truth("thread %d crasher", gettid_()); truth("crasher %d", gettid_()); job(3); sink++; return p; }
int main(void) {
    pthread_t t;
    pthread_attr_t at;
    pthread_attr_init(&at);
    pthread_attr_setstacksize(&at, 256 * 1024);
    truth("pid %d", getpid());
    pthread_create(&t, &at, worker, 0);
    pthread_join(t, 0);
    return 0;
}
