//! Where the arguments of a job get to in a script: into which variables, words, and inputs of commands.
//!
//! `n={n}; m=$n; echo $((m + 1))` runs the commands in `n` if it is `a[$(…)]`. So the names that take a value are
//! found, then those that take a value from these, until there are no more. The order of the commands does not count:
//! a name that holds a value once is taken to hold one everywhere.

use std::collections::BTreeMap;

use super::programs::{READ_INTO_NAMES, READ_NOTHING, base_name};
use super::syntax::{Node, Syntax};
use super::words::{Word, expanded, has_option, literal, names, starts, words};

/// How often the script is gone through at most.
const MAX_ROUNDS: usize = 40;

/// Variables in which bash itself leaves what it has read or run.
pub(super) const SET_BY_BASH: &[&str] = &[
    "BASH_ARGV",
    "BASH_ARGV0",
    "BASH_COMMAND",
    "BASH_EXECUTION_STRING",
    "BASH_REMATCH",
    "COPROC",
    "MAPFILE",
    "OPTARG",
    "READLINE_LINE",
    "REPLY",
    "_",
];

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Origin {
    /// From the placeholder of this number.
    Place(usize),
    /// From what a command has read.
    Input,
}

/// What is known of a script that holds arguments.
pub(super) struct Values<'s> {
    syntax: &'s Syntax,
    /// The variables that hold an argument; `@` stands for all positional parameters.
    pub tainted: BTreeMap<String, Origin>,
    /// The variables that hold the name of one that does: arithmetic evaluates that as well.
    mentioning: BTreeMap<String, Origin>,
    /// For each node whether there is an argument in it.
    carried: Vec<Option<Origin>>,
    /// For each node whether a command there would read an argument.
    input: Vec<Option<Origin>>,
    /// The functions of the script, and whether they are called with an argument for input.
    functions: BTreeMap<&'s str, Option<Origin>>,
    has_changed: bool,
}

impl<'s> Values<'s> {
    /// Finds where the arguments get to. Nothing where that takes too long.
    ///
    /// `places` are the nodes of the placeholders; `tainted` are variables that hold an argument from the beginning,
    /// and `input` tells whether the script reads one.
    pub(super) fn of(
        syntax: &'s Syntax,
        places: &[Node<'s>],
        tainted: BTreeMap<String, Origin>,
        input: Option<Origin>,
    ) -> Option<Self> {
        let functions = syntax
            .nodes()
            .filter(|node| node.kind() == "function_definition")
            .filter_map(|function| Some((function.field("name")?.text(), None)));
        let mut values = Self {
            syntax,
            tainted,
            mentioning: BTreeMap::new(),
            carried: vec![None; syntax.len()],
            input: vec![None; syntax.len()],
            functions: functions.collect(),
            has_changed: true,
        };
        for name in SET_BY_BASH {
            values.tainted.entry((*name).to_owned()).or_insert(Origin::Input);
        }
        values.input[0] = input;
        for (number, place) in places.iter().enumerate().rev() {
            values.carried[place.index] = Some(Origin::Place(number));
        }
        for _ in 0..MAX_ROUNDS {
            if !std::mem::take(&mut values.has_changed) {
                return Some(values);
            }
            values.carry_up();
            values.hand_down_input();
            for node in syntax.nodes() {
                values.follow(node);
            }
        }
        None
    }

    /// The argument in a node, if there is one.
    pub(super) fn carried(&self, node: Node<'_>) -> Option<Origin> {
        self.carried[node.index]
    }

    /// The argument that a command at this node would read.
    pub(super) fn input(&self, node: Node<'_>) -> Option<Origin> {
        self.input[node.index]
    }

    /// The argument in a variable, by its name.
    pub(super) fn of_name(&self, name: &str) -> Option<Origin> {
        let is_positional = name.bytes().all(|byte| byte.is_ascii_digit()) || name == "*";
        let name = if is_positional { "@" } else { name };
        self.tainted.get(name).copied()
    }

    /// The argument that a variable leads to in arithmetic.
    pub(super) fn of_name_in_arithmetic(&self, name: &str) -> Option<Origin> {
        let is_number = name.bytes().all(|byte| byte.is_ascii_digit());
        (!is_number).then(|| self.of_name(name).or_else(|| self.mentioning.get(name).copied()))?
    }

    fn carry_up(&mut self) {
        for index in (0..self.syntax.len()).rev() {
            let node = self.syntax.node(index);
            if let Some(origin) = self.begins(node) {
                self.carry(index, origin);
            }
            if let (Some(origin), Some(parent)) = (self.carried[index], node.parent()) {
                self.carry(parent.index, origin);
            }
        }
    }

    fn carry(&mut self, index: usize, origin: Origin) {
        let carried = &mut self.carried[index];
        self.has_changed |= carried.is_none();
        *carried = Some(carried.map_or(origin, |known| known.min(origin)));
    }

    /// The argument that an expansion, or what a command prints, brings to where it stands.
    pub(super) fn begins(&self, node: Node<'_>) -> Option<Origin> {
        match node.kind() {
            // `${!m}` is the value of the variable that `m` names.
            "expansion" if node.text().starts_with("${!") => self.of_name_in_arithmetic(expanded(node)?),
            "simple_expansion" | "expansion" => self.of_name(expanded(node)?),
            "command_substitution" | "process_substitution" => {
                let reads = |command: &Node<'_>| {
                    let name = command.field("name").map(literal).unwrap_or_default();
                    command.kind() != "command" || !READ_NOTHING.contains(&base_name(&name))
                };
                let mut statements = node.named_children();
                self.input(node)
                    .filter(|_| statements.any(|statement| reads(&statement)))
            }
            _ => None,
        }
    }

