/* SPDX-License-Identifier: BSD-2-Clause */
/* What the log says during a test. */
#include "toy.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"

static char heard[65536];
static size_t heard_length;
static pthread_mutex_t heard_lock = PTHREAD_MUTEX_INITIALIZER;

static void listen(enum log_level level, const char *text)
{
	(void)level;
	pthread_mutex_lock(&heard_lock);
	if (heard_length + strlen(text) + 2 < sizeof(heard))
		heard_length += (size_t)sprintf(heard + heard_length, "%s\n", text);
	pthread_mutex_unlock(&heard_lock);
}

unsigned toy_heard_times(const char *text)
{
	unsigned n = 0;

	pthread_mutex_lock(&heard_lock);
	for (const char *at = heard; (at = strstr(at, text)); at += strlen(text))
		n++;
	pthread_mutex_unlock(&heard_lock);
	return n;
}

bool toy_heard(const char *text)
{
	return toy_heard_times(text);
}

void toy_listen(void)
{
	heard_length = 0;
	heard[0] = '\0';
	log_set_listener(listen);
}

void toy_listen_no_more(void)
{
	log_set_listener(NULL);
}
