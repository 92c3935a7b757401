//! What bash does not read, or could read in another way than the parser does.
//!
//! The parser (tree-sitter-bash) is made for editors: it forgives, and in rare places it cuts words and lines otherwise than
//! bash. The rules here are what random templates have brought up (`random_tests`).

use tree_sitter::Node;

use super::variables::nodes;

/// The first doubtful thing in a script.
pub(super) fn first<'t>(root: Node<'t>, text: &str) -> Option<Node<'t>> {
    let is_doubtful = |node: &Node<'_>| {
        let node = *node;
        node.is_error()
            || node.is_missing()
            || has_doubtful_gap(node, text)
            || is_torn(node)
            || has_operator(node)
            || has_words_after_redirection(node)
    };
    nodes(root).find(is_doubtful).or_else(|| hidden_comment(root, text))
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
    let mut cursor = node.walk();
    let children: Vec<Node<'_>> = match node.kind() {
        "command" | "declaration_command" | "unset_command" => node.children(&mut cursor).collect(),
        _ => node.named_children(&mut cursor).collect(),
    };
    is_of_words
        && children.windows(2).any(|pair| {
            let gap = text.get(pair[0].end_byte()..pair[1].start_byte()).unwrap_or_default();
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
    let mut cursor = node.walk();
    let children: Vec<Node<'_>> = node.children(&mut cursor).collect();
    node.kind() == "concatenation"
        && children
            .windows(2)
            .any(|pair| pair[0].end_byte() != pair[1].start_byte())
}

/// Whether the parser takes `==` or `=~` in a command that is no test for an operator, and what follows for an
/// expression.
fn has_operator(node: Node<'_>) -> bool {
    let mut cursor = node.walk();
    let mut children = node.children(&mut cursor);
    node.kind() == "command" && children.any(|child| matches!(child.kind(), "==" | "=~"))
}

/// Whether the parser takes the words after `> file` for more files.
fn has_words_after_redirection(node: Node<'_>) -> bool {
    let mut cursor = node.walk();
    node.kind() == "file_redirect" && node.children_by_field_name("destination", &mut cursor).count() > 1
}

/// A `#` where bash begins a comment, and the parser does not: it reads `$ #` as `$#`.
fn hidden_comment<'t>(root: Node<'t>, text: &str) -> Option<Node<'t>> {
    const KNOWN: &[&str] = &[
        "ansi_c_string",
        "comment",
        "heredoc_body",
        "heredoc_content",
        "raw_string",
        "string",
        "string_content",
    ];
    let begins_word = |at: usize| text[..at].ends_with([' ', '\t', '\n', ';', '&', '|', '(', ')', '<', '>']);
    text.match_indices('#')
        .filter(|&(at, _)| begins_word(at))
        .filter_map(|(at, _)| root.descendant_for_byte_range(at, at + 1))
        .find(|node| !KNOWN.contains(&node.kind()))
}
