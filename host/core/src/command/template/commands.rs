//! Commands that take an argument for code, or for the name of a variable, however well it is quoted.

use tree_sitter::Node;

use super::context::Refusal;

/// Builtins that run their arguments, or expand them once more.
const RUN_ARGUMENTS: &[&str] = &[
    ".", "alias", "bind", "compgen", "complete", "coproc", "enable", "eval", "fc", "let", "source", "trap",
];

/// Builtins that take names of variables: bash evaluates the index in `a[…]`.
const TAKE_NAMES: &[&str] = &[
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

/// Commands that run the command after them.
const RUN_THE_REST: &[&str] = &[
    "builtin", "command", "env", "exec", "nice", "nohup", "setsid", "sudo", "time",
];

/// Programs that run code, and the option letter that gives it to them.
const INTERPRETERS: &[(&str, char)] = &[
    ("ash", 'c'),
    ("bash", 'c'),
    ("dash", 'c'),
    ("fish", 'c'),
    ("ksh", 'c'),
    ("mksh", 'c'),
    ("node", 'e'),
    ("perl", 'e'),
    ("python", 'c'),
    ("python3", 'c'),
    ("ruby", 'e'),
    ("sh", 'c'),
    ("zsh", 'c'),
];

/// Options of shells and of Python that take the next word.
const TAKE_A_WORD: &[&str] = &["--init-file", "--rcfile", "-O", "-W", "-X", "-o", "+O", "+o"];

/// A word of a command.
struct Word<'t> {
    /// Without quotation marks and backslashes, and as if every expansion were empty.
    literal: String,
    written: &'t str,
    node_range: std::ops::Range<usize>,
    /// Whether it is nothing but expansions without quotation marks, which leave no word where they are empty.
    may_vanish: bool,
}

/// Why `argument` of `command` would be more than data.
pub(super) fn refusal(command: Node<'_>, argument: Node<'_>, text: &str) -> Option<Refusal> {
    let words = words(command, text);
    let at = words.iter().position(|word| word.node_range == argument.byte_range())?;
    if let Some(refusal) = code(&words, at) {
        return Some(refusal);
    }
    let words = &words[rest_after_runners(&words)..];
    let Some(at) = words.iter().position(|word| word.node_range == argument.byte_range()) else {
        let why = "stands before the command that runs, where it could be an option that changes it";
        return Some(
            Refusal::new(why).help("for a variable write `NAME={…} command`; write options into the template"),
        );
    };
    let name = base_name(words.first().map_or("", |word| &word.literal));
    let before = at.checked_sub(1).map_or("", |before| words[before].literal.as_str());
    if TAKE_NAMES.contains(&name)
        || before == "-v" && matches!(name, "printf" | "test" | "[")
        || before == "-R" && name == "test"
    {
        let help = format!(
            "write the variable's name into the template: `{name}` takes names, and bash runs the commands in them"
        );
        return Some(
            Refusal::new(format!(
                "is an argument of `{name}`, which takes it for the name of a variable"
            ))
            .help(help),
        );
    }
    match name {
        "printf" if at == 1 => Some(Refusal::new("is the format of `printf`").help("write `printf '%s\\n' {…}`")),
        _ if at == 0 => Some(Refusal::new("chooses the command that runs").help(
            "write the command into the template; where a variable holds it, in quotation marks: `\"$TOOL\" {…}`",
        )),
        _ => None,
    }
}

/// Why `argument` of `command` would be run as code.
pub(super) fn code_refusal(command: Node<'_>, argument: Node<'_>, text: &str) -> Option<Refusal> {
    let words = words(command, text);
    let at = words.iter().position(|word| word.node_range == argument.byte_range())?;
    code(&words, at)
}

