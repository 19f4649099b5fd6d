#include "truth.h"
#include <dlfcn.h>
/* argv[1], the plugin, is loaded into a namespace of its own, besides the usual one */
static int (*entry)(int, int (*)(int));
NOINLINE int host_call(int n) { int k = entry(n, 0); sink = k; return k + 1; }
int main(int argc, char **argv) {
    truth("pid %d", getpid());
    void *usual = dlopen(argv[1], RTLD_NOW);
    void *own = dlmopen(LM_ID_NEWLM, argv[1], RTLD_NOW);
    if (!usual || !own) { fprintf(stderr, "%s\n", dlerror()); return 1; }
    truth("usual %p", dlsym(usual, "plugin_entry"));
    entry = (int (*)(int, int (*)(int)))dlsym(own, "plugin_entry");
    truth("own %p", (void *)entry);
    int k = host_call(argc);
    sink = k;
    return k;
}
