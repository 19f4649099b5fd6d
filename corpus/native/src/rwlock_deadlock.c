#include "truth.h"
/* each thread writes one lock and wants to write the other's */
pthread_rwlock_t A = PTHREAD_RWLOCK_INITIALIZER, B = PTHREAD_RWLOCK_INITIALIZER;
pthread_barrier_t bar;
NOINLINE void want(pthread_rwlock_t *l) { pthread_rwlock_wrlock(l); sink++; }
NOINLINE void hold(pthread_rwlock_t *mine, pthread_rwlock_t *other) {
    pthread_rwlock_wrlock(mine);
    pthread_barrier_wait(&bar);
    want(other);
    sink++;
}
void *t1(void *p) { prctl(PR_SET_NAME, "rw-ab"); truth("thread %d rw-ab", gettid_()); hold(&A, &B); return p; }
void *t2(void *p) { prctl(PR_SET_NAME, "rw-ba"); truth("thread %d rw-ba", gettid_()); hold(&B, &A); return p; }
int main(void) {
    pthread_t a, b;
    pthread_barrier_init(&bar, 0, 2);
    truth("pid %d", getpid());
    truth("rwlockA %p", (void *)&A);
    truth("rwlockB %p", (void *)&B);
    pthread_create(&a, 0, t1, 0);
    pthread_create(&b, 0, t2, 0);
    usleep(200000);
    truth("ready 1");
    pthread_join(a, 0);
    return 0;
}
