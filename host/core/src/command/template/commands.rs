//! Commands that take an argument for code, or for the name of a variable, however well it is quoted; and those that
//! run what they read.

use super::context::Refusal;
use super::fabric;
use super::interpreters::codes;
use super::programs::{
    FIRST_IS_CODE, NAMES_OF_INPUT, OPTIONS_OF_CODE, RUN_ARGUMENTS, RUN_INPUT, RUN_INPUT_ALONE, TAKE_NAMES, base_name,
};
use super::syntax::Node;
use super::variables::{Origin, Values};
use super::words::{Word, starts, words};

/// A word of a command that must not hold a value, or the command itself for what it reads.
pub(super) struct Refused<'s> {
    pub node: Node<'s>,
    pub origin: Origin,
    pub refusal: Refusal,
}

/// Everything that is wrong with a command.
pub(super) fn refused<'s>(command: Node<'s>, values: &Values<'s>) -> Vec<Refused<'s>> {
    let mut words = words(command, values);
    let input = values.input(command);
    if let Some(origin) = input {
        add_words_of_xargs(&mut words, command, origin);
    }
    let at_node = |at: usize, refusal: Refusal| {
        let word = &words[at];
        Some(Refused {
            node: word.node,
            origin: word.carried?,
            refusal,
        })
    };
    let carrying: Vec<usize> = (0..words.len()).filter(|&at| words[at].carried.is_some()).collect();
    if carrying.is_empty() && input.is_none() {
        return Vec::new();
    }
    let Some(starts) = starts(&words) else {
        let why = "is given to a command with so many options before it that it cannot be told which one runs";
        return carrying
            .iter()
            .filter_map(|&at| at_node(at, Refusal::new(why)))
            .collect();
    };
    let codes = codes(&words, &starts.iter().copied().collect::<Vec<_>>());
    let refusal_at = |at: usize| {
        let code = codes
            .iter()
            .find(|code| code.range.contains(&at))
            .map(|code| code.refusal(&words));
        let judged = || starts.iter().find_map(|&start| judge(&words, start, at));
        let nothing = || starts.is_empty().then(before_the_command);
        code.or_else(judged).or_else(nothing)
    };
    let mut found: Vec<Refused<'s>> = carrying.iter().filter_map(|&at| at_node(at, refusal_at(at)?)).collect();
    let runs_input = || {
        codes
            .iter()
            .find(|code| code.reads_code)
            .map(|code| words[code.at].written)
            .or_else(|| {
                starts
                    .iter()
                    .find(|&&start| runs_input(&words, start))
                    .map(|&start| words[start].written)
            })
            .or_else(|| {
                let alone = words
                    .first()
                    .filter(|word| RUN_INPUT_ALONE.contains(&base_name(&word.literal)))?;
                starts.is_empty().then_some(alone.written)
            })
    };
    if let Some(origin) = input
        && let Some(name) = runs_input()
    {
        let refusal = Refusal::new(format!("is part of what `{name}` reads and runs as code")).help(format!(
            "write the code into the template and give it the argument: `{name} -c '…' _ {{…}}`, or use a file"
        ));
        found.push(Refused {
            node: command,
            origin,
            refusal,
        });
    }
    found
}

/// `xargs` makes words of what it reads.
fn add_words_of_xargs<'s>(words: &mut Vec<Word<'s>>, command: Node<'s>, origin: Origin) {
    let Some(at) = words.iter().position(|word| base_name(&word.literal) == "xargs") else {
        return;
    };
    let mut replaced: Vec<String> = Vec::new();
    for (option, next) in words[at + 1..]
        .iter()
        .zip(words[at + 2..].iter().map(Some).chain([None]))
    {
        match option.literal.as_str() {
            "-I" | "--replace" => replaced.extend(next.map(|next| next.literal.clone())),
            "-i" => {}
            written => replaced.extend(
                ["--replace=", "-I", "-i"]
                    .iter()
                    .find_map(|option| written.strip_prefix(option))
                    .map(str::to_owned),
            ),
        }
    }
    replaced.push("{}".to_owned());
    for word in &mut words[at + 1..] {
        let is_replaced = replaced
            .iter()
            .any(|mark| !mark.is_empty() && word.literal.contains(mark.as_str()));
        let is_option = word.literal.starts_with('-') || replaced.contains(&word.literal) && word.literal != "{}";
        if is_replaced && !is_option {
            word.carried = word.carried.or(Some(origin));
        }
    }
    words.push(Word {
        literal: String::new(),
        written: "",
        node: command,
        carried: Some(origin),
        splits: true,
        may_vanish: true,
    });
}

