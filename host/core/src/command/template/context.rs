//! Where in a bash script a quoted value is plain data, and where an expansion that brings one is.
//!
//! The rule is a list of what is known to be safe: from the word of the placeholder, or from the expansion, up to the
//! root, every node must be one through which it passes as it is. `$(…)` and `<(…)` begin a script of their own, so
//! that quotation marks around them do no harm; what evaluates their output as code does. `commands` and `arithmetic`
//! have the rest of the rules.

use super::syntax::{Node, Syntax};
use super::words::{has_option, literal};

/// Why a value is refused.
#[derive(Clone)]
pub(super) struct Refusal {
    /// The rest of a sentence that begins with the placeholder, or with the variable.
    pub why: String,
    /// What to do, where the usual way out is none.
    pub help: Option<String>,
}

impl Refusal {
    pub(super) fn new(why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            help: None,
        }
    }

    pub(super) fn help(self, help: impl Into<String>) -> Self {
        Self {
            help: Some(help.into()),
            ..self
        }
    }
}

/// Statements and other nodes through which a value passes as it is. What a command makes of its words is for
/// `commands`.
const PLAIN: &[&str] = &[
    "case_item",
    "case_statement",
    "command",
    "command_substitution",
    "compound_statement",
    "concatenation",
    "do_group",
    "elif_clause",
    "else_clause",
    "for_statement",
    "function_definition",
    "herestring_redirect",
    "if_statement",
    "list",
    "negated_command",
    "parenthesized_expression",
    "pipeline",
    "process_substitution",
    "program",
    "redirected_statement",
    "subshell",
    "test_command",
    "variable_assignments",
    "while_statement",
];

/// What may surround the output of `$(…)`, or an expansion: nothing there evaluates it.
const AROUND_OUTPUT: &[&str] = &["expansion", "extglob_pattern", "string", "translated_string"];

/// What may surround an expansion, but no quotation marks of a value.
const AROUND_EXPANSION: &[&str] = &["heredoc_body", "heredoc_redirect", "regex"];

/// What gets to a place.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Passing {
    /// A value in its quotation marks.
    Value,
    /// The output of a command that a value is in.
    Output,
    /// An expansion that brings a value.
    Expansion,
}

/// Why the value of a placeholder would not be plain data in the script, if it would not.
///
/// `is_whole` tells whether it is all that its word consists of.
pub(super) fn refusal_of_place(leaf: Node<'_>, is_whole: bool) -> Option<Refusal> {
    // A pattern that is the value alone: in quotation marks it is plain text.
    let is_pattern = leaf.kind() == "extglob_pattern"
        && is_whole
        && leaf
            .parent()
            .is_some_and(|parent| matches!(parent.kind(), "binary_expression" | "case_item"));
    if leaf.kind() != "word" && !is_pattern {
        let around: Vec<Node<'_>> = leaf.ancestors().chain([leaf]).collect();
        let refusal = around.into_iter().find_map(|node| in_kind(node, Passing::Value));
        return Some(refusal.unwrap_or_else(|| unknown(leaf.kind())));
    }
    climb(leaf, Passing::Value)
}

/// Why what an expansion of a variable brings would not be plain data.
pub(super) fn refusal_of_expansion(expansion: Node<'_>) -> Option<Refusal> {
    let written = expansion.text();
    let operator = written.strip_suffix('}').and_then(|inner| inner.rsplit_once('@'));
    let is_evaluated = operator.is_some_and(|(_, letter)| matches!(letter, "A" | "E" | "K" | "P" | "a" | "k"));
    if written.starts_with("${") && is_evaluated {
        return Some(
            Refusal::new(format!("is expanded once more by `{written}`"))
                .help("write the variable alone, or with `@Q` to show it in quotation marks"),
        );
    }
    if written.starts_with("${!") {
        return Some(
            Refusal::new(format!(
                "names a variable in `{written}`, and bash runs the commands in such a name"
            ))
            .help("choose with `case {…} in` which variable it is"),
        );
    }
    climb(expansion, Passing::Expansion)
}

fn climb(from: Node<'_>, mut passing: Passing) -> Option<Refusal> {
    let mut child = from;
    for parent in from.ancestors() {
        let refusal = through(parent, child, passing);
        if refusal.is_some() {
            return refusal;
        }
        if passing == Passing::Value && matches!(parent.kind(), "command_substitution" | "process_substitution") {
            passing = Passing::Output;
        }
        child = parent;
    }
    None
}

/// Why a value in `child` does not pass through `parent`.
fn through(parent: Node<'_>, child: Node<'_>, passing: Passing) -> Option<Refusal> {
    let kind = parent.kind();
    if let Some(refusal) = in_kind(parent, passing) {
        return Some(refusal);
    }
    let field = child.field_name();
    match kind {
        "function_definition" if field == Some("name") => Some(Refusal::new("is the name of a function")),
        "c_style_for_statement" if field != Some("body") => Some(arithmetic()),
        "c_style_for_statement" => None,
        "declaration_command" => in_declaration(parent, child),
        "variable_assignment" => (field != Some("value")).then(variable_name),
        "array" => literal(child).starts_with('[').then(array_index),
        "file_redirect" => (parent.field("destination") != Some(child))
            .then(|| Refusal::new("stands after a redirection").help("put redirections at the end of the command")),
        "binary_expression" => in_comparison(parent, passing),
        "unary_expression" => {
            let operator = parent.children().next().map_or("", Node::text);
            matches!(operator, "-v" | "-R").then(variable_name)
        }
        _ if PLAIN.contains(&kind) => None,
        _ if passing != Passing::Value && AROUND_OUTPUT.contains(&kind) => None,
        _ if passing == Passing::Expansion && AROUND_EXPANSION.contains(&kind) => None,
        _ => Some(unknown(kind)),
    }
}

