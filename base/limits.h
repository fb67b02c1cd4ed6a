/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Every limit on something that comes from outside, with the reason for the number. */

/* Deployment files: far above any real file, far below what hurts. */
#define LIMIT_SPEC_BYTES (4 << 20)
#define LIMIT_YAML_DEPTH 64      /* upstream's format needs 9 levels */
#define LIMIT_YAML_NODES 1000000 /* after expansion of aliases: alias bombs end here */
#define LIMIT_FINDINGS   100     /* errors shown for one file; the rest is counted */
#define LIMIT_SERVICES   20000   /* in one deployment */
#define LIMIT_SLOTS      200000  /* in one deployment; twice the largest measured case */

/* Names: they appear in paths, links, cgroups and socket names. */
#define LIMIT_DEPLOYMENT_NAME 63
#define LIMIT_SERVICE_NAME    63
#define LIMIT_OWNER           31
#define LIMIT_RUNTIME_ID      192 /* deployment + service + "-rep-" + numbers, with room */

/* Files and processes. */
#define LIMIT_CONFIG_BYTES     (1 << 20)
#define LIMIT_STATE_FILE_BYTES (1 << 20) /* instance.json, OCI state, exit files */
#define LIMIT_PROCESS_OUTPUT   (1 << 20) /* what a runtime program may print */
#define LIMIT_PATH             4096
#define LIMIT_ARGS             4096 /* words of a command line */

/* Shim protocol. */
#define LIMIT_FRAME_BYTES  (1 << 20)
#define LIMIT_SHIM_CLIENTS 16
#define LIMIT_SHIM_CALLS   256        /* that wait for a worker, of all clients together */
#define LIMIT_SHIM_EXECS   32         /* at once; each costs two threads */
#define LIMIT_SHIM_UNSENT  (64 << 20) /* bytes a client has not read: more than any list */
#define LIMIT_SHIM_EXITS   4096       /* not acknowledged by any client; list shows them too */
#define LIMIT_LOG_LINE     (16 << 10) /* CRI splits longer lines; the value containerd uses */
#define LIMIT_LOG_FILES    5          /* a log and what was set aside of it; as the kubelet has */
#define LIMIT_LOG_BYTES    (50 << 20) /* of them together, where the file does not say */

/* Images. */
#define LIMIT_MANIFEST_BYTES     (4 << 20) /* what registries accept at most */
#define LIMIT_IMAGE_CONFIG_BYTES (4 << 20)
#define LIMIT_IMAGE_LAYERS       512
#define LIMIT_LAYER_BYTES        (INT64_C(64) << 30) /* unpacked */
#define LIMIT_LAYER_RATIO        1000                /* unpacked : packed; deflate's best is 1032 */
#define LIMIT_LAYER_SMALL        (INT64_C(64) << 20) /* unpacked; the ratio counts above it */
#define LIMIT_LAYER_MEMBERS      4000000
#define LIMIT_MEMBER_NAME        4096
#define LIMIT_MEMBER_DEPTH       128         /* directories; fs_remove_tree goes 256 deep */
#define LIMIT_WINLAYER_MEMBERS   1000000     /* five times the largest of Microsoft's */
#define LIMIT_WINLAYER_LIST      (256 << 20) /* of deleted names, or of hard links */
#define LIMIT_PAX_BYTES          (1 << 20)   /* records of a Windows layer's member; Go's limit */
#define LIMIT_PAX_RECORDS        256         /* of one member; one more than attributes is rare */

/* Store. */
#define LIMIT_LOCKS_BYTES (16 << 20) /* the kernel's list of file locks: some 60 bytes each */
#define LIMIT_EVENTS      10000

/* API: what anybody who can connect to the socket may cost. */
#define LIMIT_API_CONNECTIONS  128 /* at once, with a request that is served */
#define LIMIT_API_REFUSALS     32  /* more, which are only told to come back; the rest waits */
#define LIMIT_API_STREAMS      64  /* half of the connections: questions always find a place */
#define LIMIT_API_FOLLOWERS    48  /* streams, as long as one more GET gets one: changes find one */
#define LIMIT_API_HEAD         (32 << 10)             /* request line and headers */
#define LIMIT_API_BODY         (2 * LIMIT_SPEC_BYTES) /* a file as a JSON string, and more */
#define LIMIT_API_READER_BODY  (64 << 10)             /* of those who may only look */
#define LIMIT_API_STREAM_BYTES (1 << 20)              /* that a client has not read yet */
#define LIMIT_API_PARAMS       4                      /* in the pattern of a route */
#define LIMIT_API_QUERY        32                     /* names after the question mark */
