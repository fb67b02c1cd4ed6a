/* SPDX-License-Identifier: Apache-2.0 */
/* Frames and descriptors; knows nothing of what they say. */
#include "backends/hcs_sim/wire.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void wire_put(struct buf *out, struct json_object *take)
{
	size_t n = 0;
	const char *text = json_object_to_json_string_length(take, JSON_C_TO_STRING_PLAIN, &n);
	uint32_t head = (uint32_t)n;

	buf_add(out, &head, sizeof(head));
	buf_add(out, text, n);
	json_object_put(take);
}

int wire_get(struct buf *in, struct json_object **ret, struct error *err)
{
	struct json_object *o CLEAN(json) = NULL;
	uint32_t n;
	int r;

	if (in->n < sizeof(n))
		return WIRE_PARTIAL;
	memcpy(&n, in->data, sizeof(n));
	if (n > WIRE_BYTES)
		return error_set(err, ERR_LIMIT, 0, "a frame of %u bytes", n);
	if (in->n < sizeof(n) + n)
		return WIRE_PARTIAL;
	r = json_parse(in->data + sizeof(n), n, &o, err);
	if (r < 0)
		return r;
	if (!json_object_is_type(o, json_type_object))
		return error_set(err, ERR_INVALID, 0, "a frame without an object");
	buf_drop(in, sizeof(n) + n);
	*ret = TAKE(o);
	return 0;
}

void wire_fds_close(struct wire_fds *fds)
{
	for (size_t i = 0; i < fds->n; i++)
		close(fds->fd[i]);
	fds->n = 0;
}

static void keep_fds(struct msghdr *msg, struct wire_fds *fds)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(fd), sizeof(fd));
			if (fds->n < WIRE_FDS)
				fds->fd[fds->n++] = fd;
			else
				close(fd);
		}
	}
}

int wire_receive(int socket, struct buf *in, struct wire_fds *fds)
{
	char chunk[16384];
	char control[CMSG_SPACE(sizeof(int) * WIRE_FDS)];
	struct iovec iov = { chunk, sizeof(chunk) };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control,
			      .msg_controllen = sizeof(control) };
	ssize_t n;

	do
		n = recvmsg(socket, &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? WIRE_AGAIN : WIRE_END;
	if (n == 0)
		return WIRE_END;
	keep_fds(&msg, fds);
	buf_add(in, chunk, (size_t)n);
	return in->overflow ? WIRE_END : 0;
}

int wire_send(int socket, const struct buf *bytes, const int *fds, size_t n_fds)
{
	char control[CMSG_SPACE(sizeof(int) * WIRE_FDS)] = { 0 };
	struct iovec iov = { bytes->data, bytes->n };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *c = (struct cmsghdr *)control;

	if (n_fds > 0) {
		msg.msg_control = control;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * n_fds);
		*c = (struct cmsghdr){ .cmsg_level = SOL_SOCKET,
				       .cmsg_type = SCM_RIGHTS,
				       .cmsg_len = CMSG_LEN(sizeof(int) * n_fds) };
		memcpy(CMSG_DATA(c), fds, sizeof(int) * n_fds);
	}
	while (iov.iov_len > 0) {
		ssize_t n = sendmsg(socket, &msg, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return WIRE_END;
		iov.iov_base = (char *)iov.iov_base + n;
		iov.iov_len -= (size_t)n;
		msg.msg_control = NULL;
		msg.msg_controllen = 0;
	}
	return 0;
}
