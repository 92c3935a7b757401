//! Programs and builtins that make more of their arguments than data, by name.

/// Builtins and programs that run their arguments, or expand them once more.
pub(super) const RUN_ARGUMENTS: &[&str] = &[
    ".", "alias", "at", "autossh", "batch", "bind", "compgen", "complete", "coproc", "crontab", "ed", "enable", "eval",
    "ex", "expect", "fc", "gdb", "hash", "jobs", "let", "m4", "mosh", "parallel", "pdsh", "rsh", "runuser", "screen",
    "script", "sg", "shopt", "slogin", "source", "sqlite3", "ssh", "su", "tmux", "trap", "watch", "xterm",
];

/// Builtins that take names of variables: bash evaluates the index in `a[…]`.
pub(super) const TAKE_NAMES: &[&str] = &[
    "declare",
    "export",
    "getopts",
    "local",
    "mapfile",
    "read",
    "readarray",
    "readonly",
    "typeset",
    "unset",
    "wait",
];

/// Of these, the ones that put what they read into variables.
pub(super) const READ_INTO_NAMES: &[&str] = &["getopts", "mapfile", "read", "readarray"];

/// A command that runs the command after it.
pub(super) struct Runner {
    /// Its name.
    pub name: &'static str,
    /// How many words of its own stand before that command.
    pub operands: usize,
    /// Options that take no word. Any other option may have the next word, or not.
    pub flags: &'static [&'static str],
}