    /// From each statement to those in it: what a command reads comes from a pipe, a redirection, or from around it.
    fn hand_down_input(&mut self) {
        for node in self.syntax.nodes() {
            let redirected = node.children().find_map(|child| self.redirects_input(child));
            if let Some(origin) = redirected {
                self.feed(node.index, origin);
            }
            let mut piped = None;
            for child in node.children() {
                // What is in `>(…)` reads what some command prints.
                let from_around = match child.kind() {
                    _ if node.kind() == "heredoc_redirect" => node.parent().and_then(|around| self.carried(around)),
                    "process_substitution" if child.text().starts_with('>') => self.carried(self.syntax.root()),
                    "function_definition" => {
                        let name = child.field("name").map_or("", Node::text);
                        self.functions.get(name).copied().flatten()
                    }
                    _ => None,
                };
                let origin = piped.or(from_around).or(self.input[node.index]);
                if let Some(origin) = origin {
                    self.feed(child.index, origin);
                }
                if node.kind() == "pipeline" {
                    piped = piped.or(self.carried(child));
                }
            }
        }
    }

    fn feed(&mut self, index: usize, origin: Origin) {
        self.has_changed |= self.input[index].is_none();
        self.input[index].get_or_insert(origin);
    }

    fn redirects_input(&self, redirect: Node<'_>) -> Option<Origin> {
        let reads = match redirect.kind() {
            "herestring_redirect" | "heredoc_redirect" => true,
            "file_redirect" => redirect.children().any(|sign| matches!(sign.kind(), "<" | "<&")),
            _ => false,
        };
        self.carried(redirect).filter(|_| reads)
    }

    /// What a node puts into variables.
    fn follow(&mut self, node: Node<'s>) {
        match node.kind() {
            "variable_assignment" => {
                let name = node.field("name").map_or("", Node::text);
                let name = name.split('[').next().unwrap_or(name);
                if let Some(origin) = self.carried(node) {
                    self.taint(name, origin);
                }
                if let Some(value) = node.field("value") {
                    self.mention(name, value);
                }
                // `declare -n r=n` makes `r` another name of `n`.
                let refers = node
                    .parent()
                    .is_some_and(|around| around.kind() == "declaration_command" && has_option(around, 'n'));
                self.taint_some(name, self.mentioning.get(name).copied().filter(|_| refers));
            }
            "for_statement" => {
                let name = node.field("variable").map_or("", Node::text);
                let mut listed = node
                    .children()
                    .filter(|child| child.field_name() == Some("value"))
                    .peekable();
                let origin = match listed.peek() {
                    // `for x` alone goes through the positional parameters.
                    None => self.of_name("@"),
                    Some(_) => listed.clone().find_map(|value| self.carried(value)),
                };
                let reads = || node.text().starts_with("select").then_some(Origin::Input);
                if let Some(origin) = origin.or_else(reads) {
                    self.taint(name, origin);
                }
                for value in listed {
                    self.mention(name, value);
                }
            }
            "expansion" => {
                let assigns = node.children().any(|sign| matches!(sign.kind(), "=" | ":="));
                if let (true, Some(origin), Some(name)) = (assigns, self.carried(node), expanded(node)) {
                    self.taint(name, origin);
                }
            }
            "command" => self.follow_command(node),
            _ => {}
        }
    }

    fn follow_command(&mut self, command: Node<'s>) {
        let words = words(command, self);
        let carried = words.iter().skip(1).find_map(|word| word.carried);
        let input = self.input(command);
        for word in &words {
            if let Some(fed) = self.functions.get_mut(word.literal.as_str()) {
                self.has_changed |= fed.is_none() && input.is_some();
                *fed = fed.or(input);
                self.taint_some("@", carried);
            }
        }
        for start in starts(&words).unwrap_or_default() {
            let (name, arguments) = (words[start].literal.as_str(), &words[start + 1..]);
            match name {
                "set" => self.taint_some("@", carried),
                "cd" | "pushd" => ["PWD", "OLDPWD", "DIRSTACK"]
                    .iter()
                    .for_each(|name| self.taint_some(name, carried)),
                "exec" => {}
                "printf" => {
                    let after_v = arguments
                        .iter()
                        .zip(arguments.iter().skip(1))
                        .find(|(option, _)| option.literal == "-v");
                    if let Some((_, name)) = after_v {
                        self.taint_some(array_name(name), carried);
                    }
                }
                _ if READ_INTO_NAMES.contains(&name) => {
                    for argument in arguments {
                        self.taint_some(array_name(argument), Some(input.or(carried).unwrap_or(Origin::Input)));
                    }
                }
                _ => {}
            }
        }
        // `exec < file` without a command is for all that comes.
        if words.len() == 1
            && words[0].literal == "exec"
            && let Some(origin) = input
        {
            self.feed(0, origin);
        }
    }

    fn taint_some(&mut self, name: &str, origin: Option<Origin>) {
        if let Some(origin) = origin {
            self.taint(name, origin);
        }
    }

    fn taint(&mut self, name: &str, origin: Origin) {
        if self.tainted.contains_key(name) || name.is_empty() {
            return;
        }
        self.has_changed = true;
        self.tainted.insert(name.to_owned(), origin);
    }

    /// `m=n; echo $((m))` evaluates `n`.
    fn mention(&mut self, name: &str, value: Node<'_>) {
        if self.mentioning.contains_key(name) {
            return;
        }
        let mentioned = names(value.text()).find_map(|(_, name)| self.of_name_in_arithmetic(name));
        if let Some(origin) = mentioned {
            self.has_changed = true;
            self.mentioning.insert(name.to_owned(), origin);
        }
    }
}

fn array_name<'w>(word: &'w Word<'_>) -> &'w str {
    word.literal.split('[').next().unwrap_or_default()
}
