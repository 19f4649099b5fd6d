#include "truth.h"
/* a pure virtual function called while its base is constructed */
namespace shop {
struct Item;
NOINLINE int price(Item *i);
struct Item { int cents; Item() : cents(0) { cents = price(this); } virtual int quote() = 0; virtual ~Item() {} };
struct Book : Item { int quote() override { return 995; } };
NOINLINE int price(Item *i) { int k = i->quote(); sink = k; return k + 1; }
NOINLINE int sell() { Book b; sink = b.cents; return b.cents + 1; }
}
int main() { truth("pid %d", getpid()); int k = shop::sell(); sink = k; return k; }
