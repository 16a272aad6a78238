/* All properties of service units that systemd-run accepts: the function that reads the text,
 * what the text should be, and the names. The name on the wire and the signature are set by
 * that function; mostly the name is the property's own. */

#include "lib/systemd/props/impl.h"

#include <string.h>

#include "lib/base/nearest.h"

#define CONDITIONS(k) \
	k "Architecture " k "Firmware " k "Virtualization " k "Host " k "KernelCommandLine " \
	k "KernelVersion " k "Credential " k "Security " k "Capability " k "ACPower " \
	k "NeedsUpdate " k "FirstBoot " k "PathExists " k "PathExistsGlob " \
	k "PathIsDirectory " k "PathIsSymbolicLink " k "PathIsMountPoint " \
	k "PathIsReadWrite " k "PathIsEncrypted " k "DirectoryNotEmpty " k "FileNotEmpty " \
	k "FileIsExecutable " k "User " k "Group " k "ControlGroupController " k "CPUs " \
	k "Memory " k "Environment " k "CPUFeature " k "OSRelease " k "MemoryPressure " \
	k "CPUPressure " k "IOPressure "

#define HOOKS(ex) \
	"ExecCondition" ex " ExecStartPre" ex " ExecStart" ex " ExecStartPost" ex " " \
	"ExecReload" ex " ExecStop" ex " ExecStopPost" ex " "

#define YESNO "yes or no"
#define TEXT "text in UTF-8"
#define WORDS "a list of words with their quotes closed"
#define NUMBER "a whole number"
#define TIME "a time such as 90, 5min or 1h 30s, or infinity"
#define DEVICE(what) "a device's path, a space and " what
#define LIMITS(what) what " or infinity, or two of these as SOFT:HARD"

