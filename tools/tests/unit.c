// SPDX-License-Identifier: GPL-2.0
#include "unit.h"

#include <locale.h>
#include <stdlib.h>
#include <unistd.h>

static unsigned int passed;
static unsigned int failed;
static bool failing;

void unit_check(bool ok, const char *what, const char *file, int line)
{
	if (ok)
		return;
	failing = true;
	printf("# %s:%d: %s\n", file, line, what);
}

void unit_text(const char *got, const char *want, const char *file, int line)
{
	if (got && !strcmp(got, want))
		return;
	failing = true;
	printf("# %s:%d: got  \"%s\"\n# %s:%d: want \"%s\"\n", file, line,
	       got ? got : "(null)", file, line, want);
}

void unit_has(const char *text, const char *part, const char *file, int line)
{
	if (text && strstr(text, part))
		return;
	failing = true;
	printf("# %s:%d: \"%s\" is not in \"%s\"\n", file, line, part,
	       text ? text : "(null)");
}

void unit_run(const char *name, void (*test)(void))
{
	failing = false;
	test();
	if (failing)
		failed++;
	else
		passed++;
	printf("%sok %u %s\n", failing ? "not " : "", passed + failed, name);
}

char *unit_stderr(void (*fn)(void *arg), void *arg)
{
	FILE *f = tmpfile();
	int old = dup(STDERR_FILENO);
	char *text = calloc(1, 4096);

	fflush(stderr);
	dup2(fileno(f), STDERR_FILENO);
	fn(arg);
	fflush(stderr);
	dup2(old, STDERR_FILENO);
	close(old);
	rewind(f);
	if (!fread(text, 1, 4095, f))
		*text = '\0';
	fclose(f);
	return text;
}

int main(void)
{
	setlocale(LC_CTYPE, "");
	setvbuf(stdout, NULL, _IOLBF, 0);
	puts("TAP version 13");
	test_text();
	test_decode();
	test_assembly();
	test_loss();
	test_summary();
	test_recfile();
	test_options();
	test_actions();
	test_filter();
	test_render();
	printf("1..%u\n", passed + failed);
	printf("%u passed, %u failed, 0 skipped\n", passed, failed);
	return failed ? 1 : 0;
}
