#include "truth.h"
/* N threads in a ring, each holds one mutex and waits for the next one's;
   with -DOUTSIDER another thread waits for a mutex of the ring but is no part of it;
   the mutexes lie in one shared struct among other members */
#ifndef N
#define N 3
#endif
struct table { char title[24]; int rows; pthread_mutex_t lock[N]; char tail[16]; };
static struct table *shared;
static pthread_barrier_t bar;
NOINLINE void wait_for(int i) { pthread_mutex_lock(&shared->lock[i]); sink++; }
NOINLINE void serve(int i) {
    pthread_mutex_lock(&shared->lock[i]);
    pthread_barrier_wait(&bar);
    wait_for((i + 1) % N);
    sink++;
}
void *member(void *p) {
    int i = (int)(long)p;
    char name[16];
    snprintf(name, sizeof name, "ring-%d", i);
    prctl(PR_SET_NAME, name);
    truth("thread %d %s", gettid_(), name);
    truth("holds-%d %p", gettid_(), (void *)&shared->lock[i]);
    serve(i);
    return 0;
}
#ifdef OUTSIDER
NOINLINE void outside(void) { wait_for(1); sink++; }
void *outsider(void *p) {
    prctl(PR_SET_NAME, "outsider");
    truth("thread %d outsider", gettid_());
    truth("outsider %d", gettid_());
    outside();
    return p;
}
#endif
int main(void) {
    pthread_t t;
    shared = calloc(1, sizeof *shared);
    strcpy(shared->title, "accounts");
    for (int i = 0; i < N; i++) pthread_mutex_init(&shared->lock[i], 0);
    pthread_barrier_init(&bar, 0, N);
    truth("pid %d", getpid());
    truth("shared %p", (void *)shared);
    for (long i = 0; i < N; i++) pthread_create(&t, 0, member, (void *)i);
    usleep(200000);
#ifdef OUTSIDER
    pthread_create(&t, 0, outsider, 0);
    usleep(100000);
#endif
    truth("ready 1");
    pause();
    return 0;
}
