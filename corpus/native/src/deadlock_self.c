#include "truth.h"
/* a plain mutex locked again by its owner, which takes it for a recursive one */
static pthread_mutex_t M = PTHREAD_MUTEX_INITIALIZER;
NOINLINE void inner(void) { pthread_mutex_lock(&M); sink++; pthread_mutex_unlock(&M); }
NOINLINE void outer(void) { pthread_mutex_lock(&M); inner(); pthread_mutex_unlock(&M); }
void *w(void *p) { prctl(PR_SET_NAME, "self-lock"); truth("thread %d self-lock", gettid_()); outer(); return p; }
int main(void) {
    pthread_t t;
    truth("pid %d", getpid());
    truth("mutex %p", (void *)&M);
    pthread_create(&t, 0, w, 0);
    usleep(200000);
    truth("ready 1");
    pthread_join(t, 0);
    return 0;
}
