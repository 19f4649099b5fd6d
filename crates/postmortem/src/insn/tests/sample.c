/* Functions of many shapes, for measuring steps without unwind data. They are
   compiled and read, never run. */
typedef unsigned long word;

extern void out(const char *, ...);
extern void sink(void *);
extern word source(word);
extern void fail(const char *) __attribute__((noreturn));

__attribute__((noinline)) word leaf(word a, word b) { return a * b + 1; }

__attribute__((noinline)) word one_call(word a) { return source(a) + a; }

__attribute__((noinline)) word many_registers(word *p, word n)
{
	word a = source(1), b = source(2), c = source(3), d = source(4);
	for (word i = 0; i < n; i++) {
		a += p[i] * b;
		b ^= source(a + c);
		c += b + d;
		d = leaf(c, a);
		if (d == 17)
			return a;
	}
	return a + b + c + d;
}

__attribute__((noinline)) word early_exits(word *p, word n)
{
	if (!p)
		return 0;
	if (n < 3)
		return p[0];
	word sum = 0;
	for (word i = 0; i < n; i++) {
		if (p[i] == 0)
			fail("zero");
		sum += one_call(p[i]);
		if (sum > 100000)
			break;
	}
	return sum;
}

__attribute__((noinline)) word table(word a, word b)
{
	switch (a) {
	case 0: return source(b);
	case 1: out("one %lu", b); return 2;
	case 2: return leaf(b, b);
	case 3: out("three %lu %lu", b, source(b)); break;
	case 4: return source(source(b));
	case 5: fail("five");
	case 6: b += many_registers(&b, 1); break;
	case 7: return one_call(b) + one_call(b + 1);
	}
	return source(b) ^ a;
}

__attribute__((noinline)) word big_frame(word n)
{
	word array[5000];
	for (word i = 0; i < 5000; i++)
		array[i] = source(i);
	sink(array);
	return array[n % 5000];
}

__attribute__((noinline)) word variable_frame(word n)
{
	word *array = __builtin_alloca(n * sizeof *array);
	for (word i = 0; i < n; i++)
		array[i] = source(i);
	sink(array);
	return n ? array[n - 1] : leaf(n, 2);
}

__attribute__((noinline)) word aligned_frame(word n)
{
	word array[16] __attribute__((aligned(64)));
	for (word i = 0; i < 16; i++)
		array[i] = source(i + n);
	sink(array);
	return array[n % 16];
}

__attribute__((noinline)) word many_arguments(word a, word b, word c, word d,
	word e, word f, word g, word h, word i)
{
	out("%lu %lu %lu %lu %lu %lu %lu %lu %lu", a, b, c, d, e, f, g, h, i);
	return source(a + b + c + d + e + f + g + h + i);
}

__attribute__((noinline)) word passes_on_stack(word a)
{
	word r = many_arguments(a, 2, 3, 4, 5, 6, source(7), source(8), a + 9);
	return r + many_arguments(r, a, a, a, a, a, a, a, a);
}

__attribute__((noinline)) word recursive(word n)
{
	if (n < 2)
		return source(n);
	return recursive(n - 1) + recursive(n - 2);
}

__attribute__((noinline)) word through_pointer(word (*f)(word), word n)
{
	word sum = 0;
	while (n--)
		sum += f(n);
	return sum;
}

__attribute__((noinline)) word tail(word a)
{
	word b = source(a);
	if (b & 1)
		return through_pointer(source, b);
	return recursive(b);
}

__attribute__((noinline)) double floats(double *p, word n)
{
	double sum = 0;
	for (word i = 0; i < n; i++) {
		sum += p[i] * (double)source(i);
		if (sum > 1e6)
			fail("big");
	}
	return sum;
}

__attribute__((noinline, noreturn)) void gives_up(word a)
{
	out("giving up %lu", a);
	fail("end");
}

__attribute__((noinline)) word may_give_up(word a)
{
	word b = source(a), c = source(b);
	if (b == c)
		gives_up(b);
	return source(c) + b;
}

struct large { word w[12]; };

__attribute__((noinline)) struct large returns_large(word a)
{
	struct large l;
	for (int i = 0; i < 12; i++)
		l.w[i] = source(a + (word)i);
	return l;
}

__attribute__((visibility("default"))) word entry(word a, word b)
{
	struct large l = returns_large(a);
	word p[8] = { a, b, l.w[0], l.w[11] };
	double d[4] = { 1, 2, 3, (double)b };
	return many_registers(p, 8) + early_exits(p, 8) + table(a, b)
		+ big_frame(a) + variable_frame(b) + aligned_frame(a)
		+ passes_on_stack(b) + tail(a) + (word)floats(d, 4)
		+ may_give_up(b) + through_pointer(one_call, a);
}
