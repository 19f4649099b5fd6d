#include "truth.h"
/* named threads at rest; with an argument, the last one crashes */
#ifndef N
#define N 20
#endif
static pthread_barrier_t bar;
static const char *odd[] = { "plain", "with space", "tab\there", "esc\033[31m", "paren)(x", "\xc3\xa4\xc3\xb6", "fifteen-bytes-x" };
NOINLINE void rest(void) { pause(); sink++; }
NOINLINE void fall(void) { usleep(100000); *(volatile int *)88 = 1; }
void *worker(void *p) {
    int i = (int)(long)p;
    char name[16], hex[33] = { 0 };
    snprintf(name, sizeof name, i < 7 ? "%s" : "idle-%02ld", i < 7 ? odd[i] : (char *)(long)i);
    prctl(PR_SET_NAME, name);
    for (int k = 0; name[k]; k++) snprintf(hex + 2 * k, 3, "%02x", (unsigned char)name[k]);
    truth("name-%d %s", gettid_(), hex);
    if (i >= 7) truth("thread %d %s", gettid_(), name);
    pthread_barrier_wait(&bar);
    if (i == N - 1 && sink) { truth("crasher %d", gettid_()); fall(); }
    rest();
    return 0;
}
int main(int argc, char **argv) {
    pthread_t t;
    sink = argc > 1;
    pthread_barrier_init(&bar, 0, N + 1);
    truth("pid %d", getpid());
    for (long i = 0; i < N; i++) pthread_create(&t, 0, worker, (void *)i);
    pthread_barrier_wait(&bar);
    usleep(50000);
    truth("ready 1");
    pause();
    return 0;
}
