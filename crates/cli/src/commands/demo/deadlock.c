/* Two transfers between two accounts, each locking its own account first. A
 * watchdog ends the process when nothing moves. */
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

struct account {
    pthread_mutex_t lock;
    long balance;
};

static struct account savings = {PTHREAD_MUTEX_INITIALIZER, 100};
static struct account checking = {PTHREAD_MUTEX_INITIALIZER, 100};
static pthread_barrier_t both_started;

__attribute__((noinline)) static void transfer(struct account *from,
                                               struct account *to) {
    pthread_mutex_lock(&from->lock);
    pthread_barrier_wait(&both_started);
    pthread_mutex_lock(&to->lock);
    from->balance -= 10;
    to->balance += 10;
    pthread_mutex_unlock(&to->lock);
    pthread_mutex_unlock(&from->lock);
}

static void *save(void *unused) {
    transfer(&checking, &savings);
    return unused;
}

static void *spend(void *unused) {
    transfer(&savings, &checking);
    return unused;
}

static void *idle(void *unused) {
    for (;;)
        pause();
    return unused;
}

int main(void) {
    pthread_t threads[6];
    pthread_barrier_init(&both_started, NULL, 2);
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, idle, NULL);
    pthread_create(&threads[4], NULL, save, NULL);
    pthread_create(&threads[5], NULL, spend, NULL);
    usleep(200 * 1000);
    abort(); /* the watchdog */
}