static const struct prop_kind kinds[] = {
	{ add_bool, YESNO,
	  "CPUAccounting MemoryAccounting IOAccounting BlockIOAccounting TasksAccounting "
	  "IPAccounting IgnoreSIGPIPE TTYVHangup TTYReset TTYVTDisallocate PrivateTmp "
	  "PrivateDevices PrivateNetwork PrivateUsers PrivateMounts PrivateIPC "
	  "NoNewPrivileges SyslogLevelPrefix MemoryDenyWriteExecute RestrictRealtime "
	  "DynamicUser RemoveIPC ProtectKernelTunables ProtectKernelModules "
	  "ProtectKernelLogs ProtectClock ProtectControlGroups MountAPIVFS "
	  "CPUSchedulingResetOnFork LockPersonality ProtectHostname RestrictSUIDSGID "
	  "SendSIGHUP SendSIGKILL PermissionsStartOnly RootDirectoryStartOnly "
	  "RemainAfterExit GuessMainPID StopWhenUnneeded RefuseManualStart "
	  "RefuseManualStop AllowIsolate IgnoreOnIsolate DefaultDependencies", 0 },
	{ add_bool, YESNO, "MemoryKSM RootEphemeral", 254 },
	{ add_bool, YESNO, "CoredumpReceive SetLoginEnvironment SurviveFinalKillSignal", 255 },
	{ add_bool, YESNO, "MemoryZSwapWriteback", 256 },
	{ add_bool, YESNO, "BindLogSockets", 257 },

	{ add_string, TEXT,
	  "DevicePolicy Slice ManagedOOMSwap ManagedOOMMemoryPressure ManagedOOMPreference "
	  "User Group UtmpIdentifier UtmpMode PAMName TTYPath WorkingDirectory RootDirectory "
	  "SyslogIdentifier ProtectSystem ProtectHome SELinuxContext RootImage RootVerity "
	  "RuntimeDirectoryPreserve Personality KeyringMode ProtectProc ProcSubset "
	  "NetworkNamespacePath IPCNamespacePath LogNamespace KillMode PIDFile Type ExitType "
	  "Restart BusName NotifyAccess USBFunctionDescriptors USBFunctionStrings OOMPolicy "
	  "TimeoutStartFailureMode TimeoutStopFailureMode Description SourcePath "
	  "OnFailureJobMode JobTimeoutAction JobTimeoutRebootArgument StartLimitAction "
	  "FailureAction SuccessAction RebootArgument CollectMode", 0 },
	{ add_string, TEXT,
	  "MemoryPressureWatch DelegateSubgroup RootImagePolicy MountImagePolicy "
	  "ExtensionImagePolicy RestartMode FileDescriptorStorePreserve", 254 },
	{ add_string, TEXT, "PrivatePIDs PrivateTmpEx PrivateUsersEx ProtectControlGroupsEx",
	  257 },

	{ add_words, WORDS,
	  "DisableControllers ReadWriteDirectories ReadOnlyDirectories "
	  "InaccessibleDirectories ReadWritePaths ReadOnlyPaths InaccessiblePaths ExecPaths "
	  "NoExecPaths ExecSearchPath ExtensionDirectories ConfigurationDirectory "
	  "SupplementaryGroups SystemCallArchitectures Documentation RequiresMountsFor "
	  "Markers Requires Requisite Wants BindsTo PartOf Upholds RequiredBy RequisiteOf "
	  "WantedBy BoundBy UpheldBy ConsistsOf Conflicts ConflictedBy Before After "
	  "OnSuccess OnSuccessOf OnFailure OnFailureOf Triggers TriggeredBy "
	  "PropagatesReloadTo ReloadPropagatedFrom PropagatesStopTo StopPropagatedFrom "
	  "JoinsNamespaceOf References ReferencedBy InSlice SliceOf", 0 },
	{ add_words, WORDS, "WantsMountsFor", 256 },
	{ add_words_c, "a list of words with their quotes closed and C escapes",
	  "Environment UnsetEnvironment PassEnvironment", 0 },
	{ add_whole_word, TEXT, "IPIngressFilterPath IPEgressFilterPath", 0 },
	{ add_whole_word, TEXT, "ImportCredential", 254 },
	{ add_delegate, "yes, no or a list of controllers", "Delegate", 0 },

	{ add_cpu_weight, "idle or a number from 1 to 10000", "CPUWeight StartupCPUWeight", 0 },
	{ add_weight, "a number from 1 to 10000", "IOWeight StartupIOWeight", 0 },
	{ add_shares, "a number from 2 to 262144", "CPUShares StartupCPUShares", 0 },
	{ add_blkio_weight, "a number from 10 to 1000", "BlockIOWeight StartupBlockIOWeight",
	  0 },
	{ add_memory_low, "a size such as 512M, a percentage or infinity",
	  "MemoryMin DefaultMemoryLow DefaultMemoryMin MemoryLow", 0 },
	{ add_memory, "a size such as 512M, a percentage or infinity",
	  "MemoryHigh MemoryMax MemorySwapMax MemoryLimit", 0 },
	{ add_memory, "a size such as 512M, a percentage or infinity", "MemoryZSwapMax", 253 },
	{ add_tasks, "a number, a percentage or infinity", "TasksMax", 0 },
	{ add_scale, "a percentage from 0% to 100%", "ManagedOOMMemoryPressureLimit", 0 },
	{ add_quota, "a percentage above 0%", "CPUQuota", 0 },
	{ add_i32, NUMBER, "CPUSchedulingPriority OOMScoreAdjust", 0 },
	{ add_nice, "a number from -20 to 19", "Nice", 0 },
	{ add_ioprio, "a number from 0 to 7", "IOSchedulingPriority", 0 },
	{ add_u32, NUMBER " of 0 or more",
	  "LogRateLimitBurst TTYRows TTYColumns FileDescriptorStoreMax StartLimitBurst", 0 },
	{ add_u32, NUMBER " of 0 or more", "RestartSteps", 254 },
	{ add_exit_or_none, "a number from 0 to 255",
	  "SuccessActionExitStatus FailureActionExitStatus", 0 },
	{ add_mode, "an octal mode such as 0755",
	  "RuntimeDirectoryMode StateDirectoryMode CacheDirectoryMode LogsDirectoryMode "
	  "ConfigurationDirectoryMode UMask", 0 },
	{ add_limit, LIMITS("a time"), "LimitCPU LimitRTTIME", 0 },
	{ add_limit, LIMITS("a size such as 8M"),
	  "LimitFSIZE LimitDATA LimitSTACK LimitCORE LimitRSS LimitAS LimitMEMLOCK "
	  "LimitMSGQUEUE", 0 },
	{ add_limit, LIMITS("a number"),
	  "LimitNOFILE LimitNPROC LimitLOCKS LimitSIGPENDING LimitRTPRIO", 0 },
	{ add_limit, LIMITS("a nice level such as +5 or -5, or a number from 0 to 40"),
	  "LimitNICE", 0 },

	{ add_sec, TIME,
	  "RestartSec TimeoutStartSec TimeoutStopSec TimeoutAbortSec RuntimeMaxSec "
	  "RuntimeRandomizedExtraSec WatchdogSec LogRateLimitIntervalSec "
	  "JobRunningTimeoutSec StartLimitIntervalSec JobTimeoutSec", 0 },
	{ add_sec, TIME, "MemoryPressureThresholdSec RestartMaxDelaySec", 254 },
	{ add_sec_or_never, TIME, "CPUQuotaPeriodSec", 0 },
	{ add_sec_or_never, TIME, "ManagedOOMMemoryPressureDurationSec", 257 },
	{ add_start_stop_sec, TIME, "TimeoutSec", 0 },
	{ add_nsec, "a time such as 1000, 50us or 1ms", "TimerSlackNSec", 0 },

	{ add_level, "emerg, alert, crit, err, warning, notice, info, debug or 0 to 7",
	  "SyslogLevel LogLevelMax", 0 },
	{ add_facility, "a syslog facility such as daemon or local0, or 0 to 127",
	  "SyslogFacility", 0 },
	{ add_cpu_policy, "other, batch, idle, fifo, rr or a number", "CPUSchedulingPolicy",
	  0 },
	{ add_io_class, "none, realtime, best-effort, idle or 0 to 8", "IOSchedulingClass",
	  0 },
	{ add_numa_policy, "default, preferred, bind, interleave or local", "NUMAPolicy", 0 },
	{ add_signal, "a signal such as SIGTERM, SIGRTMIN+3 or 15",
	  "KillSignal RestartKillSignal FinalKillSignal WatchdogSignal", 0 },
	{ add_signal, "a signal such as SIGHUP, SIGRTMIN+3 or 1", "ReloadSignal", 253 },
	{ add_syscall_errno, "kill, an error such as EPERM, or a number from 0 to 4095",
	  "SystemCallErrorNumber", 0 },
	{ add_mount_flags, "shared, slave or private", "MountFlags", 0 },
	{ add_coredump_filter, "a list of kinds such as private-anonymous, or a hex number",
	  "CoredumpFilter", 0 },
	{ add_secure_bits, "a list of bits such as keep-caps", "SecureBits", 0 },
	{ add_capabilities, "a list of capabilities", "CapabilityBoundingSet "
	  "AmbientCapabilities", 0 },
	{ add_namespaces, "yes, no or a list out of cgroup ipc mnt net pid time user uts",
	  "RestrictNamespaces", 0 },
	{ add_exit_statuses, "an exit status from 0 to 255 or its name, or a signal's name",
	  "RestartPreventExitStatus RestartForceExitStatus SuccessExitStatus", 0 },

	{ add_cpus, "a list such as 0-3,8 of numbers up to 8191",
	  "AllowedCPUs StartupAllowedCPUs AllowedMemoryNodes StartupAllowedMemoryNodes", 0 },
	{ add_cpu_affinity, "numa or a list such as 0-3,8 of numbers up to 8191",
	  "CPUAffinity", 0 },
	{ add_numa_mask, "all or a list such as 0,1", "NUMAMask", 0 },
	{ add_addresses,
	  "any, localhost, link-local, multicast or a list of ADDRESS[/LENGTH]",
	  "IPAddressAllow IPAddressDeny", 0 },
	{ add_socket_bind, "[ipv4|ipv6:][tcp|udp:][PORT|PORT-PORT|any]",
	  "SocketBindAllow SocketBindDeny", 0 },
	{ add_nft_set, "a list of SOURCE:FAMILY:TABLE:SET", "NFTSet", 255 },
	{ add_device, TEXT, "DeviceAllow", 0 },
	{ add_device_rate, DEVICE("a size such as 10M or infinity"),
	  "IOReadBandwidthMax IOWriteBandwidthMax IOReadIOPSMax IOWriteIOPSMax "
	  "BlockIOReadBandwidth BlockIOWriteBandwidth", 0 },
	{ add_device_weight, DEVICE("a number"), "IODeviceWeight BlockIODeviceWeight", 0 },
	{ add_device_latency, DEVICE("a time such as 25ms"), "IODeviceLatencyTargetSec", 0 },
	{ add_bpf, "TYPE:PATH", "BPFProgram", 0 },

	{ add_env_file, TEXT, "EnvironmentFile", 0 },
	{ add_credential, "ID:TEXT with C escapes", "SetCredential", 0 },
	{ add_sealed_credential, "ID:BASE64", "SetCredentialEncrypted", 0 },
	{ add_credential_path, "ID:PATH", "LoadCredential LoadCredentialEncrypted", 0 },
	{ add_credential_glob, "GLOB:NAME", "ImportCredentialEx", 257 },
	{ add_log_field, "FIELD=TEXT", "LogExtraFields", 0 },
	{ add_log_pattern, TEXT, "LogFilterPatterns", 253 },
	{ add_stdio, TEXT, "StandardInput StandardOutput StandardError", 0 },
	{ add_input_text, "text with C escapes", "StandardInputText", 0 },
	{ add_input_data, "base64", "StandardInputData", 0 },
	{ add_label, TEXT, "AppArmorProfile SmackProcessLabel", 0 },
	{ add_filter, WORDS,
	  "RestrictAddressFamilies RestrictFileSystems SystemCallFilter SystemCallLog "
	  "RestrictNetworkInterfaces", 0 },
	{ add_condition, TEXT, CONDITIONS("Condition") CONDITIONS("Assert"), 0 },
	{ add_exec, "a command line with its quotes closed and C escapes",
	  HOOKS("") HOOKS("Ex"), 0 },

	{ add_bind_paths, "a list of SOURCE[:DESTINATION[:rbind|norbind]]",
	  "BindPaths BindReadOnlyPaths", 0 },
	{ add_tmpfs, "a list of PATH[:OPTIONS]", "TemporaryFileSystem", 0 },
	{ add_root_hash, "an absolute path or at least 16 bytes in hex", "RootHash", 0 },
	{ add_root_signature, "an absolute path or base64:DATA", "RootHashSignature", 0 },
	{ add_root_options, "a list of [PARTITION:]OPTIONS", "RootImageOptions", 0 },
	{ add_mount_images, "a list of SOURCE:DESTINATION[:[PARTITION:]OPTIONS]",
	  "MountImages", 0 },
	{ add_extension_images, "a list of SOURCE[:[PARTITION:]OPTIONS]", "ExtensionImages",
	  0 },
	{ add_directory, "a list of NAME[:LINK[:ro]]",
	  "StateDirectory RuntimeDirectory CacheDirectory LogsDirectory", 0 },
	{ add_open_file, "PATH[:NAME[:OPTION,...]] with the options read-only, append, "
	  "truncate, graceful", "OpenFile", 253 },
};

#define KINDS (sizeof kinds / sizeof kinds[0])

static const char *next_name(const char *at, size_t *len)
{
	at += strspn(at, " ");
	*len = strcspn(at, " ");
	return at;
}

static bool has_name(const struct prop_kind *k, const char *name, size_t len)
{
	size_t n;

	for (const char *at = next_name(k->names, &n); n; at = next_name(at + n, &n))
		if (n == len && !memcmp(at, name, n)) return true;
	return false;
}

const struct prop_kind *prop_find(const char *name, size_t len)
{
	for (size_t i = 0; i < KINDS; i++)
		if (has_name(&kinds[i], name, len)) return &kinds[i];
	return NULL;
}

const char *prop_nearest(struct arena *m, const char *name)
{
	struct nearest near = { .word = name };
	size_t n;

	for (size_t i = 0; i < KINDS; i++) {
		const char *at = next_name(kinds[i].names, &n);

		for (; n; at = next_name(at + n, &n))
			nearest_offer(&near, arena_strndup(m, at, n));
	}
	return near.best;
}
