/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SKBTRAIL_UNIT_H
#define SKBTRAIL_UNIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* A check that fails is told with its place and fails the test it is in. */
#define CHECK(cond) unit_check(cond, #cond, __FILE__, __LINE__)
#define CHECK_TEXT(got, want) unit_text(got, want, __FILE__, __LINE__)
#define CHECK_HAS(text, part) unit_has(text, part, __FILE__, __LINE__)

void unit_check(bool ok, const char *what, const char *file, int line);
void unit_text(const char *got, const char *want, const char *file, int line);
void unit_has(const char *text, const char *part, const char *file, int line);

/* Runs one test and prints its line. */
void unit_run(const char *name, void (*test)(void));

#define RUN(test) unit_run(#test, test)

/* Runs @fn with stderr in a file and returns what it wrote; the caller frees it. */
char *unit_stderr(void (*fn)(void *arg), void *arg);

void test_text(void);
void test_decode(void);
void test_assembly(void);
void test_summary(void);
void test_recfile(void);
void test_options(void);
void test_actions(void);
void test_filter(void);
void test_render(void);
void test_loss(void);

#endif
