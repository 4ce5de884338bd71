/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SKBTRAIL_SYMBOLS_H
#define SKBTRAIL_SYMBOLS_H

#include <linux/types.h>

/**
 * skbtrail_symbol() - number for a code location
 * @location: kernel text address
 *
 * Addresses do not leave the kernel: a location gets a small number here, and
 * the sender turns the number into a name later, where there is time.
 * Context: any, interrupts off. Return: 0 when the table is full.
 */
u32 skbtrail_symbol(const void *location);

/** skbtrail_symbol_count() - numbers given so far */
unsigned int skbtrail_symbol_count(void);

/**
 * skbtrail_symbol_name() - name of a numbered location as symbol+offset [module]
 * @id: 1 to skbtrail_symbol_count()
 * @buf: of @size bytes
 *
 * Context: process.
 */
void skbtrail_symbol_name(u32 id, char *buf, unsigned int size);

#endif /* SKBTRAIL_SYMBOLS_H */
