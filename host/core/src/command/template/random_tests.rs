//! Random templates: whatever is accepted, no argument of it is ever code. Asked of the real bash.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::io::Write;
use std::process::{Command, Stdio};

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::ScriptTemplate;

/// Pieces of scripts, to be put together at random.
const FRAGMENTS: &[&str] = &[
    "{a}",
    "{a}",
    "{a}",
    "{a}",
    " ",
    " ",
    " ",
    " ",
    "\n",
    "\n",
    "'",
    "\"",
    "\\",
    "$(",
    ")",
    "`",
    "#",
    " # ",
    "<<EOF\n",
    "\nEOF\n",
    "<<-'E F'\n",
    "<<<",
    "$((",
    "))",
    "((",
    "${{x:-",
    "}}",
    "${{x",
    ";",
    ";",
    "|",
    " && ",
    "x=",
    "x+=",
    "x=(",
    "x[",
    "]=",
    "]",
    "[[ ",
    " ]]",
    " == ",
    " -eq ",
    "[ ",
    " ]",
    "case x in ",
    " in ",
    ") :;; ",
    " esac",
    "(",
    "{{ ",
    "; }}",
    "echo ",
    "echo ",
    "echo ",
    "printf %s ",
    "<",
    ">",
    "2>&1 ",
    "<(",
    "$'",
    "$\"",
    "$",
    "$x",
    "!",
    "=",
    "for i in ",
    "; do ",
    "; done",
    "if :; then ",
    "; fi",
    "eval ",
    "bash -c ",
    "test ",
    "let ",
    "declare ",
    "unset ",
    "read ",
    "f() ",
    "~",
    "*",
    "1",
    "-v ",
    "-c ",
    "x",
    "\\\n",
    "\t",
    "@(",
    "?",
    "\"$(",
    ")\"",
    "^",
    ",",
];

/// Whole commands, to be put after each other at random: what one takes, another may evaluate.
const COMMANDS: &[&str] = &[
    // What takes a value.
    "n={a}",
    "n={a}",
    "n=x{a}",
    "m=$n",
    "m=\"$n\"",
    "m=n",
    "k+=$m",
    "m=$(cat <<< \"$n\")",
    "m=$(echo {a})",
    "n=$(cat)",
    "read n <<< {a}",
    "read -r n m < <(echo {a})",
    "mapfile -t n <<< {a}",
    "printf -v m %s \"$n\"",
    "set -- {a}",
    "set -- x \"$n\"",
    "for n in {a}; do :; done",
    "n=({a} x)",
    "declare m=$n",
    "declare -i k",
    "local k=$n",
    "export n",
    ": ${{m:=$n}}",
    ": \"${{k=$1}}\"",
    "cd {a}",
    "g {a}",
    "f \"$n\"",
    "f $m",
    "g() {{ f \"$1\"; }}",
    "f() {{ m=$1; }}",
    "f() {{ read m; }}",
    "exec < <(echo {a})",
    "n[1]={a}",
    // What may evaluate it.
    "k=n",
    "k=$n",
    "echo $((n))",
    "echo $((m + 1))",
    "echo $((k))",
    "echo $(( $1 ))",
    "((n++))",
    "f() {{ echo $(( $1 )); }}",
    "f() {{ m=$(cat); echo $((m)); }}",
    "f() {{ bash; }}",
    "[[ $n -eq 1 ]]",
    "[[ m -lt 1 ]]",
    "[[ -v $n ]]",
    "[ -v \"$m\" ]",
    "[ $n = x ]",
    "[ \"$n\" \"$m\" ]",
    "[ \"$n\" = \"$m\" ]",
    "test $m",
    "test \"$n\" = x",
    "[[ $n == $m ]]",
    "[[ $m =~ $n ]]",
    "echo ${{x[n]}}",
    "echo ${{n[m]}}",
    "echo \"${{n[0]}} ${{n[@]}}\"",
    "echo \"${{n@P}}\"",
    "echo \"${{n@Q}} ${{m^^}}\"",
    "echo ${{!n}}",
    "echo ${{!k}}",
    "for ((i = 0; i < n && i < 2; i++)); do :; done",
    "echo ${{m:n}}",
    "echo ${{m:n+1}}",
    "echo ${{m:0:2}}",
    "echo ${{m/$n/x}}",
    "echo ${{m#$n}}",
    "echo ${{#n}}",
    "n[m]=1",
    "let m=n",
    "declare -i k=n",
    "eval \"$n\"",
    "eval 'echo \"$n\"'",
    "eval 'm=$((n))'",
    "trap 'echo $((n))' EXIT",
    "trap 'echo \"$n\"' EXIT",
    "bash -c 'echo \"$1\"' _ \"$n\"",
    "bash -c 'echo $(($1))' _ {a}",
    "bash -c \"echo $m\"",
    "$n",
    "\"$m\"",
    "command $n",
    "env $n",
    "timeout 5 $n",
    "timeout 5 echo $n",
    "nice -n 5 echo {a}",
    "xargs echo <<< {a}",
    "xargs env <<< {a}",
    "xargs -I% bash -c 'echo %' <<< {a}",
    "bash <<< {a}",
    "bash <<< 'echo hi'",
    "bash",
    "cat <<< {a}",
    "cat",
    "echo {a}",
    "echo \"$@\" $n",
    "eval \"$(cat)\"",
    "read \"$n\" <<< 1",
    "unset \"$m\"",
    "export \"$n\"",
    "printf \"$n\" x",
    "printf '%n' \"$n\"",
    "printf %s \"$n\" \"$_\"",
    "echo $((_))",
    "awk \"$n\"",
    "awk '{{print $1}}' <<< {a}",
    "sed \"s/x/$n/\" <<< x",
    "find . -name \"$n\"",
    "find . -maxdepth 0 $n",
    "while read -r m; do echo \"$m\"; done <<< {a}",
    "while read -r m; do $m; done <<< {a}",
    "case $n in \"$m\") echo;; esac",
    "source /dev/stdin <<< {a}",
    "PS4={a}; set -x",
    "IFS={a}",
    "RANDOM={a}",
    "cat <<EOF\n$n $((m))\nEOF",
    "cat <<EOF\n$n ${{m}}\nEOF",
];

