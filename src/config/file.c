/* SPDX-License-Identifier: BSD-2-Clause */
/* The configuration from a file: what can go wrong before its first byte. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/config.h"
#include "config/tree.h"

static int fail_file(const struct config_errors *errors, int code)
{
	switch (code) {
	case ENOENT:
	case ENOTDIR:
		return error_set(errors->error, ENOENT,
				 "%s: there is no such file; give the name of a configuration", errors->file);
	case EACCES:
	case EPERM:
		return error_set(errors->error, EACCES,
				 "%s: may not be read by this user; change its mode or its owner",
				 errors->file);
	case EISDIR:
		return error_set(errors->error, EINVAL,
				 "%s: is a directory; give the name of a file in it", errors->file);
	case ENOMEM:
		return error_set(errors->error, ENOMEM, "%s: there is no memory to read it",
				 errors->file);
	default:
		return error_set(errors->error, EINVAL, "%s: cannot be read: %s", errors->file,
				 strerror(code));
	}
}

/* Fills 'text' up to its size; returns the bytes, or a negative errno. */
static ssize_t read_all(int fd, char *text, size_t size)
{
	size_t used = 0;

	while (used < size) {
		ssize_t n = read(fd, text + used, size - used);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		used += (size_t)n;
	}
	return (ssize_t)used;
}

int config_read(struct host_config **config, const char *file, struct error *err)
{
	struct config_errors errors;
	size_t size = CONFIG_MAX_BYTES + 1;   /* one more, to see that it is too long */
	ssize_t length;
	char *text;
	int fd, ret;

	*config = NULL;
	config_errors_init(&errors, file, err);
	fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return fail_file(&errors, errno);
	text = malloc(size);
	if (!text) {
		ret = fail_file(&errors, ENOMEM);
		goto close_file;
	}
	length = read_all(fd, text, size);
	ret = length < 0 ? fail_file(&errors, (int)-length) :
			   config_parse(config, file, text, (size_t)length, err);
	free(text);
close_file:
	close(fd);
	return ret;
}
