//! The syntax tree of a script, laid out flat: walking up and looking around costs the same however deep it is.
//!
//! The nodes of tree-sitter find their parents by a search from the root, which a hostile script makes long.

use std::ops::Range;
use std::sync::LazyLock;

use tree_sitter::{Language, Parser, Tree};

/// The grammar. Names of kinds and fields live as long as it does.
static BASH: LazyLock<Language> = LazyLock::new(|| Language::from(tree_sitter_bash::LANGUAGE));

/// The deepest tree that is taken. What people write has a depth of about 20.
const MAX_DEPTH: usize = 100;

/// A parsed script.
pub(super) struct Syntax {
    text: String,
    entries: Vec<Entry>,
    /// Whether it is deeper than anyone can follow; it ends there.
    pub is_too_deep: bool,
}

struct Entry {
    kind: &'static str,
    field: Option<&'static str>,
    range: Range<usize>,
    parent: Option<usize>,
    children: Vec<usize>,
    row: usize,
    is_named: bool,
    is_missing: bool,
}

impl Syntax {
    /// Parses a script; nothing comes of it only where the parser gives up.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parser = Parser::new();
        parser.set_language(&BASH).ok()?;
        // The grammar knows no `<>` (open for reading and writing); `>>` stands in the same places and is as long.
        let tree = parser.parse(text.replace("<>", ">>"), None)?;
        let mut syntax = Self {
            text: text.to_owned(),
            entries: Vec::new(),
            is_too_deep: false,
        };
        syntax.read(&tree);
        Some(syntax)
    }

    fn read(&mut self, tree: &Tree) {
        let mut cursor = tree.walk();
        let mut open: Vec<usize> = Vec::new();
        loop {
            let node = cursor.node();
            let index = self.entries.len();
            self.entries.push(Entry {
                kind: BASH
                    .node_kind_for_id(node.kind_id())
                    .filter(|_| !node.is_error())
                    .unwrap_or("ERROR"),
                field: cursor.field_id().and_then(|field| BASH.field_name_for_id(field.get())),
                range: node.byte_range(),
                parent: open.last().copied(),
                children: Vec::new(),
                row: node.start_position().row,
                is_named: node.is_named(),
                is_missing: node.is_missing(),
            });
            if let Some(&parent) = open.last() {
                self.entries[parent].children.push(index);
            }
            self.is_too_deep |= open.len() > MAX_DEPTH;
            if !self.is_too_deep && cursor.goto_first_child() {
                open.push(index);
                continue;
            }
            while !cursor.goto_next_sibling() {
                if !cursor.goto_parent() {
                    return;
                }
                open.pop();
            }
        }
    }

    /// The script.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The whole script.
    pub(super) fn root(&self) -> Node<'_> {
        self.node(0)
    }

    /// How many nodes there are.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The node with a number.
    pub(super) fn node(&self, index: usize) -> Node<'_> {
        Node { syntax: self, index }
    }

    /// All nodes, each before what is in it, in the order of the text.
    pub(super) fn nodes(&self) -> impl Iterator<Item = Node<'_>> {
        (0..self.entries.len()).map(|index| self.node(index))
    }

    /// The smallest node around a range.
    pub(super) fn around(&self, range: &Range<usize>) -> Node<'_> {
        let mut index = 0;
        loop {
            let children = &self.entries[index].children;
            let next = children.partition_point(|&child| self.entries[child].range.end < range.end);
            let inner = children[next..]
                .iter()
                .take_while(|&&child| self.entries[child].range.start <= range.start)
                .find(|&&child| self.entries[child].range.end >= range.end);
            match inner {
                Some(&inner) => index = inner,
                None => return self.node(index),
            }
        }
    }
}

/// A node of a [`Syntax`].
#[derive(Clone, Copy)]
pub(super) struct Node<'s> {
    syntax: &'s Syntax,
    /// Its number: smaller than those of the nodes in it.
    pub index: usize,
}

impl PartialEq for Node<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.index == other.index
    }
}

impl<'s> Node<'s> {
    fn entry(self) -> &'s Entry {
        &self.syntax.entries[self.index]
    }

    /// What the grammar calls it; `ERROR` where the parser did not understand.
    pub(super) fn kind(self) -> &'static str {
        self.entry().kind
    }

    /// What its parent calls it.
    pub(super) fn field_name(self) -> Option<&'static str> {
        self.entry().field
    }

    /// Where it is in the script.
    pub(super) fn range(self) -> Range<usize> {
        self.entry().range.clone()
    }

    /// What is written there.
    pub(super) fn text(self) -> &'s str {
        self.syntax.text.get(self.range()).unwrap_or_default()
    }

    /// Its line, from 0.
    pub(super) fn row(self) -> usize {
        self.entry().row
    }

    /// Whether the parser added it to make sense of the rest.
    pub(super) fn is_missing(self) -> bool {
        self.entry().is_missing
    }

    /// The node that it is part of.
    pub(super) fn parent(self) -> Option<Self> {
        self.entry().parent.map(|parent| self.syntax.node(parent))
    }

    /// The nodes that it is part of, the nearest first.
    pub(super) fn ancestors(self) -> impl Iterator<Item = Self> {
        std::iter::successors(self.parent(), |node| node.parent())
    }

    /// Its parts.
    pub(super) fn children(self) -> impl DoubleEndedIterator<Item = Self> + Clone {
        let syntax = self.syntax;
        self.entry().children.iter().map(move |&child| syntax.node(child))
    }

    /// Its parts but for the marks between them.
    pub(super) fn named_children(self) -> impl Iterator<Item = Self> {
        self.children().filter(|child| child.entry().is_named)
    }

    /// The first part with a name.
    pub(super) fn field(self, name: &str) -> Option<Self> {
        self.children().find(|child| child.field_name() == Some(name))
    }
}