/// Why no value may be anywhere in a node of this kind.
fn in_kind(node: Node<'_>, passing: Passing) -> Option<Refusal> {
    let written = node.text();
    let is_value = passing == Passing::Value;
    let why = match node.kind() {
        "string" | "string_content" | "translated_string" if is_value => {
            "stands inside double quotes, which the quotation marks of its value would end"
        }
        "raw_string" => "stands inside single quotes, which the quotation marks of its value would end",
        "ansi_c_string" => "stands inside `$'…'`, which the quotation marks of its value would end",
        "expansion" | "simple_expansion" if is_value => "stands inside the expansion of a variable",
        "heredoc_body" | "heredoc_content" | "heredoc_start" | "heredoc_end" if passing != Passing::Expansion => {
            "stands in a here-document, which its value could end"
        }
        "comment" => "stands in a comment, which a value with a newline would end",
        "command_substitution" if !written.starts_with("$(") && passing != Passing::Expansion => {
            return Some(
                Refusal::new("stands inside backticks, where quotation marks mean something else")
                    .help("write `$(…)` in their place"),
            );
        }
        // In a pattern the parser takes a sum for commands.
        "command_substitution" if written.starts_with("$((") => return Some(arithmetic()),
        "command_name" => {
            return Some(
                Refusal::new("chooses the command that runs")
                    .help("write the command into the template, or decide with `case {…} in` which one runs"),
            );
        }
        "arithmetic_expansion" => return Some(arithmetic()),
        "compound_statement" if written.starts_with("((") => return Some(arithmetic()),
        "subscript" => return Some(array_index()),
        "unset_command" | "variable_name" => return Some(variable_name()),
        "regex" if passing != Passing::Expansion => {
            return Some(Refusal::new("is compared as a regular expression, but quoted it is plain text")
                .help("compare with `==`; or, if it must be an expression, take it into a variable first: `re={…}; [[ $x =~ $re ]]`"));
        }
        _ => return None,
    };
    Some(Refusal::new(why))
}

fn in_declaration(declaration: Node<'_>, child: Node<'_>) -> Option<Refusal> {
    if child.kind() != "variable_assignment" {
        return Some(variable_name().help("write the variable's name into the template: `export NAME={…}`"));
    }
    // `declare -n`: what is assigned is the name of a variable. `declare -i`, an expression, is for `arithmetic`.
    has_option(declaration, 'n').then(variable_name)
}

/// In `[[ … ]]` the operators of numbers evaluate both sides; `[ … ]` only takes numbers.
fn in_comparison(comparison: Node<'_>, passing: Passing) -> Option<Refusal> {
    if is_evaluating_comparison(comparison) {
        return Some(arithmetic());
    }
    let is_expression = comparison
        .field("operator")
        .is_some_and(|operator| operator.text() == "=~");
    (is_expression && passing != Passing::Expansion).then(|| {
        Refusal::new("is compared with a regular expression, or as one")
            .help("take it into a variable first: `x={…}; [[ $x =~ ^[0-9]+$ ]]`")
    })
}

/// Whether this is `[[ a -eq b ]]` or the like.
pub(super) fn is_evaluating_comparison(node: Node<'_>) -> bool {
    let operator = node.field("operator").map_or("", Node::text);
    node.kind() == "binary_expression"
        && matches!(operator, "-eq" | "-ne" | "-lt" | "-le" | "-gt" | "-ge")
        && node
            .ancestors()
            .find(|around| around.kind() == "test_command")
            .is_none_or(|test| test.text().starts_with("[["))
}

/// A here-document ends at a line of its own, whatever quotation marks are around that line, and two of them on a
/// line are hard to follow. So no value comes after the first.
pub(super) fn after_here_document(syntax: &Syntax, leaf: Node<'_>, name: &str) -> Option<Refusal> {
    let first = syntax.nodes().find(|node| node.kind() == "heredoc_redirect")?;
    (leaf.range().end > first.range().start).then(|| {
        Refusal::new("stands in or after a here-document, which its value could end").help(format!(
            "take it into a variable before: `{name}={{{name}}}` on a line above, then `${name}`"
        ))
    })
}

pub(super) fn arithmetic() -> Refusal {
    Refusal::new("is part of arithmetic, where bash runs the commands in a value")
        .help("let a script in the namespace's folder check that it is a number, and do the sum: `python sum.py {…}`")
}

fn array_index() -> Refusal {
    Refusal::new("is an array index, where bash runs the commands in a value")
        .help("choose with `case {…} in` in place of an array")
}

fn variable_name() -> Refusal {
    Refusal::new("names a variable, and bash runs the commands in such a name")
        .help("write the variable's name into the template")
}

fn unknown(kind: &str) -> Refusal {
    let kind = kind.replace('_', " ");
    Refusal::new(format!(
        "stands in a place that is not known to keep it plain data (bash's {kind})"
    ))
}