fn code(words: &[Word<'_>], at: usize) -> Option<Refusal> {
    let rest = rest_after_runners(words);
    let name = base_name(words.get(rest).map_or("", |word| &word.literal));
    if at > rest && RUN_ARGUMENTS.contains(&name) {
        return Some(
            Refusal::new(format!("is an argument of `{name}`, which runs it as code"))
                .help(format!("do it without `{name}`")),
        );
    }
    words[..at].iter().enumerate().find_map(|(index, word)| {
        let name = base_name(&word.literal);
        let letter = INTERPRETERS
            .iter()
            .find(|(interpreter, _)| *interpreter == name)
            .map(|(_, letter)| *letter);
        // `$SHELL -c` is as good as any; `$TOOL` alone is any program.
        let is_shell =
            || index == 0 && word.written.contains(['$', '`']) && words[1..at].iter().any(|word| word.literal == "-c");
        let letter = letter.or_else(|| is_shell().then_some('c'))?;
        is_code(&words[index + 1..=at], letter).then(|| {
            Refusal::new(format!("is run as code by `{}`", word.written)).help(format!(
                "write the code into the template and give it the argument: `{} -{letter} '…' _ {{…}}`, or use a file",
                word.written
            ))
        })
    })
}

/// Whether the last of the words after an interpreter is what it runs, or could change what it runs.
fn is_code(words: &[Word<'_>], letter: char) -> bool {
    let mut skips = false;
    for (at, word) in words.iter().enumerate() {
        let is_last = at + 1 == words.len();
        let is_option = word.literal.starts_with(['-', '+']);
        if is_last || word.literal == "--" {
            return is_last;
        }
        if skips {
            skips = false;
        } else if TAKE_A_WORD.contains(&word.literal.as_str()) {
            skips = true;
        } else if is_option && !word.literal.starts_with("--") && word.literal.contains(letter) {
            // The code follows. Where it stands there in quotation marks, what comes after it is data for it.
            return !words[at + 1..words.len() - 1]
                .iter()
                .any(|word| word.written.starts_with(['\'', '"']));
        } else if !is_option || word.literal.starts_with("-m") {
            return false;
        }
    }
    true
}

/// How many of the first words only say how the rest is run (`sudo`, `command`, `env X=1`), or may not be there (`$X`).
fn rest_after_runners(words: &[Word<'_>]) -> usize {
    let mut at = 0;
    while let Some(word) = words
        .get(at)
        .filter(|word| word.may_vanish || RUN_THE_REST.contains(&base_name(&word.literal)))
    {
        let only_names = word.literal == "command"
            && words
                .get(at + 1)
                .is_some_and(|option| matches!(option.literal.as_str(), "-v" | "-V"));
        if only_names {
            return at;
        }
        at += 1;
        if word.may_vanish {
            continue;
        }
        let is_prefix = |word: &&Word<'_>| word.literal.starts_with('-') || word.literal.contains('=');
        at += words[at..].iter().take_while(is_prefix).count();
    }
    at
}

fn words<'t>(command: Node<'_>, text: &'t str) -> Vec<Word<'t>> {
    let mut cursor = command.walk();
    let is_word = |node: &Node<'_>| {
        !matches!(
            node.kind(),
            "variable_assignment" | "file_redirect" | "herestring_redirect"
        )
    };
    let word = |node: Node<'_>| Word {
        literal: literal(node, text),
        written: &text[node.byte_range()],
        node_range: node.byte_range(),
        may_vanish: may_vanish(node),
    };
    command.children(&mut cursor).filter(is_word).map(word).collect()
}

fn may_vanish(word: Node<'_>) -> bool {
    match word.kind() {
        "simple_expansion" | "expansion" | "command_substitution" => true,
        "command_name" | "concatenation" => {
            let mut cursor = word.walk();
            word.children(&mut cursor).all(may_vanish)
        }
        _ => false,
    }
}

/// A word as bash sees it where its expansions are empty: `\ev"al"$x` is `eval`.
pub(super) fn literal(word: Node<'_>, text: &str) -> String {
    match word.kind() {
        "$" | "simple_expansion" | "expansion" | "command_substitution" => String::new(),
        "command_name" | "concatenation" | "string" | "translated_string" => {
            let mut cursor = word.walk();
            word.children(&mut cursor).map(|child| literal(child, text)).collect()
        }
        _ => {
            let written = &text[word.byte_range()];
            let written = written.strip_prefix("$'").unwrap_or(written);
            written
                .chars()
                .filter(|c| !matches!(c, '\'' | '"' | '\\' | '`'))
                .collect()
        }
    }
}

fn base_name(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}
