//! Where bash evaluates names and values as arithmetic, and with that the commands in them.

use std::collections::BTreeSet;

use super::context::{self, Refusal};
use super::syntax::{Node, Syntax};
use super::variables::{Origin, Values};
use super::words::{has_option, literal, names};

/// A variable that holds an argument and is evaluated.
pub(super) struct Evaluated<'s> {
    pub name: &'s str,
    pub origin: Origin,
    pub node: Node<'s>,
    pub refusal: Refusal,
}

/// All variables with arguments that the script evaluates by their bare names: `$((n))`, `${list[n]}`, `let i+=n`.
/// Where an expansion stands there (`$(($n))`), `context` has refused it.
pub(super) fn evaluated<'s>(syntax: &'s Syntax, values: &Values<'s>) -> Vec<Evaluated<'s>> {
    let mut found: Vec<Evaluated<'s>> = Vec::new();
    // Nodes are in the order of the text, so what ends before this is inside of one that was looked at.
    let mut looked_at = 0;
    for node in syntax.nodes() {
        if node.kind() == "command" {
            found.extend(
                evaluated_words(node)
                    .into_iter()
                    .filter_map(|word| bare_name(word, values)),
            );
        }
        if is_evaluated(node) && node.range().end > looked_at {
            looked_at = node.range().end;
            found.extend(bare_name(node, values));
        }
    }
    let is_integer = |name: &&'s str| values.of_name_in_arithmetic(name).is_some();
    for name in integers(syntax).into_iter().filter(is_integer) {
        let origin = values.of_name_in_arithmetic(name).unwrap_or(Origin::Input);
        let why = "is declared as an integer, so that bash evaluates what it is given, and runs the commands in it";
        let help = "leave out the `-i`, and do sums in a script in the namespace's folder: `python sum.py {…}`";
        let refusal = Refusal::new(why).help(help);
        found.push(Evaluated {
            name,
            origin,
            node: syntax.root(),
            refusal,
        });
    }
    found
}

/// Whether bash evaluates the words in a node.
fn is_evaluated(node: Node<'_>) -> bool {
    let written = node.text();
    let by_kind = match node.kind() {
        "arithmetic_expansion" => true,
        "compound_statement" => written.starts_with("(("),
        // In a pattern the parser takes a sum for commands.
        "command_substitution" => written.starts_with("$(("),
        "binary_expression" => context::is_evaluating_comparison(node),
        "unary_expression" => written.starts_with("-v") && written.contains('['),
        "heredoc_body" => ["$((", "$[", "`"].iter().any(|mark| written.contains(mark)),
        _ => false,
    };
    by_kind
        || match node.parent().map_or("", Node::kind) {
            // The header of a loop, but not its body.
            "c_style_for_statement" => node.field_name() != Some("body"),
            "subscript" => node.field_name() == Some("index"),
            "array" => written.starts_with('['),
            "unset_command" => written.contains('['),
            "declaration_command" => node.kind() != "variable_assignment" && written.contains('['),
            "expansion" => is_offset(node),
            _ => false,
        }
}

/// Whether a node is the offset or the length in `${text:offset:length}`.
fn is_offset(node: Node<'_>) -> bool {
    node.parent()
        .into_iter()
        .flat_map(Node::children)
        .take_while(|sibling| *sibling != node)
        .any(|sibling| sibling.text() == ":")
}

/// The words that `let` evaluates, and the indices of variables that `read a[n]` or `test -v a[n]` name.
fn evaluated_words(command: Node<'_>) -> Vec<Node<'_>> {
    const TAKE_INDICES: &[&str] = &["getopts", "mapfile", "read", "readarray", "unset", "wait"];
    let words: Vec<(Node<'_>, String)> = command.children().map(|word| (word, literal(word))).collect();
    let has = |names: &[&str]| words.iter().any(|(_, literal)| names.contains(&literal.as_str()));
    let (has_let, takes_indices) = (has(&["let"]), has(TAKE_INDICES));
    let before = std::iter::once("").chain(words.iter().map(|(_, literal)| literal.as_str()));
    let is_evaluated = |&(before, (_, literal)): &(&str, &(Node<'_>, String))| {
        has_let || literal.contains('[') && (takes_indices || before == "-v")
    };
    before
        .zip(&words)
        .skip(1)
        .filter(is_evaluated)
        .map(|(_, (word, _))| *word)
        .collect()
}

/// The first name in what is evaluated that holds an argument.
fn bare_name<'s>(evaluated: Node<'s>, values: &Values<'s>) -> Option<Evaluated<'s>> {
    let text = evaluated.text();
    names(text).find_map(|(range, name)| {
        let before = &text[..range.start];
        // Expansions are for `context`; a length is a number.
        if before.ends_with('$') || before.ends_with("${#") {
            return None;
        }
        let origin = values.of_name_in_arithmetic(name)?;
        let refusal = context::arithmetic();
        Some(Evaluated {
            name,
            origin,
            node: evaluated,
            refusal,
        })
    })
}

/// The names that are declared as integers.
fn integers(syntax: &Syntax) -> BTreeSet<&str> {
    syntax
        .nodes()
        .filter(|node| node.kind() == "declaration_command" && has_option(*node, 'i'))
        .flat_map(Node::named_children)
        .filter_map(|child| match child.kind() {
            "variable_assignment" => Some(child.field("name")?.text()),
            _ => Some(child.text()),
        })
        .map(|name| name.split('[').next().unwrap_or(name))
        .collect()
}
