//! Where in a bash script a quoted value is plain data.
//!
//! The rule is a list of what is known to be safe: from the word of the placeholder up to the root, every node must
//! be one through which a quoted word passes as it is. `$(…)` and `<(…)` begin a script of their own, so that
//! quotation marks around them do no harm; what evaluates their output as code does.

use tree_sitter::Node;

use super::commands;
use super::script::Place;

/// Why a placeholder is refused.
pub(super) struct Refusal {
    /// The rest of a sentence that begins with the placeholder.
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

/// Statements and other nodes through which a value passes as it is.
const PLAIN: &[&str] = &[
    "case_item",
    "case_statement",
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

/// What surrounds the output of `$(…)` without evaluating it.
const AROUND_OUTPUT: &[&str] = &["expansion", "extglob_pattern", "string", "translated_string"];

/// Why the value of `place` would not be plain data in the script, if it would not.
pub(super) fn refusal(root: Node<'_>, text: &str, place: &Place<'_>) -> Option<Refusal> {
    let Some(leaf) = root.descendant_for_byte_range(place.range.start, place.range.end) else {
        return Some(unknown("nothing"));
    };
    if let Some(refusal) = after_here_document(root, place) {
        return Some(refusal);
    }
    let mut is_output = false;
    // A pattern that is the value alone: in quotation marks it is plain text.
    let is_pattern = leaf.kind() == "extglob_pattern"
        && leaf.byte_range() == place.range
        && leaf
            .parent()
            .is_some_and(|parent| matches!(parent.kind(), "binary_expression" | "case_item"));
    if leaf.kind() != "word" && !is_pattern {
        let around = std::iter::successors(leaf.parent(), Node::parent).chain([leaf]);
        let refusal = around.into_iter().find_map(|node| in_kind(node, text, is_output));
        return Some(refusal.unwrap_or_else(|| unknown(leaf.kind())));
    }
    let mut child = leaf;
    while let Some(parent) = child.parent() {
        let refusal = through(parent, child, text, is_output);
        if refusal.is_some() {
            return refusal;
        }
        is_output |= matches!(parent.kind(), "command_substitution" | "process_substitution");
        child = parent;
    }
    None
}

/// Why a value in `child` does not pass through `parent`. `is_output`: only what a command in `child` prints gets
/// there.
fn through(parent: Node<'_>, child: Node<'_>, text: &str, is_output: bool) -> Option<Refusal> {
    let kind = parent.kind();
    if let Some(refusal) = in_kind(parent, text, is_output) {
        return Some(refusal);
    }
    match kind {
        "function_definition" if is_field(parent, "name", child) => Some(Refusal::new("is the name of a function")),
        "c_style_for_statement" if !is_field(parent, "body", child) => Some(arithmetic()),
        "c_style_for_statement" => None,
        "command" => match child.kind() {
            "variable_assignment" | "file_redirect" | "herestring_redirect" => None,
            _ => commands::refusal(parent, child, text),
        },
        "declaration_command" => in_declaration(parent, child, text),
        "variable_assignment" => (!is_field(parent, "value", child)).then(variable_name),
        "array" => text[child.byte_range()].starts_with('[').then(array_index),
        "file_redirect" => (parent.child_by_field_name("destination") != Some(child))
            .then(|| Refusal::new("stands after a redirection").help("put redirections at the end of the command")),
        "binary_expression" => in_comparison(parent, text),
        "unary_expression" => {
            let operator = parent.child(0).map_or("", |operator| &text[operator.byte_range()]);
            matches!(operator, "-v" | "-R").then(variable_name)
        }
        _ if PLAIN.contains(&kind) || is_output && AROUND_OUTPUT.contains(&kind) => None,
        _ => Some(unknown(kind)),
    }
}

/// Why no value may be anywhere in a node of this kind.
fn in_kind(node: Node<'_>, text: &str, is_output: bool) -> Option<Refusal> {
    let written = &text[node.byte_range()];
    let why = match node.kind() {
        "string" | "string_content" | "translated_string" if !is_output => {
            "stands inside double quotes, which the quotation marks of its value would end"
        }
        "raw_string" => "stands inside single quotes, which the quotation marks of its value would end",
        "ansi_c_string" => "stands inside `$'…'`, which the quotation marks of its value would end",
        "expansion" | "simple_expansion" if !is_output => "stands inside the expansion of a variable",
        "heredoc_body" | "heredoc_content" | "heredoc_start" | "heredoc_end" => {
            "stands in a here-document, which its value could end"
        }
        "comment" => "stands in a comment, which a value with a newline would end",
        "command_substitution" if !written.starts_with("$(") => {
            return Some(
                Refusal::new("stands inside backticks, where quotation marks mean something else")
                    .help("write `$(…)` in their place"),
            );
        }
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
        "regex" => {
            return Some(Refusal::new("is compared as a regular expression, but quoted it is plain text")
                .help("compare with `==`; or, if it must be an expression, take it into a variable first: `re={…}; [[ $x =~ $re ]]`"));
        }
        _ => return None,
    };
    Some(Refusal::new(why))
}

fn in_declaration(declaration: Node<'_>, child: Node<'_>, text: &str) -> Option<Refusal> {
    if child.kind() != "variable_assignment" {
        return Some(variable_name());
    }
    evaluates_values(declaration, text).then(arithmetic)
}

/// Whether this is `declare -i` or `declare -n`: what is assigned is an expression, or the name of a variable.
pub(super) fn evaluates_values(declaration: Node<'_>, text: &str) -> bool {
    let mut cursor = declaration.walk();
    declaration.children(&mut cursor).any(|word| {
        let word = commands::literal(word, text);
        word.starts_with(['-', '+']) && word.contains(['i', 'n'])
    })
}

/// In `[[ … ]]` the operators of numbers evaluate both sides; `[ … ]` only takes numbers.
fn in_comparison(comparison: Node<'_>, text: &str) -> Option<Refusal> {
    if !is_evaluating_comparison(comparison, text) {
        let operator = comparison.child_by_field_name("operator")?;
        return (&text[operator.byte_range()] == "=~").then(|| {
            Refusal::new("is compared with a regular expression, or as one")
                .help("take it into a variable first: `x={…}; [[ $x =~ ^[0-9]+$ ]]`")
        });
    }
    Some(arithmetic())
}

/// Whether this is `[[ a -eq b ]]` or the like.
pub(super) fn is_evaluating_comparison(node: Node<'_>, text: &str) -> bool {
    let operator = node
        .child_by_field_name("operator")
        .map_or("", |operator| &text[operator.byte_range()]);
    let mut around = Some(node);
    while let Some(outer) = around.filter(|outer| outer.kind() != "test_command") {
        around = outer.parent();
    }
    node.kind() == "binary_expression"
        && matches!(operator, "-eq" | "-ne" | "-lt" | "-le" | "-gt" | "-ge")
        && around.is_none_or(|test| text[test.byte_range()].starts_with("[["))
}

/// A here-document ends at a line of its own, whatever quotation marks are around that line, and two of them on a
/// line are hard to follow. So no value comes after the first.
fn after_here_document(root: Node<'_>, place: &Place<'_>) -> Option<Refusal> {
    let first = super::variables::nodes(root).find(|node| node.kind() == "heredoc_redirect")?;
    (place.range.end > first.start_byte()).then(|| {
        let name = place.name;
        Refusal::new("stands in or after a here-document, which its value could end").help(format!(
            "take it into a variable before: `{name}={{{name}}}` on a line above, then `${name}`"
        ))
    })
}

fn is_field(parent: Node<'_>, field: &str, child: Node<'_>) -> bool {
    let mut cursor = parent.walk();
    parent
        .children_by_field_name(field, &mut cursor)
        .any(|node| node == child)
}

fn arithmetic() -> Refusal {
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
