#include "truth.h"
#include <sys/wait.h>
#include <sys/resource.h>
/* the process that crashes is a forked child that did not exec */
NOINLINE int in_child(int n) { *(volatile int *)104 = n; return n; }
NOINLINE int child(int n) { int k = in_child(n + 1); sink = k; return k; }
int main(void) {
    int status;
    truth("parent %d", getpid());
    int pid = fork();
    if (!pid) { truth("pid %d", getpid()); return child(2); }
    waitpid(pid, &status, 0);
    /* ends the same way, but must not write over the child's core */
    setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
    raise(WTERMSIG(status));
    return 0;
}
