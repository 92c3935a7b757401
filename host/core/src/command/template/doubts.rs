//! What bash does not read, or could read in another way than the parser does.
//!
//! The parser (tree-sitter-bash) is made for editors: it forgives, and in rare places it cuts words and lines otherwise than
//! bash, or does not look into them. The rules here are what random templates have brought up (`random_tests`).

use super::syntax::{Node, Syntax};

/// The first doubtful thing in a script.
pub(super) fn first(syntax: &Syntax) -> Option<Node<'_>> {
    let is_doubtful = |node: &Node<'_>| {
        let node = *node;
        node.kind() == "ERROR"
            || node.is_missing()
            || has_doubtful_gap(node, syntax.text())
            || is_torn(node)
            || has_operator(node)
            || has_words_after_redirection(node)
            || hides_expansions(node)
    };
    syntax.nodes().find(is_doubtful).or_else(|| hidden_comment(syntax))
}

/// Whether the parser sees two words where bash may see one (`x=(a)test eval` begins with the word `x=(a)test`), or one
/// command where bash sees two lines.
fn has_doubtful_gap(node: Node<'_>, text: &str) -> bool {
    const ON_ONE_LINE: &[&str] = &[
        "command",
        "declaration_command",
        "file_redirect",
        "herestring_redirect",
        "redirected_statement",
        "unset_command",
        "variable_assignment",
        "variable_assignments",
    ];
    const MAY_TOUCH: &[&str] = &["do_group", "file_redirect", "heredoc_redirect", "herestring_redirect"];
    let is_on_one_line = ON_ONE_LINE.contains(&node.kind());
    let is_of_words = is_on_one_line || matches!(node.kind(), "array" | "for_statement");
    if !is_of_words {
        return false;
    }
    let children: Vec<Node<'_>> = match node.kind() {
        "command" | "declaration_command" | "unset_command" => node.children().collect(),
        _ => node.named_children().collect(),
    };
    children.windows(2).any(|pair| {
        let gap = text.get(pair[0].range().end..pair[1].range().start).unwrap_or_default();
        let touch = gap.is_empty() && !MAY_TOUCH.contains(&pair[1].kind());
        // What a redirection says begins with its file descriptor or sign, so those of one node may touch.
        let touch = touch
            && !matches!(
                node.kind(),
                "file_redirect" | "herestring_redirect" | "variable_assignment"
            );
        touch || is_on_one_line && (gap.replace("\\\n", "").contains('\n') || pair[1].kind() == "comment")
    })
}

/// Whether the parser sees one word where there is white space in it, as in "let ``echo".
fn is_torn(node: Node<'_>) -> bool {
    node.kind() == "concatenation"
        && node
            .children()
            .zip(node.children().skip(1))
            .any(|(one, next)| one.range().end != next.range().start)
}

/// Whether the parser takes `==` or `=~` in a command that is no test for an operator, and what follows for an
/// expression.
fn has_operator(node: Node<'_>) -> bool {
    node.kind() == "command" && node.children().any(|child| matches!(child.kind(), "==" | "=~"))
}

/// Whether the parser takes the words after `> file` for more files, or those after `<<EOF` for a part of it.
fn has_words_after_redirection(node: Node<'_>) -> bool {
    let count = |field| {
        node.children()
            .filter(|child| child.field_name() == Some(field))
            .count()
    };
    match node.kind() {
        "file_redirect" => count("destination") > 1,
        "heredoc_redirect" => count("argument") > 0,
        _ => false,
    }
}

/// Whether there may be commands or sums in what the parser takes for a piece of text: it does not look into
/// patterns, and inside backticks a backslash hides what bash will see.
fn hides_expansions(node: Node<'_>) -> bool {
    let written = node.text();
    match node.kind() {
        "regex" | "extglob_pattern" => ["$(", "${", "$[", "`"].iter().any(|mark| written.contains(mark)),
        "command_substitution" => !written.starts_with("$(") && written.contains('\\'),
        _ => false,
    }
}

/// A `#` where bash begins a comment, and the parser does not: it reads `$ #` as `$#`.
fn hidden_comment(syntax: &Syntax) -> Option<Node<'_>> {
    const KNOWN: &[&str] = &[
        "ansi_c_string",
        "comment",
        "heredoc_body",
        "heredoc_content",
        "raw_string",
        "string",
        "string_content",
    ];
    let text = syntax.text();
    let begins_word = |at: usize| text[..at].ends_with([' ', '\t', '\n', ';', '&', '|', '(', ')', '<', '>']);
    text.match_indices('#')
        .filter(|&(at, _)| begins_word(at))
        .map(|(at, _)| syntax.around(&(at..at + 1)))
        .find(|node| !KNOWN.contains(&node.kind()))
}