const fn runner(name: &'static str, operands: usize, flags: &'static [&'static str]) -> Runner {
    Runner { name, operands, flags }
}

/// Commands that run the command after them.
pub(super) const RUNNERS: &[Runner] = &[
    runner("builtin", 0, &[]),
    runner("busybox", 0, &[]),
    runner("caffeinate", 0, &["-d", "-i", "-m", "-s"]),
    runner("chroot", 1, &[]),
    runner("chrt", 1, &["-b", "-f", "-i", "-o", "-r"]),
    runner("command", 0, &["-p"]),
    runner("doas", 0, &["-n"]),
    runner("env", 0, &["-", "-0", "-i", "--ignore-environment", "--null"]),
    runner("exec", 0, &["-c", "-l"]),
    runner("firejail", 0, &[]),
    runner(
        "flock",
        1,
        &[
            "-e",
            "-n",
            "-o",
            "-s",
            "-u",
            "-x",
            "--exclusive",
            "--nonblock",
            "--shared",
        ],
    ),
    runner("ionice", 0, &["-t"]),
    runner("ltrace", 0, &["-f"]),
    runner("nice", 0, &[]),
    runner("nohup", 0, &[]),
    runner("nsenter", 0, &[]),
    runner("numactl", 0, &[]),
    runner("prlimit", 0, &[]),
    runner("proot", 0, &[]),
    runner("setarch", 0, &[]),
    runner("setpriv", 0, &[]),
    runner("setsid", 0, &["-c", "-f", "-w", "--fork", "--wait"]),
    runner("sshpass", 0, &["-e"]),
    runner("stdbuf", 0, &[]),
    runner("strace", 0, &["-c", "-f", "-q", "-t"]),
    runner("sudo", 0, &["-A", "-E", "-H", "-b", "-k", "-n", "-nE", "-nH"]),
    runner(
        "systemd-run",
        0,
        &["-G", "-P", "-t", "--pipe", "--scope", "--user", "--wait"],
    ),
    runner("taskset", 1, &["-c"]),
    runner("time", 0, &["-p", "-v"]),
    runner("timeout", 1, &["-v", "--foreground", "--preserve-status", "--verbose"]),
    runner("torsocks", 0, &[]),
    runner("unbuffer", 0, &["-p"]),
    runner("unshare", 0, &["-n", "-r"]),
    runner(
        "xargs",
        0,
        &["-0", "-p", "-r", "-t", "-x", "--no-run-if-empty", "--null", "--verbose"],
    ),
    runner("xvfb-run", 0, &["-a"]),
];

/// Programs that run code, and the letters of the options that give it to them. A version may follow their names.
const INTERPRETERS: &[(&str, &str)] = &[
    ("ash", "c"),
    ("bash", "c"),
    ("bun", "ep"),
    ("csh", "c"),
    ("dash", "c"),
    ("deno", "ep"),
    ("elixir", "e"),
    ("fish", "cC"),
    ("groovy", "e"),
    ("guile", "c"),
    ("ipython", "c"),
    ("julia", "eE"),
    ("jython", "c"),
    ("ksh", "c"),
    ("lua", "e"),
    ("luajit", "e"),
    ("mksh", "c"),
    ("node", "ep"),
    ("nodejs", "ep"),
    ("osascript", "e"),
    ("perl", "eE"),
    ("php", "rBRE"),
    ("powershell", "cC"),
    ("pwsh", "cC"),
    ("pypy", "c"),
    ("python", "c"),
    ("python3-dbg", "c"),
    ("rbash", "c"),
    ("Rscript", "e"),
    ("ruby", "e"),
    ("sh", "c"),
    ("tclsh", ""),
    ("tcsh", "c"),
    ("ts-node", "ep"),
    ("tsx", "ep"),
    ("yash", "c"),
    ("zsh", "c"),
];

/// Interpreters whose code is bash, or near enough to be read as bash.
pub(super) const SHELLS: &[&str] = &["ash", "bash", "dash", "ksh", "mksh", "rbash", "sh", "zsh"];

/// Options of interpreters that take the next word.
pub(super) const TAKE_A_WORD: &[&str] = &["--init-file", "--rcfile", "-O", "-W", "-X", "-o", "+O", "+o"];

/// Programs whose first word that is no option is code: a value there, or in an option before, is code.
pub(super) const FIRST_IS_CODE: &[(&str, &[&str])] = &[
    // The options after which a value is data.
    ("awk", &["-v", "-F"]),
    ("gawk", &["-v", "-F"]),
    ("gsed", &[]),
    ("mawk", &["-v", "-F"]),
    ("nawk", &["-v", "-F"]),
    ("sed", &[]),
];

/// Options that take code, or a command, of programs that otherwise take data.
pub(super) const OPTIONS_OF_CODE: &[(&str, &[&str])] = &[
    ("docker", &["--entrypoint"]),
    ("emacs", &["--eval", "-eval", "--execute", "-f", "-l", "--load"]),
    ("find", &["-exec", "-execdir", "-ok", "-okdir"]),
    ("fd", &["-x", "-X", "--exec", "--exec-batch"]),
    ("git", &["-c", "--upload-pack", "--receive-pack", "--exec", "-x"]),
    ("make", &["--eval", "-f", "--file", "-E"]),
    ("mariadb", &["-e", "--execute"]),
    ("mysql", &["-e", "--execute"]),
    ("nvim", &["-c", "--cmd", "-S"]),
    ("psql", &["-c", "--command", "-f", "--file"]),
    ("rsync", &["-e", "--rsh", "--rsync-path"]),
    ("scp", &["-S", "-o"]),
    ("sftp", &["-S", "-o"]),
    ("sort", &["--compress-program"]),
    ("split", &["--filter"]),
    (
        "tar",
        &[
            "-I",
            "--use-compress-program",
            "--to-command",
            "--checkpoint-action",
            "--rsh-command",
            "-F",
        ],
    ),
    ("vim", &["-c", "--cmd", "-S"]),
    ("wget", &["--use-askpass"]),
];

/// Programs, no interpreters by name, that run what they read.
pub(super) const RUN_INPUT: &[&str] = &[
    "at", "batch", "coproc", "crontab", "dc", "ed", "ex", "expect", "gdb", "m4", "mariadb", "mosh", "mysql",
    "parallel", "psql", "rsh", "screen", "script", "slogin", "sqlite3", "su", "tmux", "vim", "xterm",
];

/// Programs that run what they read where they have no command.
pub(super) const RUN_INPUT_ALONE: &[&str] = &["ssh", "su", "runuser", "sudo", "chroot", "unshare", "nsenter"];

/// Names under which a program finds its input.
pub(super) const NAMES_OF_INPUT: &[&str] = &["-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"];

/// Commands that surely make nothing of the name of an interpreter among their arguments.
pub(super) const ONLY_DATA: &[&str] = &[
    "[", "cat", "cp", "echo", "grep", "head", "ls", "mkdir", "mv", "printf", "rm", "sort", "tail", "test", "touch",
    "tr", "wc",
];

/// Commands that read no input, so that what they print is not it.
pub(super) const READ_NOTHING: &[&str] = &[
    "basename", "command", "date", "dirname", "echo", "hostname", "id", "ls", "mktemp", "nproc", "printf", "pwd",
    "readlink", "realpath", "seq", "uname", "which", "whoami",
];

/// The letters of the options that give code to the program that a word names, if it is an interpreter.
pub(super) fn interpreter(word: &str) -> Option<(&'static str, &'static str)> {
    let name = base_name(word);
    let name = name.strip_suffix(".exe").unwrap_or(name);
    let bare = name.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '_'));
    INTERPRETERS
        .iter()
        .find(|(interpreter, _)| *interpreter == name || *interpreter == bare)
        .copied()
}

/// The file name of a program.
pub(super) fn base_name(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}
