/* SPDX-License-Identifier: BSD-2-Clause */
#include "input.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static char *line;              /* under the lock */
static atomic_bool ready;       /* there is a line, or the end */

/* Gives on one line after another, NULL for the end; each waits until the one before was taken. */
static void hand_over(char *text)
{
	pthread_mutex_lock(&lock);
	while (atomic_load(&ready))
		pthread_cond_wait(&changed, &lock);
	line = text;
	atomic_store(&ready, true);
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

static void *read_lines(void *unused)
{
	char *text = NULL;
	size_t size = 0;

	(void)unused;
	while (getline(&text, &size, stdin) >= 0) {
		hand_over(text);
		text = NULL;
		size = 0;
	}
	free(text);
	hand_over(NULL);
	return NULL;
}

int input_start(void)
{
	pthread_t thread;
	int rc = pthread_create(&thread, NULL, read_lines, NULL);

	if (rc)
		return -rc;
	pthread_detach(thread);
	return 0;
}

bool input_ready(void)
{
	return atomic_load_explicit(&ready, memory_order_acquire);
}

char *input_take(void)
{
	char *text;

	pthread_mutex_lock(&lock);
	while (!atomic_load(&ready))
		pthread_cond_wait(&changed, &lock);
	text = line;
	line = NULL;
	atomic_store(&ready, false);
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
	return text;
}
