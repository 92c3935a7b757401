//! What a script template accepts reaches bash as plain data; what would not is refused. Asked of the real bash.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Instant;

use super::{RenderError, ScriptTemplate};
use crate::request::Arguments;

/// Values that are more than data wherever they are not quoted well.
const HOSTILE: &[&str] = &[
    "",
    "Bob",
    "2",
    "-n",
    "--",
    "!",
    "(",
    "'",
    "\"",
    "\\",
    "it's \"so\" \\ done\\",
    "$(echo no)",
    "`echo no`",
    "${HOME}",
    "$HOME",
    "; echo no",
    "a\nb\n\nc\n",
    "\necho no\n",
    "\nEOF\necho no\n",
    "' ; echo no; '",
    "\" ; echo no; \"",
    "'\"'\"'",
    "a && b || c & d | e > f < g",
    "* ? [a-z] {a,b} {1..3} ~ ~root",
    "a=b",
    "#no",
    "!!",
    "^a^b",
    "é 日本 🙂 \u{202e}",
    "\u{1}\u{2}\u{7f}\t\r\u{1b}[31m",
    "x[$(echo no)]",
    "  spaces  ",
    "\\'",
    "\\\n",
];

/// Templates that must be accepted, and what they print where `@` is the value.
const ACCEPTED: &[(&str, &str)] = &[
    ("printf '%s' {a}", "@"),
    ("printf '%s' x:{a},y", "x:@,y"),
    ("printf '%s' task:{a},{a}", "task:@,@"),
    ("printf '%s' --x={a}", "--x=@"),
    ("printf '%s' \"pre\"{a}'post'$'!'", "pre@post!"),
    ("printf '%s' {a}{a}", "@@"),
    ("printf '%s' {{{a}}}", "{@}"),
    ("printf '%s' \\\\{a}", "\\@"),
    ("printf '%s' \\${a}", "$@"),
    ("printf '%s' {a} # a comment", "@"),
    ("printf '%s' {a}>&1", "@"),
    ("printf '%s' '{print $2}' {a}", "{print $2}@"),
    ("printf '%s' {a} 2>/dev/null", "@"),
    ("printf '%s' {a} | cat", "@"),
    ("x={a}; printf '%s' \"$x\"", "@"),
    ("x={a}\nprintf '%s' \"Hello $x\"", "Hello @"),
    ("x=pre{a}; printf '%s' \"${{x}}\"", "pre@"),
    ("x=({a} {a}); printf '%s' \"${{x[1]}}\"", "@"),
    ("x={a} bash -c 'printf %s \"$x\"'", "@"),
    ("export x={a}; printf '%s' \"$x\"", "@"),
    ("f() { local x={a}; printf '%s' \"$x\"; }; f", "@"),
    ("set -- {a}; printf '%s' \"$1\"", "@"),
    ("f() { printf '%s' \"$1\"; }; f {a}", "@"),
    ("for x in a {a}; do printf '%s.' \"$x\"; done", "a.@."),
    ("case {a} in *) printf '%s' {a};; esac", "@"),
    ("case {a} in {a}) printf '%s' {a};; esac", "@"),
    ("[[ {a} == {a} ]] && printf '%s' {a}", "@"),
    ("[[ -n x{a} ]] && printf '%s' {a}", "@"),
    ("[ x{a} = x{a} ] && printf '%s' {a}", "@"),
    ("printf '%s' \"$(printf '%s' {a}; echo x)\"", "@x"),
    ("printf '%s' \"$(printf '%s' \"$(printf '%s' {a}; echo x)\")\"", "@x"),
    ("x=$(printf '%s' {a}; echo x); printf '%s' \"$x\"", "@x"),
    ("printf '%s' ${{none:-\"$(printf '%s' {a}; echo x)\"}}", "@x"),
    ("cat <<< {a}", "@\n"),
    ("cat < <(printf '%s' {a})", "@"),
    ("if true; then printf '%s' {a}; else :; fi", "@"),
    ("while printf '%s' {a}; do break; done", "@"),
    ("{ printf '%s' {a}; }; ( printf '%s' {a} )", "@@"),
    ("! printf '%s' {a}", "@"),
    ("true && printf '%s' {a} || false", "@"),
    ("bash -c 'printf %s \"$1\"' _ {a}", "@"),
    ("env X=1 bash -c \"printf '%s' \\\"\\$1\\\"\" _ {a}", "@"),
    ("python3 -c 'import sys; sys.stdout.write(sys.argv[1])' {a}", "@"),
    ("x={a}\ncat <<EOF\nHello $x\nEOF", "Hello @\n"),
    ("printf '%s' {a} | cat - <(true)\ncat <<'EOF'\n{{x}}\nEOF", "@{x}\n"),
    ("awk -v n=1 'BEGIN {print n}'; printf '%s' {a}", "1\n@"),
];