/// What may stand between commands.
const BETWEEN: &[&str] = &["; ", "; ", "; ", "\n", "\n", " | ", " && ", " || ", " & "];

/// Values that make the file `canary` when they are run.
const CANARIES: &[&str] = &[
    "\n:>canary\n",
    ";:>canary;",
    "';:>canary;'",
    "\";:>canary;\"",
    "$(:>canary)",
    "`:>canary`",
    "\nEOF\n:>canary\n",
    "\nE F\n:>canary\n",
    "a[$(:>canary)]",
    ");:>canary;(",
    "));:>canary;((",
    "}; :>canary; {",
    "\\",
    "-v",
    "-v a[$(:>canary)]",
    "touch canary",
    ":>canary",
    "-exec touch canary ;",
    "BEGIN{system(\"touch canary\")}",
    "x/;1e touch canary\n",
];

/// The templates that are accepted of `count` that are put together at random.
fn accepted_by_chance(runner: &mut TestRunner, count: usize) -> Vec<(String, ScriptTemplate)> {
    let fragments =
        proptest::collection::vec(proptest::sample::select(FRAGMENTS), 2..12).prop_map(|parts| parts.concat());
    let command = (proptest::sample::select(COMMANDS), proptest::sample::select(BETWEEN));
    let commands = proptest::collection::vec(command, 2..6).prop_map(|commands| {
        let joined = |(command, between): (&str, &str)| match command.ends_with("EOF") {
            true => format!("{command}\n"),
            false => format!("{command}{between}"),
        };
        let script: String = commands.into_iter().map(joined).collect();
        script.trim_end_matches([' ', '|', '&', ';']).to_owned()
    });
    let fragments = (0..count)
        .map(|_| fragments.new_tree(runner).unwrap().current())
        .collect::<Vec<_>>();
    let commands = (0..count / 20)
        .map(|_| commands.new_tree(runner).unwrap().current())
        .collect::<Vec<_>>();
    fragments
        .into_iter()
        .chain(commands)
        .filter_map(|template| ScriptTemplate::parse(&template).ok().map(|parsed| (template, parsed)))
        .filter(|(_, parsed)| !parsed.parameters().is_empty())
        .collect()
}

/// Whatever is accepted, no argument is ever code. One bash runs it all, each script in a shell of its own.
#[test]
fn no_argument_of_a_random_template_is_ever_code() {
    let count = std::env::var("RANDOM_TEMPLATES")
        .ok()
        .and_then(|count| count.parse().ok())
        .unwrap_or(6_000);
    let mut runner = if count == 6_000 {
        TestRunner::deterministic()
    } else {
        TestRunner::default()
    };
    let accepted = accepted_by_chance(&mut runner, count);
    assert!(
        accepted.len() > count / 200,
        "{} are too few to say anything",
        accepted.len()
    );
    let scripts: Vec<(&str, String)> = accepted
        .iter()
        .flat_map(|(template, parsed)| CANARIES.iter().map(move |canary| (template, parsed, canary)))
        .map(|(template, parsed, canary)| {
            (
                template.as_str(),
                parsed.render(&[("a", *canary)].into_iter().collect()).unwrap(),
            )
        })
        .collect();
    if std::env::var_os("SHOW_TEMPLATES").is_some() {
        accepted.iter().for_each(|(template, _)| eprintln!("{template:?}"));
    }
    let folder = tempfile::tempdir().unwrap();
    let driver = "n=0; while IFS= read -r -d '' script; do \
                  ( cd \"$(mktemp -d -p .)\" && eval \"$script\"; [ -e canary ] && : >../canary ) </dev/null >/dev/null 2>&1; \
                  [ -e canary ] && { rm canary; echo $n; }; n=$((n + 1)); done";
    let mut child = Command::new("bash")
        .args(["-c", driver])
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let all: Vec<u8> = scripts
        .iter()
        .flat_map(|(_, script)| script.bytes().chain([0]))
        .collect();
    let writer = std::thread::spawn(move || input.write_all(&all));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    let ran: Vec<_> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| &scripts[line.parse::<usize>().unwrap()])
        .map(|(template, script)| format!("{template:?}: {script:?}"))
        .collect();
    assert!(
        ran.is_empty(),
        "{} of {} ran:\n{}",
        ran.len(),
        scripts.len(),
        ran.join("\n")
    );
}
