//! Arguments that were taken into a variable: where the variable is evaluated once more, the argument would be code.
//!
//! `n={n}; echo $((n + 1))` runs the commands in `n` if it is `a[$(…)]`; so do `[[ $n -eq 1 ]]`, `${list[$n]}`,
//! `${text:$n}`, and `eval "$n"`. Only variables that take a placeholder themselves are followed, not what is
//! computed from them.

use tree_sitter::Node;

use super::TemplateError;
use super::commands;
use super::context::{evaluates_values, is_evaluating_comparison};
use super::script::{Place, Sample};

/// A variable, and the placeholder whose value it takes.
struct Taken<'s> {
    variable: &'s str,
    place: &'s Place<'s>,
}

/// An error for each placeholder whose variable is evaluated.
pub(super) fn check(root: Node<'_>, sample: &Sample<'_>) -> Vec<TemplateError> {
    let taken: Vec<Taken<'_>> = sample
        .places
        .iter()
        .filter_map(|place| taken(root, sample, place))
        .collect();
    if taken.is_empty() {
        return Vec::new();
    }
    let evaluated: Vec<(&str, String)> = nodes(root)
        .filter(|node| matches!(node.kind(), "variable_name" | "word"))
        .flat_map(|node| names(&sample.text[node.byte_range()]).map(move |name| (node, name)))
        .filter(|(_, name)| taken.iter().any(|taken| taken.variable == *name))
        .filter_map(|(node, name)| Some((name, evaluation(node, &sample.text)?)))
        .collect();
    let error = |taken: &Taken<'_>| {
        let (variable, how) = evaluated.iter().find(|(name, _)| *name == taken.variable)?;
        let name = taken.place.name;
        Some(TemplateError::new(
            taken.place.span.clone(),
            format!("`{{{name}}}` goes into `{variable}`, and `{variable}` {how}"),
            "put that step into a script in the namespace's folder that checks the value first: `python step.py {…}`"
                .replace("{…}", &format!("{{{name}}}")),
        ))
    };
    taken.iter().filter_map(error).collect()
}

/// What could be names of variables in a word: `let m=n+1` is one word for the parser.
fn names(word: &str) -> impl Iterator<Item = &str> {
    word.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .filter(|name| !name.is_empty())
}

/// The variable that the value of `place` goes into.
fn taken<'s>(root: Node<'_>, sample: &'s Sample<'_>, place: &'s Place<'_>) -> Option<Taken<'s>> {
    let mut child = root.descendant_for_byte_range(place.range.start, place.range.end)?;
    while let Some(parent) = child.parent() {
        let field = match parent.kind() {
            "variable_assignment" => "name",
            "for_statement" if child.kind() != "do_group" => "variable",
            _ => {
                child = parent;
                continue;
            }
        };
        let variable = &sample.text[parent.child_by_field_name(field)?.byte_range()];
        let variable = variable.split('[').next().unwrap_or(variable);
        return Some(Taken { variable, place });
    }
    None
}

/// How the variable in `name` is evaluated where it stands, if it is: the rest of a sentence.
fn evaluation(name: Node<'_>, text: &str) -> Option<String> {
    let arithmetic = || Some("is used in arithmetic, where bash runs the commands in a value".to_owned());
    let mut child = name;
    while let Some(parent) = child.parent() {
        let written = &text[parent.byte_range()];
        match parent.kind() {
            "arithmetic_expansion" => return arithmetic(),
            "compound_statement" if written.starts_with("((") => return arithmetic(),
            "c_style_for_statement" if child.kind() != "do_group" => return arithmetic(),
            "subscript" if parent.child_by_field_name("index") == Some(child) => return arithmetic(),
            "binary_expression" if is_evaluating_comparison(parent, text) => return arithmetic(),
            "expansion" if is_offset(parent, child, text) => return arithmetic(),
            "declaration_command" if evaluates_values(parent, text) => return arithmetic(),
            "command" => {
                if let Some(refusal) = commands::code_refusal(parent, child, text) {
                    return Some(refusal.why);
                }
            }
            _ => {}
        }
        child = parent;
    }
    None
}

/// Whether `child` is the offset or the length in `${text:offset:length}`.
fn is_offset(expansion: Node<'_>, child: Node<'_>, text: &str) -> bool {
    let mut cursor = expansion.walk();
    expansion
        .children(&mut cursor)
        .take_while(|node| *node != child)
        .any(|node| &text[node.byte_range()] == ":")
}

/// All nodes below and with `root`, in the order of the text.
pub(super) fn nodes(root: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    let mut waiting = vec![root];
    std::iter::from_fn(move || {
        let node = waiting.pop()?;
        let mut cursor = node.walk();
        let children: Vec<Node<'_>> = node.children(&mut cursor).collect();
        waiting.extend(children.into_iter().rev());
        Some(node)
    })
}