fn bash(folder: &Path, script: &str) -> Output {
    Command::new("bash")
        .arg("-c")
        .arg(script)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn arguments(value: &str) -> Arguments {
    [("a", value)].into_iter().collect()
}

/// One bash for all values of a template: scripts after each other, with a NUL after the output of each.
#[test]
fn bash_receives_exactly_the_bytes_of_the_argument() {
    let folder = tempfile::tempdir().unwrap();
    for (template, expected) in ACCEPTED {
        let parsed = ScriptTemplate::parse(template).unwrap_or_else(|errors| panic!("{template}: {errors:?}"));
        // The value is passed to Python as UTF-8 whatever the locale.
        let mut script = String::from("export PYTHONUTF8=1\n");
        for value in HOSTILE {
            script.push_str(&parsed.render(&arguments(value)).unwrap());
            script.push_str("\nprintf '\\0'\n");
        }
        let output = bash(folder.path(), &script);
        let stdout = String::from_utf8(output.stdout).unwrap();
        let printed: Vec<&str> = stdout.split_terminator('\0').collect();
        let wanted: Vec<String> = HOSTILE.iter().map(|value| expected.replace('@', value)).collect();
        assert_eq!(
            printed,
            wanted,
            "{template}\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

/// Templates in which a value would be, or could become, more than data.
const REFUSED: &[&str] = &[
    "echo \"Hello {a}\"",
    "echo 'Hello {a}'",
    "echo $'Hello {a}'",
    "echo $\"Hello {a}\"",
    "awk '{print}' file",
    "echo \"$(echo hi) {a}\"",
    "echo `echo {a}`",
    "echo \"`echo {a}`\"",
    "echo $(echo `echo {a}`)",
    "cat <<EOF\n{a}\nEOF",
    "cat <<'EOF'\n{a}\nEOF",
    "cat <<EOF\n$(echo {a})\nEOF",
    "cat <<EOF {a}\nx\nEOF",
    "cat <<{a}\nx\n{a}",
    "cat <<EOF\nx\nEOF\necho {a}",
    "echo hi # {a}",
    "echo $(({a} + 1))",
    "echo $(($(echo {a}) + 1))",
    "echo $[{a}]",
    "(({a} > 1)) && echo yes",
    "for ((i = {a}; i < 3; i++)); do echo; done",
    "echo ${HOME}",
    "echo ${{x:-{a}}}",
    "echo \"${{x:-{a}}}\"",
    "echo ${{x/{a}/b}}",
    "{a} --version",
    "pre{a} --version",
    "X=1 {a}",
    "! {a}",
    "if {a}; then :; fi",
    "$(which {a}) x; $(echo {a})",
    "{a}=1",
    "x{a}=1",
    "x[{a}]=1",
    "x=([{a}]=1)",
    "echo ${{x[{a}]}}",
    "{a}() { :; }",
    "for {a} in x; do :; done",
    "[[ x =~ {a} ]]",
    "[[ {a} =~ x ]]",
    "[[ {a} -eq 1 ]]",
    "[[ 1 -lt {a} && x == y ]]",
    "[[ -v {a} ]]",
    "[ -v {a} ]",
    "test -v {a}",
    "printf -v {a} x",
    "printf {a}",
    "eval {a}",
    "eval echo {a}",
    "eval \"$(echo {a})\"",
    "\\eval {a}",
    "ev''al {a}",
    "command eval {a}",
    "builtin eval {a}",
    "eval > out {a}",
    "> out {a}",
    "source {a}",
    ". {a}",
    "trap {a} EXIT",
    "trap 'echo' {a}",
    "let {a}",
    "let x={a}",
    "alias x={a}",
    "read {a}",
    "unset {a}",
    "export {a}",
    "declare {a}=1",
    "declare -i x={a}",
    "declare -n x={a}",
    "local x {a}",
    "mapfile -C {a} x",
    "bash -c {a}",
    "bash -ec {a}",
    "bash -o pipefail -c {a}",
    "bash -c \"$(cat {a})\"",
    "bash -c \"$(echo {a})\" x",
    "bash {a}",
    "bash {a} -c x",
    "sh -c {a}",
    "/bin/dash -c {a}",
    "sudo bash -c {a}",
    "timeout 5 bash -c {a}",
    "find . -exec sh -c {a} \\;",
    "$SHELL -c {a}",
    "python3 -c {a}",
    "perl -e {a}",
    "command {a}",
    "exec {a}",
    "exec {fd}>out",
    "time {a}",
    "coproc {a}",
    "env X=1 {a}",
    "sudo -n {a}",
    "env -S{a} x",
    "env {a}=1 x",
    "$TOOL {a}",
    "$NONE eval {a}",
    "$NONE$(none) eval {a}",
    "echo == {a}",
    "echo \\{a}",
    "echo \\\\\\{a}",
    "echo ${a}",
    "echo $${a}",
    "echo ( {a}",
    "echo {a} 'open",
    "echo {a} \"open",
    "if true; then echo {a}",
    "echo {a} )",
    "n={a}; echo $((n + 1))",
    "n={a}; echo $(($n + 1))",
    "n={a}; ((n++))",
    "n={a}; [[ $n -gt 3 ]]",
    "n={a}; echo ${{list[$n]}}",
    "n={a}; echo ${{text:$n}}",
    "n={a}; echo ${{text:0:n}}",
    "n={a}; eval \"$n\"",
    "n={a}; bash -c \"echo $n\"",
    "n=$(echo {a}); let m=n+1",
    "declare -i n; n={a}",
    "n={a}; [[ -v $n ]]",
    "n={a}; test -v \"$n\"",
    "n={a}; [ -v \"$n\" ]",
    "n={a}; [ $n = prod ]",
    "n={a}; test $n = prod",
    "[ {a} {b} ]",
    "n={a}; [[ $n -eq 1 ]]",
    "n={a}; echo \"${{!n}}\"",
    "n={a}; echo \"${{n@P}}\"",
    "n={a}; echo \"${{n@E}}\"",
    "n={a}; echo \"${{n@A}}\"",
    "n={a}; printf -v \"$n\" x",
    "n={a}; printf \"$n\"",
    "printf '%n' {a}",
    "n={a}; read \"$n\" <<< 1",
    "n={a}; declare \"$n=1\"",
    "n={a}; export \"$n\"",
    "n={a}; typeset \"$n\"",
    "f() {{ local \"$1\"; }}; f {a}",
    "n={a}; readonly $n",
    "n={a}; unset \"$n\"",
    "n={a}; declare -n r=$n",
    "n={a}; $n",
    "n={a}; \"$n\" x",
    "n={a}; time $n",
    "n={a}; nohup $n",
    "n={a}; env $n",
    "n={a}; command $n",
    "n={a}; exec $n",
    "n={a}; sudo $n",
    "n={a}; echo a | $n",
    "n={a}; let \"i+=n\"",
    "n={a}; let i+=n",
    "PS4={a}; set -x; true",
    "BASH_ENV={a} bash -c true",
    "env BASH_ENV={a} bash -c true",
    "PATH={a}:$PATH; ls",
    "export LD_PRELOAD={a}; ls",
    "IFS={a}; echo",
    "read -r PATH <<< {a}; ls",
    "for PROMPT_COMMAND in {a}; do :; done",
    "RANDOM={a}",
    "GIT_SSH_COMMAND={a} git fetch",
    "PYTHONSTARTUP={a} python3 x.py",
    "NODE_OPTIONS={a} node x.js",
    "PERL5OPT={a} perl x.pl",
    "EDITOR={a} git commit",
    "n={a}; trap \"$n\" EXIT",
    "n={a}; eval $n",
    "source <(echo {a})",
    "n={a}; . \"$n\"",
    "n={a}; set \"$n\"",
    "read n <<< {a}; echo $((n+1))",
    "echo {a} | while read x; do echo $((x)); done",
    "read <<< {a}; echo $((REPLY))",
    "mapfile -t a <<< {a}; echo $((a[0]))",
    "readarray a <<< {a}; echo $((a))",
    "mapfile <<< {a}; echo $((MAPFILE[0]))",
    "f() {{ echo $(( $1 + 1 )); }}; f {a}",
    "f() {{ local n=$1; echo $((n)); }}; f {a}",
    "f() {{ for x; do echo $((x)); done; }}; f {a}",
    "set -- {a}; echo $(( $1 ))",
    "set -- {a}; \"$@\"",
    "set -- {a}; eval \"$*\"",
    "n={a}; m=$n; echo $((m))",
    "m=$(echo {a}); echo $((m))",
    "m=n; n={a}; echo $((m))",
    "declare -i k; n={a}; k=$n",
    "typeset -i k; k={a}",
    "f() {{ local -i k=$1; }}; f {a}",
    "n={a}; : ${{x:=$n}}; echo $((x))",
    "n={a}; : ${{x=$n}}; echo $((x))",
    "for x in {a}; do echo $((x)); done",
    "a=({a}); echo $((a[0]))",
    "declare -A m; n={a}; m[$n]=1",
    "declare -A m; m[{a}]=1",
    "printf -v x '%s' {a}; echo $((x))",
    "echo {a} >f; m=$(cat <<< {a}); echo $((m))",
    "select x in {a}; do echo $((x)); done",
    "f() {{ m=$(cat); echo $((m)); }}; echo {a} | f",
    "exec < <(echo {a}); m=$(cat); echo $((m))",
    "echo {a}; echo $((_))",
    "n={a}; cat <<EOF\n$((n))\nEOF",
    "n={a}; echo \"${{x/$((n))/}}\"",
    "n={a}; bash -c 'echo $((n))'",
    "n={a}; eval 'echo $((n))'",
    "n={a}; trap 'echo $((n))' EXIT",
    "bash -c 'eval \"$1\"' _ {a}",
    "bash -c 'echo $(($1))' _ {a}",
    "bash -c \"eval \\\"\\$1\\\"\" _ {a}",
    "python3.11 -c {a}",
    "nodejs -e {a}",
    "node --eval {a}",
    "node --eval={a}",
    "php -r {a}",
    "php8.2 -r {a}",
    "lua -e {a}",
    "lua5.4 -e {a}",
    "perl -ne {a} file",
    "perl -ne 'print' {a}",
    "ruby -e {a}",
    "/usr/bin/python3 -c {a}",
    "env python3 -c {a}",
    "python -m {a}",
    "bash -- {a}",
    "awk {a}",
    "gawk {a} file",
    "mawk -F: {a}",
    "nawk -v x=1 {a}",
    "busybox awk {a}",
    "n={a}; awk \"{{print $n}}\" file",
    "awk -f {a} file",
    "sed {a}",
    "sed -e {a} file",
    "sed -i s/x/{a}/ file",
    "n={a}; sed \"s/x/$n/\" file",
    "su -c {a}",
    "su user -c {a}",
    "xargs {a}",
    "xargs -n 1 {a}",
    "ls | xargs sh -c {a}",
    "parallel {a}",
    "watch {a}",
    "ssh host {a}",
    "ssh {a}",
    "find . -exec {a} \\;",
    "n={a}; find $n",
    "timeout 5 {a}",
    "timeout -k 1 5 {a}",
    "nice {a}",
    "nice -n 10 {a}",
    "setsid {a}",
    "psql -c {a}",
    "sqlite3 db {a}",
    "rsync -e {a} x y",
    "tar --to-command={a} -xf x",
    "git -c core.pager={a} log",
    "bash <<< {a}",
    "echo {a} | sh",
    "echo {a} | sudo sh",
    "echo {a} | cat | bash -s x",
    "echo \"$(echo {a})\" | bash",
    "python3 <<< {a}",
    "n={a}\nbash <<EOF\n$n\nEOF",
    "n={a}\ncat <<EOF | bash\n$n\nEOF",
    "bash <<EOF\n{a}\nEOF",
    "xargs -I% sh -c \"echo %\" <<< {a}",
    "echo {a} | xargs sh -c",
    "echo {a} | xargs env",
    "bash < <(echo {a})",
    "sh -c \"$(cat)\" <<< {a}",
    "{{ cat | bash; }} <<< {a}",
    "f() {{ bash; }}; f <<< {a}",
    "echo {a} > >(bash)",
    "echo {a} | tee >(sh)",
    "bash < {a}",
    "echo {a} | bash /dev/stdin",
    ". /dev/stdin <<< {a}",
    "awk -f - <<< {a}",
    "echo {a} | ssh host",
    "echo {a} | while read -r l; do eval \"$l\"; done",
    "while read -r c; do $c; done <<< {a}",
    "x=(1)test eval {a}",
    "$\"\"read {a}",
    "$x\"ev\"al {a}",
    "`none`let {a}",
    "echo #` #  \n\\\nlet {a}",
    "2>&1 let ``echo {a}",
    ">x,<<<-'E F'\n # \neval {a}{a}",
    "echo $ # {a}",
    " $ # case x in {a}",
    "n={a}; declare -i m=$n",
    "for n in {a}; do echo $((n)); done",
    "echo \u{1}{a}",
    "echo {a}\r\n",
    "  ",
    "",
    "echo '{\"a\": {\"b\": 1}}'",
];

#[test]
fn what_would_not_stay_data_is_refused_with_a_way_out() {
    let accepted: Vec<&&str> = REFUSED
        .iter()
        .filter(|template| ScriptTemplate::parse(template).is_ok())
        .collect();
    assert!(accepted.is_empty(), "accepted: {accepted:#?}");
    for template in REFUSED {
        for error in ScriptTemplate::parse(template).unwrap_err() {
            assert!(template.get(error.span.clone()).is_some(), "{template}: {error:?}");
            assert!(error.help.is_some_and(|help| !help.is_empty()), "{template}");
        }
    }
}

/// What people write every day is accepted.
const ORDINARY: &[&str] = &[
    "echo Hello {a}!",
    "python do_job.py --some-arg {a}",
    "fab task:{a},{b}",
    "curl -sS -d name={a} https://example.com/",
    "git log --since={a} -- {b}",
    "cd {a} && make",
    "echo {a} > {b}",
    "echo $(date) {a}",
    "(cd x; ls {a})",
    "kill -{a} 1",
    "head -n {a} file | tail -n +{b}",
    "jq --arg x {a} '.[$x]' file.json",
    "for i in 1 2 3; do echo $i {a}; done",
    "if [ {a} = x ]; then echo y; else echo n; fi",
    "case {a} in staging|production) ./deploy {a};; *) exit 1;; esac",
    "set -euo pipefail\n# it's a comment\nmake {a} \\\n  --target {b}\n",
    "exec python job.py {a}",
    "exec >log; echo {a}",
    "python -m job {a}",
    "python3 -u job.py -c {a}",
    "bash job.sh {a}",
    "sh ./job.sh -c {a}",
    "bash -x job.sh {a}",
    "sudo -n systemctl restart {a}",
    "timeout 60 python x.py {a}",
    "nice -n 10 ./x {a}",
    "env X=1 ./x {a}",
    "time ./x {a}",
    "command -v {a}",
    "[ \"$x\" = {a} ]",
    "[ -z {a} ] || [ ! -f {b} ]",
    "[[ {a} = x && y != {b} ]]",
    "[[ -f {a} || -z {b} ]]",
    "test -f {a} && echo yes",
    "read -r x <<< {a}",
    "while read -r x; do echo \"$x\" {a}; done < {b}",
    "mapfile -t x < <(echo {a})",
    "mkdir -p {a}/b; cp {a} ~/x/{b}",
    "echo {a}:{b}@{c}",
    "\"$BIN\"/tool {a}",
    "\"$TOOL\" {a}",
    "$TOOL -x {a}",
    "./run.sh {a} >out 2>&1 &",
    "trap 'rm -f x' EXIT; echo {a}",
    "echo \"it's $(basename {a})\"",
    "n={a}; python sum.py \"$n\"",
    "for f in {a} {b}; do echo \"${{f%.*}}\"; done",
    "name={a}; for ((i = 0; i < 3; i++)); do echo \"$i $name\"; done",
    "declare -r x={a}; echo \"$x\"",
    "ls {a}*.txt",
    "echo $# \"$#\" ${{#x}} a#b \"# no comment\" '#' \\# {a}",
    "name={a}; echo \"Hello $name\"",
    "curl --data {a} https://example.com/",
    "python report.py --topic={a}",
    "[ {a} = prod ]",
    "[ ! {a} = prod ]",
    "[[ {a} == prod ]]",
    "n={a}; [[ $n == prod ]]",
    "n={a}; [ \"$n\" = prod ] && echo yes",
    "n={a}; test \"$n\" = prod && echo yes",
    "n={a}; [ \"$n\" -gt 3 ] && echo yes",
    "n={a}; [[ $n =~ ^[0-9]+$ ]] || exit 1",
    "for f in {a}; do echo \"$f\"; done",
    "grep -- {a} file | head",
    "case {a} in a) echo;; esac",
    "n={a}; case $n in a) echo;; esac",
    "n={a}; case \"$n\" in a*) echo \"$n\";; esac",
    "python3 script.py {a}",
    "./deploy {a}",
    "fab deploy:{a}",
    "git log --author={a}",
    "GIT_AUTHOR_NAME={a} git commit -m {b}",
    "echo {a} | tr a-z A-Z",
    "n={a}; export n; ./script",
    "NAME={a} ./script",
    "while read line; do echo \"$line\"; done <<< {a}",
    "while IFS=, read -r x y; do ./add \"$x\" \"$y\"; done < <(cat {a})",
    "printf '%s\\n' {a}",
    "jq --arg x {a} .",
    "f() {{ local name=$1; echo \"$name\"; }}; f {a}",
    "f() {{ local name=\"$1\" rest=\"${{@:2}}\"; ./x \"$name\" \"$rest\"; }}; f {a} {b}",
    "if [ -z {a} ]; then echo none; fi",
    "n={a}; if [ -z \"$n\" ]; then echo none; fi",
    "echo {a} | tee file",
    "cat > {a}",
    "n={a}; echo \"${{n:-none}} ${{n#x}} ${{n%.txt}} ${{n^^}} ${{n//a/b}} ${{n:0:3}} ${{#n}} ${{n@Q}}\"",
    "n={a}; echo $((${{#n}} + 1))",
    "n={a}; i=0; i=$((i + 1)); echo \"$i $n\"",
    "a=({a} {b}); for x in \"${{a[@]}}\"; do echo \"$x\"; done; echo ${{#a[@]}} \"${{a[0]}}\"",
    "n={a}; ./run \"$n\" | while read -r l; do echo \"$l\"; done",
    "n={a}; ./run $n --flag",
    "dir=$(mktemp -d); cd \"$dir\" && git clone {a} x",
    "find {a} -name '*.txt'",
    "n={a}; find \"$n\" -type f | xargs rm",
    "echo {a} | xargs mkdir -p",
    "sed -n 1p {a}",
    "sed -i 's/a/b/' {a}",
    "awk '{{print $1}}' {a}",
    "awk -F: -v x={a} '{{print x}}' file",
    "timeout 5 ./x {a}",
    "nice ./x {a}",
    "setsid -w ./x {a}",
    "sudo -u deploy ./x {a}",
    "env -i ./x {a}",
    "xargs -0 rm < {a}",
    "bash job.sh <<< {a}",
    "printf '%s' {a} | ssh host ./job",
    "printf '%s' {a} | python3 job.py",
    "printf '%s' {a} | curl -d @- https://example.com/",
    "set -- {a} {b}; ./x \"$@\"",
    "docker run --rm -e NAME={a} image",
    "kubectl -n {a} get pods",
    "make deploy ENV={a}",
    "tar -czf {a} folder",
    "rsync -a {a} host:{b}",
    "perl -e 'print $ARGV[0]' {a}",
    "node -e 'console.log(process.argv[1])' {a}",
    "php job.php {a}",
    "n={a}\ncat <<EOF | mail -s report root\nHello $n\nEOF",
    "trap 'rm -rf \"$dir\"' EXIT; dir={a}; ls \"$dir\"",
    "echo python {a}",
    "msg=$(date) && echo \"$msg {{x}}\" {a}",
    "exec python3 job.py --x \"$HOME\" {a}",
    "awk -v x={a} '{print $1, x}' file",
];

#[test]
fn ordinary_templates_are_accepted() {
    let refused: Vec<_> = ORDINARY
        .iter()
        .filter_map(|template| ScriptTemplate::parse(template).err().map(|errors| (template, errors)))
        .collect();
    assert!(refused.is_empty(), "refused: {refused:#?}");
}

#[test]
fn refusals_read_well() {
    let told = |template: &str| {
        let error = ScriptTemplate::parse(template).unwrap_err().remove(0);
        format!(
            "{}\n  at `{}`\n  help: {}",
            error.message,
            &template[error.span],
            error.help.unwrap()
        )
    };
    let templates = [
        "echo \"Hello {name}\"",
        "awk '{print}' file",
        "echo ${HOME}",
        "echo \\{name}",
        "{name} x",
        "echo $(({n} + 1))",
        "n={n}; [[ $n -gt 3 ]]",
        "bash -c {code}",
        "cat <<EOF\n{name}\nEOF",
        "echo {name} )",
        "if true; then echo {name}",
        "echo '{\"a\": {\"b\": 1}}'",
    ];
    insta::assert_snapshot!(templates.map(told).join("\n"), @r#"
`{name}` stands inside double quotes, which the quotation marks of its value would end
  at `{name}`
  help: assign it first: `name={name}; echo "Hello $name"`. For the text in braces write `{{name}}`
`{print}` stands inside single quotes, which the quotation marks of its value would end
  at `{print}`
  help: assign it first: `print={print}; echo "Hello $print"`. For the text in braces write `{{print}}`
`{HOME}` is a parameter of the job, so `$` before it makes no variable of it
  at `{HOME}`
  help: write `$HOME` or `${{HOME}}` for the variable, and `{HOME}` without `$` for the argument
`{name}` stands after a backslash, which would undo the first quotation mark of its value
  at `{name}`
  help: leave the backslash out, or write `{{name}}` for a brace
`{name}` chooses the command that runs
  at `{name}`
  help: write the command into the template, or decide with `case {…} in` which one runs
`{n}` is part of arithmetic, where bash runs the commands in a value
  at `{n}`
  help: let a script in the namespace's folder check that it is a number, and do the sum: `python sum.py {…}`
`{n}` goes into `n`, and `n` is part of arithmetic, where bash runs the commands in a value
  at `{n}`
  help: let a script in the namespace's folder check that it is a number, and do the sum: `python sum.py "$n"`
`{code}` is run as code by `bash`
  at `{code}`
  help: write the code into the template and give it the argument: `bash -c '…' _ {…}`, or use a file
`{name}` stands in or after a here-document, which its value could end
  at `{name}`
  help: take it into a variable before: `name={name}` on a line above, then `$name`
bash would not read this as a whole script: this is not understood (line 1), so it cannot be known what is plain data in it
  at `)`
  help: correct it; or put it into a file in the namespace's folder, and give that the arguments: `bash job.sh {name}`
bash would not read this as a whole script: this is not understood (line 1), so it cannot be known what is plain data in it
  at `if true; then echo `
  help: correct it; or put it into a file in the namespace's folder, and give that the arguments: `bash job.sh {name}`
`}}` is one brace in a template, and here it would close two
  at `}}`
  help: write `}}}}`, or `} }` where a space does no harm
"#);
}

#[test]
fn templates_without_placeholders_are_what_they_look_like() {
    for (template, script) in [
        ("awk '{print $2}' file", "awk '{print $2}' file"),
        (
            "echo ${{HOME}} {a,b} {1..3} {{name}} { x",
            "echo ${HOME} {a,b} {1..3} {name} { x",
        ),
        ("cat <<EOF\n`date` $((1 + 1))\nEOF", "cat <<EOF\n`date` $((1 + 1))\nEOF"),
        ("find . -exec echo {} \\;", "find . -exec echo {} \\;"),
    ] {
        let template = ScriptTemplate::parse(template).unwrap();
        assert_eq!(template.parameters(), Vec::<&str>::new());
        assert_eq!(template.render(&Arguments::default()).unwrap(), script);
    }
}

#[test]
fn every_wrong_placeholder_is_told_at_once() {
    let template = "echo \"{a}\" {b} '{c}' `echo {d}`";
    let errors = ScriptTemplate::parse(template).unwrap_err();
    let places: Vec<&str> = errors.iter().map(|error| &template[error.span.clone()]).collect();
    assert_eq!(places, ["{a}", "{c}", "{d}"]);
}

#[test]
fn arguments_that_cannot_be_run_are_refused() {
    let template = ScriptTemplate::parse("echo {b} {a} {b}").unwrap();
    assert_eq!(template.parameters(), ["b", "a"]);
    let render = |a: &str, b: &str| template.render(&[("a", a), ("b", b)].into_iter().collect());
    assert_eq!(render("x y", "it's").unwrap(), "echo \"it's\" 'x y' \"it's\"");
    assert_eq!(
        template.render(&arguments("x")),
        Err(RenderError::Missing { name: "b".into() })
    );
    assert!(matches!(render("x", "a\0b"), Err(RenderError::Argument(_))));
    assert!(matches!(
        render("x", &"b".repeat(32_769)),
        Err(RenderError::Argument(_))
    ));
    assert!(render(&"'\\".repeat(16_384), "").is_ok_and(|script| script.len() < 131_072));
    let wide = ScriptTemplate::parse("echo {a} {a} {a} {a}").unwrap();
    let error = wide.render(&arguments(&"b".repeat(32_768))).unwrap_err();
    insta::assert_snapshot!(error, @"with its arguments the script has 131088 bytes; at most 131071 can be run. Send shorter arguments");
}

#[test]
fn hostile_templates_take_little_time() {
    let nested = [
        ("$(echo ", ")"),
        ("\"$(echo ", ")\""),
        ("(", ")"),
        ("{ ", ";}"),
        ("if :; then ", "; fi; "),
        ("case x in ", ""),
        ("<<E ", ""),
        ("`", ""),
        ("[[ ", ""),
        ("$((", ""),
        ("x=1; $((x)); ", ""),
        ("$x ", ""),
        ("\"$x\";", ""),
        ("x=$y;y=$z;", ""),
        ("sudo -x ", ""),
        ("bash ", ""),
        ("bash -x $x ", ""),
        ("echo $x|", ""),
        ("read x;f() { $x; };", ""),
        ("[ $x ];", ""),
        ("eval 'echo $x';", ""),
        ("eval ", ""),
        ("xargs -I% ", ""),
        ("find $x ", ""),
        ("awk $x ", ""),
        ("printf $x ", ""),
        ("# ", ""),
        ("a #b ", ""),
    ];
    for (open, close) in nested {
        let count = 16_000 / (open.len() + close.len());
        let start = Instant::now();
        let template = format!("x={{a}}; {}echo {{a}}{}", open.repeat(count), close.repeat(count));
        let accepted = ScriptTemplate::parse(&template).is_ok();
        assert!(start.elapsed().as_secs() < 5, "{open} {accepted} {:?}", start.elapsed());
        eprintln!("{open} {accepted} {:?}", start.elapsed());
    }
    let chain: String = (0..700).rev().map(|n| format!("x{}=$x{n}; ", n + 1)).collect();
    let start = Instant::now();
    let told = ScriptTemplate::parse(&format!("{chain}x0={{a}}; echo $((x700))"));
    assert!(told.is_err() && start.elapsed().as_secs() < 5);
    for deep in [format!("{}echo {{a}}{}", "( ".repeat(200), " )".repeat(200))] {
        assert!(ScriptTemplate::parse(&deep).is_err());
    }
    assert!(ScriptTemplate::parse(&"echo {a}; ".repeat(100)).is_ok());
    for too_large in ["echo {a}; ".repeat(101), format!("{}{{a}}", "echo hi; ".repeat(2_000))] {
        assert!(ScriptTemplate::parse(&too_large).is_err());
    }
    assert!(ScriptTemplate::parse(&"echo hi; ".repeat(10_000)).is_ok());
}
