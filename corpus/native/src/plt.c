#include "truth.h"
#include <link.h>
/* the page of the lazy GOT is taken away, so the jump inside the PLT faults: the pc is in the PLT,
   whose unwind row is an expression */
extern ElfW(Dyn) _DYNAMIC[];
NOINLINE static uintptr_t got(void) { for (ElfW(Dyn) *d = _DYNAMIC; d->d_tag; d++) if (d->d_tag == DT_PLTGOT) return (uintptr_t)d->d_un.d_ptr; return 0; }
NOINLINE int through_plt(void *page) { long r = syscall(SYS_mprotect, page, 4096, PROT_NONE); return (int)r + atoi("7"); }
NOINLINE int before(void *page) { int k = through_plt(page); return k + 1; }
int main(void) {
    uintptr_t g = got();
    truth("pid %d", getpid());
    truth("got %p", (void *)g);
    /* syscall itself must be bound before its slot goes away */
    syscall(SYS_gettid);
    return before((void *)(g & ~4095UL));
}
