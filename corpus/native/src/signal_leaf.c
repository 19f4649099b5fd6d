#include "truth.h"
/* a signal interrupts a leaf function that has no frame and keeps its locals in the red zone;
   its handler dies. -DNESTED: the handler raises another signal, whose handler dies */
static volatile int go;
static pthread_t first;
NOINLINE void die(int s) { sink = s; abort(); }
#ifdef NESTED
void on_second(int s) { die(s); sink = 3; }
NOINLINE void again(void) { raise(SIGUSR2); sink = 4; }
void on_first(int s) { sink = s; again(); sink = 2; }
#else
void on_first(int s) { die(s); sink = 2; }
#endif
NOINLINE long leaf(long n) {
    volatile long a[4] = { n, n + 1, n + 2, n + 3 };
    go = 1;
    for (;;) a[n & 3] += a[(n + 1) & 3] + n;
}
NOINLINE long work(long n) { long k = leaf(n * 2); sink = (int)k; return k + 1; }
void *sender(void *p) { while (!go) usleep(1000); usleep(20000); pthread_kill(first, SIGUSR1); return p; }
int main(int argc, char **argv) {
    pthread_t t;
    first = pthread_self();
    struct sigaction sa = { 0 };
    sa.sa_handler = on_first;
    sigaction(SIGUSR1, &sa, 0);
#ifdef NESTED
    sa.sa_handler = on_second;
    sigaction(SIGUSR2, &sa, 0);
#endif
    truth("pid %d", getpid());
    pthread_create(&t, 0, sender, 0);
    long k = work(argc);
    sink = (int)k;
    return 0;
}
