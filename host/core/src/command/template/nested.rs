//! Scripts in a script: `bash -c '…'`, `eval '…'`, `trap '…' EXIT`. What they do with arguments counts as well.

use super::programs::{SHELLS, base_name, interpreter};
use super::syntax::Node;
use super::variables::{Origin, Values};
use super::words::{Word, starts, words};

/// A script in a script.
pub(super) struct Nested<'s> {
    pub text: String,
    /// The argument in its positional parameters.
    pub positional: Option<Origin>,
    /// The argument that it reads.
    pub input: Option<Origin>,
    /// Its word.
    pub node: Node<'s>,
}

/// The scripts among the words of a command. Those that hold an argument themselves are refused elsewhere.
pub(super) fn scripts<'s>(command: Node<'s>, values: &Values<'s>) -> Vec<Nested<'s>> {
    if command.kind() != "command" {
        return Vec::new();
    }
    let words = words(command, values);
    let nested = |text: String, node: Node<'s>, after: &[Word<'_>]| Nested {
        text,
        positional: after
            .iter()
            .find_map(|word| word.carried)
            .or_else(|| values.of_name("@").filter(|_| after.is_empty())),
        input: values.input(command),
        node,
    };
    let mut found = Vec::new();
    for start in starts(&words).unwrap_or_default() {
        let arguments = &words[start + 1..];
        match base_name(&words[start].literal) {
            "eval" if arguments.iter().all(|word| word.carried.is_none()) => {
                let text: Vec<String> = arguments.iter().map(|word| unquoted(word.node)).collect();
                found.push(nested(text.join(" "), command, &[]));
            }
            "trap" => {
                let script = arguments.iter().find(|word| !word.literal.starts_with('-'));
                found.extend(
                    script
                        .filter(|word| word.carried.is_none())
                        .map(|word| nested(unquoted(word.node), word.node, &[])),
                );
            }
            _ => {}
        }
    }
    for (at, word) in words.iter().enumerate() {
        let is_shell = interpreter(&word.literal).is_some_and(|(name, _)| SHELLS.contains(&name));
        if !is_shell {
            continue;
        }
        found.extend(read_by(command).map(|(text, node)| nested(text, node, &words[at + 1..])));
        let has_code = |word: &Word<'_>| {
            word.literal.starts_with('-') && !word.literal.starts_with("--") && word.literal.contains('c')
        };
        let option = words[at + 1..].iter().position(has_code).map(|option| at + 1 + option);
        let script = option
            .and_then(|option| (option + 1..words.len()).find(|&next| !words[next].literal.starts_with(['-', '+'])));
        if let Some(script) = script.filter(|&script| words[script].carried.is_none()) {
            let positional = &words[script + 1..];
            let mut nested = nested(unquoted(words[script].node), words[script].node, positional);
            if positional.is_empty() {
                nested.positional = None;
            }
            found.push(nested);
        }
    }
    found
}

/// What a command reads that is written in the script, in a here-document or after `<<<`.
fn read_by(command: Node<'_>) -> impl Iterator<Item = (String, Node<'_>)> {
    let around = command
        .parent()
        .filter(|around| around.kind() == "redirected_statement");
    [Some(command), around]
        .into_iter()
        .flatten()
        .flat_map(Node::children)
        .filter(|child| matches!(child.kind(), "heredoc_redirect" | "herestring_redirect"))
        .flat_map(Node::named_children)
        .filter(|child| !matches!(child.kind(), "file_descriptor" | "heredoc_start" | "heredoc_end"))
        .map(|child| (unquoted(child), child))
}

/// A word without its quotation marks, as the next shell reads it. Expansions stay as they are written.
fn unquoted(word: Node<'_>) -> String {
    let written = word.text();
    match word.kind() {
        "command_name" | "concatenation" => word.children().map(unquoted).collect(),
        "raw_string" => written.trim_matches('\'').to_owned(),
        "string" => unescaped(
            written
                .strip_prefix('"')
                .and_then(|rest| rest.strip_suffix('"'))
                .unwrap_or(written),
        ),
        "word" => written.replace('\\', ""),
        _ => written.to_owned(),
    }
}

/// Text in double quotes without the backslashes that mean something there.
fn unescaped(text: &str) -> String {
    let mut plain = String::new();
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match (c, characters.peek()) {
            ('\\', Some('\n')) => {
                characters.next();
            }
            ('\\', Some(&next @ ('$' | '`' | '"' | '\\'))) => {
                plain.push(next);
                characters.next();
            }
            _ => plain.push(c),
        }
    }
    plain
}
