//! What a script template accepts reaches bash as plain data; what would not is refused. Asked of the real bash.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Instant;

use super::ordinary_templates::ORDINARY;
use super::refused_templates::REFUSED;
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
        assert!(
            start.elapsed().as_millis() < 1_500,
            "{open} {accepted} {:?}",
            start.elapsed()
        );
    }
    let chain: String = (0..700).rev().map(|n| format!("x{}=$x{n}; ", n + 1)).collect();
    let start = Instant::now();
    let told = ScriptTemplate::parse(&format!("{chain}x0={{a}}; echo $((x700))"));
    assert!(told.is_err() && start.elapsed().as_secs() < 5);
    let deep = format!("{}echo {{a}}{}", "( ".repeat(200), " )".repeat(200));
    assert!(ScriptTemplate::parse(&deep).is_err());
    assert!(ScriptTemplate::parse(&"echo {a}; ".repeat(100)).is_ok());
    for too_large in ["echo {a}; ".repeat(101), format!("{}{{a}}", "echo hi; ".repeat(2_000))] {
        assert!(ScriptTemplate::parse(&too_large).is_err());
    }
    assert!(ScriptTemplate::parse(&"echo hi; ".repeat(10_000)).is_ok());
}
