/* SPDX-License-Identifier: BSD-2-Clause */
#include "frame/capture.h"

#include <errno.h>
#include <inttypes.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct capture {
	pcap_t *pcap;
	char *path;
	uint64_t records;      /* read without error */
	struct error broken;   /* why nothing more can be read; "" while all is well */
};

/* Opens the file itself, so that the reason is errno's and not libpcap's. */
static int file_open(FILE **file, const char *path, struct error *err)
{
	struct stat st;

	*file = fopen(path, "rbe");
	if (!*file) {
		if (errno == ENOENT || errno == ENOTDIR)
			return error_set(err, ENOENT,
					 "capture '%s': there is no such file; check the name", path);
		if (errno == EACCES || errno == EPERM)
			return error_set(err, EPERM, "capture '%s': not allowed to read it; give "
					 "this user read permission", path);
		return error_set(err, EINVAL, "capture '%s': cannot be opened: %s", path,
				 strerror(errno));
	}
	if (fstat(fileno(*file), &st) == 0 && S_ISDIR(st.st_mode)) {
		fclose(*file);
		return error_set(err, EINVAL, "capture '%s': is a directory; name a pcap or pcapng "
				 "file in it", path);
	}
	return 0;
}

int capture_open(struct capture **capture, const char *path, struct error *err)
{
	char reason[PCAP_ERRBUF_SIZE] = "";
	struct capture *c;
	FILE *file;
	int rc;

	*capture = NULL;
	rc = file_open(&file, path, err);
	if (rc)
		return rc;
	c = calloc(1, sizeof(*c));
	if (!c || !(c->path = strdup(path))) {
		rc = error_set(err, ENOMEM, "capture '%s': out of memory", path);
		goto free_capture;
	}
	c->pcap = pcap_fopen_offline_with_tstamp_precision(file, PCAP_TSTAMP_PRECISION_NANO, reason);
	if (!c->pcap) {
		rc = error_set(err, EINVAL, "capture '%s': not a whole pcap or pcapng file: %s; "
			       "write it again with tcpdump or Wireshark", path, reason);
		goto free_capture;
	}
	file = NULL;   /* pcap_close() closes it */
	if (pcap_datalink(c->pcap) != DLT_EN10MB) {
		const char *name = pcap_datalink_val_to_name(pcap_datalink(c->pcap));

		rc = error_set(err, EINVAL, "capture '%s': its frames are of link type %s, not of "
			       "Ethernet; capture on an Ethernet interface", path,
			       name ? name : "unknown");
		goto close_pcap;
	}
	*capture = c;
	return 0;

close_pcap:
	pcap_close(c->pcap);
free_capture:
	if (file)
		fclose(file);
	if (c)
		free(c->path);
	free(c);
	return rc;
}

void capture_close(struct capture *capture)
{
	if (!capture)
		return;
	pcap_close(capture->pcap);
	free(capture->path);
	free(capture);
}

int capture_next(struct capture *capture, struct capture_frame *frame, struct error *err)
{
	struct pcap_pkthdr *header;
	const u_char *bytes;
	int rc;

	if (capture->broken.text[0])
		return error_set(err, EBADMSG, "%s", capture->broken.text);
	rc = pcap_next_ex(capture->pcap, &header, &bytes);
	if (rc == PCAP_ERROR_BREAK)
		return 0;
	if (rc != 1) {
		error_set(&capture->broken, EBADMSG, "capture '%s': cut off or damaged at record "
			  "%" PRIu64 ": %s; the %" PRIu64 " records before it were read",
			  capture->path, capture->records + 1, pcap_geterr(capture->pcap),
			  capture->records);
		return error_set(err, EBADMSG, "%s", capture->broken.text);
	}
	capture->records++;
	frame->bytes = bytes;
	frame->length = header->caplen;
	/* Some writers leave the length on the wire 0. */
	frame->wire_length = header->len > header->caplen ? header->len : header->caplen;
	/* Asked for nanoseconds: tv_usec holds them. */
	frame->time_ns = (uint64_t)header->ts.tv_sec * 1000000000u + (uint64_t)header->ts.tv_usec;
	return 1;
}
