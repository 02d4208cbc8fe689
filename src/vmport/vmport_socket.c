/* SPDX-License-Identifier: BSD-2-Clause */
/* The path of a port's socket: what can be wrong with it, said in one line. */
#include <errno.h>
#include <libgen.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "vmport/vmport_kind.h"

static int directory_check(const struct vmport *port, const char *path, struct error *err)
{
	char copy[sizeof(((struct sockaddr_un *)0)->sun_path)];
	const char *directory;
	struct stat st;

	strcpy(copy, path);
	directory = dirname(copy);
	if (stat(directory, &st) < 0) {
		if (errno == ENOENT)
			return error_set(err, ENOENT, VMPORT_WHO "there is no directory %s; make "
					 "it: mkdir -p %s", port->name, port->spec, directory,
					 directory);
		return error_set(err, errno == EACCES ? EPERM : errno, VMPORT_WHO "directory %s: %s",
				 port->name, port->spec, directory, strerror(errno));
	}
	if (!S_ISDIR(st.st_mode))
		return error_set(err, ENOTDIR, VMPORT_WHO "%s is no directory; choose another path",
				 port->name, port->spec, directory);
	return 0;
}

static int socket_open(const struct vmport *port, struct error *err)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return error_set(err, errno, VMPORT_WHO "no socket: %s", port->name, port->spec,
				 strerror(errno));
	return fd;
}

/* Something lies at the path already. A socket that nobody serves was left by a
 * process that died, and goes. */
static int stale_remove(const struct vmport *port, const struct sockaddr_un *address,
			struct error *err)
{
	const char *path = address->sun_path;
	struct stat st;
	int fd, ret, code;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : error_set(err, errno, VMPORT_WHO "%s", port->name,
						       port->spec, strerror(errno));
	if (!S_ISSOCK(st.st_mode))
		return error_set(err, EEXIST, VMPORT_WHO "%s exists and is no socket; remove it or "
				 "choose another path", port->name, port->spec, path);
	fd = socket_open(port, err);
	if (fd < 0)
		return fd;
	ret = connect(fd, (const struct sockaddr *)address, sizeof(*address));
	code = ret < 0 ? errno : 0;
	close(fd);
	if (code == EACCES)
		return error_set(err, EPERM, VMPORT_WHO "%s belongs to another user; remove it or "
				 "choose another path", port->name, port->spec, path);
	/* EAGAIN: a server with a full backlog is a server. */
	if (code != ECONNREFUSED)
		return error_set(err, EADDRINUSE, VMPORT_WHO "another process serves %s; stop it or "
				 "choose another path", port->name, port->spec, path);
	if (unlink(path) < 0 && errno != ENOENT)
		return error_set(err, errno == EACCES ? EPERM : errno, VMPORT_WHO "the stale socket "
				 "%s cannot be removed: %s; remove it by hand", port->name,
				 port->spec, path, strerror(errno));
	log_info(VMPORT_WHO "removed a stale socket that nobody served", port->name, port->spec);
	return 0;
}

/* Binds once on trial: the kernel names the cause that librte_vhost would not. */
static int bind_try(const struct vmport *port, const struct sockaddr_un *address,
		    struct error *err)
{
	int ret = 0, fd = socket_open(port, err);

	if (fd < 0)
		return fd;
	if (bind(fd, (const struct sockaddr *)address, sizeof(*address)) == 0)
		unlink(address->sun_path);
	else if (errno == EACCES || errno == EPERM)
		ret = error_set(err, EPERM, VMPORT_WHO "no permission to make a socket there; choose "
				"a directory that you may write to", port->name, port->spec);
	else
		ret = error_set(err, errno, VMPORT_WHO "cannot make the socket: %s; choose another "
				"path", port->name, port->spec, strerror(errno));
	close(fd);
	return ret;
}

int vmport_socket_check(const struct vmport *port, const char *path, bool listen,
		       struct error *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int ret;

	if (strlen(path) >= sizeof(address.sun_path))
		return error_set(err, EINVAL, "VM %s: the path of its socket has %zu bytes, a socket "
				 "takes at most %zu; choose a shorter one: %.200s", port->name,
				 strlen(path), sizeof(address.sun_path) - 1, port->spec);
	strcpy(address.sun_path, path);
	ret = directory_check(port, path, err);
	if (ret || !listen)
		return ret;
	ret = stale_remove(port, &address, err);
	return ret ? ret : bind_try(port, &address, err);
}
