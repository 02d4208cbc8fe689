/* SPDX-License-Identifier: BSD-2-Clause */
#include "nic/nic_sink.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/log.h"
#include "frame/pcapng.h"

struct nic_sink {
	struct pcapng *file;
	char *path;
	bool failed;                  /* told already */
	uint8_t gathered[65536];      /* a frame of several segments, in one piece */
};

static bool same_file(const char *a, const char *b)
{
	struct stat x, y;

	return !stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

int nic_sink_open(struct nic_sink **sink, const char *path, const char *input,
		  struct error *err)
{
	struct nic_sink *s;
	int rc;

	*sink = NULL;
	if (!path)
		return 0;
	if (same_file(path, input))
		return error_set(err, EINVAL, "capture '%s': is the file that is read; name another "
				 "one for what is sent", path);
	s = calloc(1, sizeof(*s));
	if (!s || !(s->path = strdup(path))) {
		free(s);
		return error_set(err, ENOMEM, "capture '%s': out of memory", path);
	}
	rc = pcapng_create(&s->file, path, "wire", err);
	if (rc) {
		free(s->path);
		free(s);
		return rc;
	}
	*sink = s;
	return 0;
}

static void tell_failure(struct nic_sink *s, int rc)
{
	if (!s->failed)
		log_error("capture '%s': cannot be written: %s; frames sent from now on are not in it",
			  s->path, strerror(-rc));
	s->failed = true;
}

uint16_t nic_sink_burst(struct nic_sink *sink, struct rte_mbuf **pkts, uint16_t n)
{
	struct timespec now;
	uint64_t ns;

	if (sink) {
		clock_gettime(CLOCK_REALTIME, &now);
		ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
		for (uint16_t i = 0; i < n; i++) {
			uint32_t length = RTE_MIN(pkts[i]->pkt_len, (uint32_t)sizeof(sink->gathered));
			int rc = pcapng_write(sink->file, rte_pktmbuf_read(pkts[i], 0, length, sink->gathered),
					      length, ns, NULL);

			if (rc)
				tell_failure(sink, rc);
		}
	}
	rte_pktmbuf_free_bulk(pkts, n);
	return n;
}

void nic_sink_close(struct nic_sink *sink)
{
	int rc;

	if (!sink)
		return;
	rc = pcapng_close(sink->file);
	if (rc)
		tell_failure(sink, rc);
	free(sink->path);
	free(sink);
}