fn before_the_command() -> Refusal {
    Refusal::new("stands before the command that runs, where it could be an option that changes it")
        .help("for a variable write `NAME={…} command`; write options into the template")
}

fn run_as_code(name: &str) -> Refusal {
    Refusal::new(format!("is an argument of `{name}`, which runs it as code"))
}

/// Why the word `at` is more than data for the command that begins at `start`.
fn judge(words: &[Word<'_>], start: usize, at: usize) -> Option<Refusal> {
    if at < start {
        return Some(before_the_command());
    }
    if at == start {
        return Some(Refusal::new("chooses the command that runs").help(
            "write the command into the template; where a variable holds it, in quotation marks: `\"$TOOL\" {…}`",
        ));
    }
    let name = base_name(&words[start].literal);
    let before = &words[start + 1..at];
    let last = before.last().map_or("", |word| word.literal.as_str());
    if RUN_ARGUMENTS.contains(&name) {
        let help = match name {
            "ssh" | "slogin" | "rsh" | "mosh" | "autossh" => {
                "a shell over there runs all that `ssh` is given; send the value as data: `printf '%s' {…} | ssh host ./job`".to_owned()
            }
            _ => format!("do it without `{name}`"),
        };
        return Some(run_as_code(name).help(help));
    }
    if TAKE_NAMES.contains(&name) || last == "-v" && name == "printf" {
        let help = format!(
            "write the variable's name into the template: `{name}` takes names, and bash runs the commands in them"
        );
        let why = format!("is an argument of `{name}`, which takes it for the name of a variable");
        return Some(Refusal::new(why).help(help));
    }
    match name {
        "printf" => in_printf(words, start, at),
        fabric::PROGRAM => fabric::refusal(&words[at]),
        "test" | "[" => in_test(before, &words[at]),
        "set" if last != "--" && !before.iter().any(|word| word.literal == "--") => {
            Some(Refusal::new("is an argument of `set`, where it could be an option").help("write `set -- {…}`"))
        }
        _ => in_options(name, before, &words[at]).or_else(|| in_first_operand(name, before, &words[at])),
    }
}

fn in_printf(words: &[Word<'_>], start: usize, at: usize) -> Option<Refusal> {
    let mut format = start + 1;
    while let Some(word) = words
        .get(format)
        .filter(|word| word.literal.starts_with('-') && word.literal.len() > 1)
    {
        format += if word.literal == "-v" { 2 } else { 1 };
    }
    if at <= format {
        return Some(Refusal::new("is the format of `printf`").help("write `printf '%s\\n' {…}`"));
    }
    let stores = words[format].literal.split('%').skip(1).any(|rest| {
        rest.trim_start_matches(|c: char| !c.is_ascii_alphabetic() && c != '(')
            .starts_with('n')
    });
    stores.then(|| Refusal::new("names a variable for `%n` of `printf`").help("leave out the `%n`"))
}

/// What is wrong with a test in single brackets.
pub(super) fn refused_in_test<'s>(test: Node<'s>, values: &Values<'s>) -> Vec<Refused<'s>> {
    let mut words = Vec::new();
    operands(test, values, &mut words);
    let refused = |at: usize| {
        let word = &words[at];
        Some(Refused {
            node: word.node,
            origin: word.carried?,
            refusal: in_test(&words[1..at], word)?,
        })
    };
    (1..words.len()).filter_map(refused).collect()
}

/// The words in brackets, which the parser takes for expressions.
fn operands<'s>(node: Node<'s>, values: &Values<'s>, words: &mut Vec<Word<'s>>) {
    const EXPRESSIONS: &[&str] = &[
        "binary_expression",
        "parenthesized_expression",
        "postfix_expression",
        "test_command",
        "unary_expression",
    ];
    match EXPRESSIONS.contains(&node.kind()) {
        true => node.children().for_each(|child| operands(child, values, words)),
        false => words.push(Word::of(node, values)),
    }
}

/// In `[` and `test` a value after `-v` is the name of a variable, and bash runs the commands in it.
pub(super) fn in_test(before: &[Word<'_>], word: &Word<'_>) -> Option<Refusal> {
    const OPERATORS: &[&str] = &[
        "!", "(", "-G", "-L", "-N", "-O", "-S", "-a", "-b", "-c", "-d", "-e", "-ef", "-eq", "-f", "-g", "-ge", "-gt",
        "-h", "-k", "-le", "-lt", "-n", "-ne", "-nt", "-o", "-ot", "-p", "-r", "-s", "-t", "-u", "-w", "-x", "-z", "=",
        "==", "!=", "<", ">",
    ];
    if word.splits {
        return Some(
            Refusal::new("has no quotation marks in a test, where it could be `-v` and the name of a variable")
                .help("write quotation marks: `[ \"$name\" = prod ]`, or `[[ $name == prod ]]`"),
        );
    }
    let last = before.last()?;
    (!OPERATORS.contains(&last.literal.as_str()) || last.carried.is_some()).then(|| {
        Refusal::new("stands in a test after something that could be `-v`, so that it names a variable")
            .help("write the operator into the template: `[ {…} = prod ]`, `[ -z {…} ]`")
    })
}

/// `find -exec {x}`, `psql -c {x}`, `tar --to-command={x}`.
fn in_options(name: &str, before: &[Word<'_>], word: &Word<'_>) -> Option<Refusal> {
    let (_, options) = OPTIONS_OF_CODE.iter().find(|(program, _)| *program == name)?;
    let last = before.last().map_or("", |word| word.literal.as_str());
    let has_option = |option: &&&str| {
        let joined = word.literal.strip_prefix(**option);
        **option == last
            || joined.is_some_and(|rest| !rest.is_empty() && (!option.starts_with("--") || rest.starts_with('=')))
    };
    let option = options.iter().find(has_option);
    let any = name == "find" && word.splits;
    match option {
        Some(option) => Some(
            Refusal::new(format!("is given to `{name}` with `{option}`, which runs it as code"))
                .help("write the command into the template"),
        ),
        None if any => Some(
            Refusal::new(format!(
                "has no quotation marks in `{name}`, where it could be `-exec` and a command"
            ))
            .help("write quotation marks: `find \"$folder\" -name '*.txt'`"),
        ),
        None => None,
    }
}

/// The program of `awk` and `sed`.
fn in_first_operand(name: &str, before: &[Word<'_>], word: &Word<'_>) -> Option<Refusal> {
    let (_, options_of_data) = FIRST_IS_CODE.iter().find(|(program, _)| *program == name)?;
    let is_script = |option: &str| ["-e", "-f", "--expression", "--file"].contains(&option);
    let mut words = before.iter().peekable();
    let mut has_program = false;
    while let Some(word) = words.next() {
        let literal = word.literal.as_str();
        if options_of_data.contains(&literal) {
            match words.next() {
                Some(_) => continue,
                None => return None,
            }
        }
        if is_script(literal) {
            has_program = words.next().is_some();
        } else {
            has_program |=
                !literal.starts_with('-') || ["--expression=", "--file="].iter().any(|it| literal.starts_with(it));
        }
    }
    let last = before.last().map_or("", |word| word.literal.as_str());
    let is_data = has_program && !is_script(last)
        || options_of_data.contains(&last)
        || options_of_data.iter().any(|option| word.literal.starts_with(option));
    let is_option = ["-e", "-f", "-i", "-l", "-E", "--"]
        .iter()
        .any(|option| word.literal.starts_with(option));
    (!is_data || is_option).then(|| {
        let help = match options_of_data.is_empty() {
            true => "use a script in the namespace's folder: `python change.py {…}`",
            false => "write the program into the template and give it the value: `awk -v x={…} '{print x}'`",
        };
        Refusal::new(format!("is part of the program of `{name}`, which runs it as code")).help(help)
    })
}

/// Whether the command at `start` runs what it reads. Interpreters are for `interpreters`.
fn runs_input(words: &[Word<'_>], start: usize) -> bool {
    let name = base_name(&words[start].literal);
    let arguments = &words[start + 1..];
    let names_input = arguments
        .iter()
        .any(|word| NAMES_OF_INPUT.contains(&word.literal.as_str()));
    // Each option may have a word; one more is the host.
    let options = arguments.iter().filter(|word| word.literal.starts_with('-')).count();
    let has_command = arguments.len() > 2 * options + 1;
    RUN_INPUT.contains(&name)
        || RUN_INPUT_ALONE.contains(&name) && !has_command
        || names_input
            && (matches!(name, "." | "source" | "make") || FIRST_IS_CODE.iter().any(|(program, _)| *program == name))
}
