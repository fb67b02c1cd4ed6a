/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which system calls docker's default profile allows, grouped by what they are for.
 * Names a program's libseccomp does not know are skipped by it.
 */
#include <errno.h>

#include "backends/oci_caps.h"
#include "backends/oci_seccomp.h"

#define BIT(cap) (UINT64_C(1) << OCI_CAP_##cap)

/* clone() with a flag that makes a namespace: 0x7e020000. */
enum { NEW_NAMESPACES = 0x7e020000 };
enum { FAMILY_VSOCK = 40 };

#define ALLOW(text)                                                                                \
	{                                                                                          \
		.names = (text)                                                                    \
	}
#define ALLOW_WITH(set, text)                                                                      \
	{                                                                                          \
		.names = (text), .caps = (set)                                                     \
	}
#define ALLOW_ON(machine, text)                                                                    \
	{                                                                                          \
		.names = (text), .arch = (machine)                                                 \
	}
#define ALLOW_IF(text, i, o, v)                                                                    \
	{                                                                                          \
		.names = (text), .n_args = 1, .index = (i), .op = OCI_SECCOMP_##o, .value = (v)    \
	}

const struct oci_seccomp_rule oci_seccomp_table[] = {
	/* files and directories by name */
	ALLOW("access chdir chmod chown chown32 creat faccessat faccessat2 fchdir fchmodat "
	      "fchmodat2 fchownat getcwd lchown lchown32 link linkat mkdir mkdirat mknod mknodat "
	      "open openat openat2 readlink readlinkat rename renameat renameat2 rmdir symlink "
	      "symlinkat truncate truncate64 umask unlink unlinkat utime utimensat "
	      "utimensat_time64 utimes futimesat stat stat64 lstat lstat64 newfstatat fstatat64 "
	      "statfs statfs64 statx name_to_handle_at"),
	/* descriptors */
	ALLOW("close close_range copy_file_range dup dup2 dup3 fadvise64 fadvise64_64 fallocate "
	      "fchmod fchown fchown32 fcntl fcntl64 fdatasync flock fstat fstat64 fstatfs "
	      "fstatfs64 fsync ftruncate ftruncate64 getdents getdents64 ioctl _llseek lseek "
	      "pipe pipe2 pread64 preadv preadv2 pwrite64 pwritev pwritev2 read readahead readv "
	      "sendfile sendfile64 splice sync sync_file_range syncfs tee vmsplice write writev "
	      "cachestat"),
	/* extended attributes, notification, waiting */
	ALLOW("fgetxattr flistxattr fremovexattr fsetxattr getxattr lgetxattr listxattr "
	      "llistxattr lremovexattr lsetxattr removexattr setxattr inotify_add_watch "
	      "inotify_init inotify_init1 inotify_rm_watch epoll_create epoll_create1 epoll_ctl "
	      "epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait epoll_wait_old eventfd eventfd2 "
	      "poll ppoll ppoll_time64 pselect6 pselect6_time64 select _newselect signalfd "
	      "signalfd4 timerfd_create timerfd_gettime timerfd_gettime64 timerfd_settime "
	      "timerfd_settime64 io_cancel io_destroy io_getevents io_pgetevents "
	      "io_pgetevents_time64 io_setup io_submit fanotify_mark"),
	/* memory */
	ALLOW("brk madvise membarrier memfd_create memfd_secret mincore mlock mlock2 mlockall mmap "
	      "mmap2 mprotect mremap mseal msync munlock munlockall munmap pkey_alloc pkey_free "
	      "pkey_mprotect process_mrelease remap_file_pages map_shadow_stack"),
	/* processes and threads */
	ALLOW("capget capset execve execveat exit exit_group fork vfork futex futex_requeue "
	      "futex_time64 futex_wait futex_waitv futex_wake getcpu getpgid getpgrp getpid "
	      "getppid "
	      "getpriority getrlimit get_robust_list getrusage getsid get_thread_area gettid "
	      "getgroups getgroups32 getegid getegid32 geteuid geteuid32 getgid getgid32 getresgid "
	      "getresgid32 getresuid getresuid32 getuid getuid32 ioprio_get ioprio_set kill "
	      "pidfd_open pidfd_send_signal prctl prlimit64 pause rseq sched_getaffinity "
	      "sched_getattr sched_getparam sched_get_priority_max sched_get_priority_min "
	      "sched_getscheduler sched_rr_get_interval sched_rr_get_interval_time64 "
	      "sched_setaffinity sched_setattr sched_setparam sched_setscheduler sched_yield "
	      "seccomp setfsgid setfsgid32 setfsuid setfsuid32 setgid setgid32 setgroups "
	      "setgroups32 setpgid setpriority setregid setregid32 setresgid setresgid32 setresuid "
	      "setresuid32 setreuid setreuid32 setrlimit set_robust_list setsid set_thread_area "
	      "set_tid_address setuid setuid32 tgkill tkill ugetrlimit wait4 waitid waitpid "
	      "landlock_add_rule landlock_create_ruleset landlock_restrict_self"),
	/* signals and time */
	ALLOW("alarm clock_adjtime clock_adjtime64 clock_getres clock_getres_time64 clock_gettime "
	      "clock_gettime64 clock_nanosleep clock_nanosleep_time64 getitimer gettimeofday "
	      "nanosleep restart_syscall rt_sigaction rt_sigpending rt_sigprocmask "
	      "rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64 "
	      "rt_tgsigqueueinfo setitimer sigaltstack sigprocmask sigreturn time timer_create "
	      "timer_delete timer_getoverrun timer_gettime timer_gettime64 timer_settime "
	      "timer_settime64 times adjtimex"),
	/* sockets */
	ALLOW("accept accept4 bind connect getpeername getsockname getsockopt listen recv recvfrom "
	      "recvmmsg recvmmsg_time64 recvmsg send sendmmsg sendmsg sendto setsockopt shutdown "
	      "socketcall socketpair"),
	/* System V and POSIX ipc, random, system */
	ALLOW("ipc mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedreceive_time64 "
	      "mq_timedsend mq_timedsend_time64 mq_unlink msgctl msgget msgrcv msgsnd semctl "
	      "semget semop semtimedop semtimedop_time64 shmat shmctl shmdt shmget getrandom "
	      "sysinfo uname"),
	/* families that reach past the container */
	ALLOW_IF("socket", 0, NE, FAMILY_VSOCK),
	/* personality: Linux, Linux on 32 bits, no randomisation, both, and the question */
	ALLOW_IF("personality", 0, EQ, 0x0),
	ALLOW_IF("personality", 0, EQ, 0x0008),
	ALLOW_IF("personality", 0, EQ, 0x20000),
	ALLOW_IF("personality", 0, EQ, 0x20008),
	ALLOW_IF("personality", 0, EQ, 0xffffffff),
	ALLOW("process_vm_readv process_vm_writev ptrace"),
	/* machines */
	ALLOW_ON("amd64", "arch_prctl modify_ldt"),
	ALLOW_ON("arm64", "arm_fadvise64_64 arm_sync_file_range sync_file_range2 breakpoint "
			  "cacheflush set_tls"),
	/* what a capability brings */
	ALLOW_WITH(BIT(DAC_READ_SEARCH), "open_by_handle_at"),
	ALLOW_WITH(BIT(SYS_ADMIN),
		   "bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie "
		   "mount mount_setattr move_mount open_tree perf_event_open quotactl quotactl_fd "
		   "setdomainname sethostname setns syslog umount umount2 unshare"),
	{ .names = "clone",
	  .without = BIT(SYS_ADMIN),
	  .n_args = 1,
	  .index = 0,
	  .op = OCI_SECCOMP_MASKED_EQ,
	  .value = NEW_NAMESPACES,
	  .value_two = 0 },
	{ .names = "clone3", .without = BIT(SYS_ADMIN), .err = ENOSYS },
	ALLOW_WITH(BIT(SYS_BOOT), "reboot"),
	ALLOW_WITH(BIT(SYS_CHROOT), "chroot"),
	ALLOW_WITH(BIT(SYS_MODULE), "delete_module init_module finit_module"),
	ALLOW_WITH(BIT(SYS_PACCT), "acct"),
	ALLOW_WITH(BIT(SYSLOG), "syslog"),
	ALLOW_WITH(BIT(SYS_PTRACE), "kcmp pidfd_getfd process_madvise"),
	ALLOW_WITH(BIT(SYS_RAWIO), "iopl ioperm"),
	ALLOW_WITH(BIT(SYS_TIME), "settimeofday stime clock_settime clock_settime64"),
	ALLOW_WITH(BIT(SYS_TTY_CONFIG), "vhangup"),
	ALLOW_WITH(BIT(SYS_NICE), "get_mempolicy mbind set_mempolicy set_mempolicy_home_node"),
	ALLOW_WITH(BIT(BPF), "bpf"),
	ALLOW_WITH(BIT(PERFMON), "perf_event_open"),
};

const size_t oci_seccomp_table_n = sizeof(oci_seccomp_table) / sizeof(oci_seccomp_table[0]);
