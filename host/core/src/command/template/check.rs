//! All that is wrong with where the arguments of a script get to.

use std::collections::BTreeMap;

use super::TemplateError;
use super::arithmetic;
use super::commands;
use super::context::{self, Refusal};
use super::doubts;
use super::nested::{self, Nested};
use super::script::{Place, Sample, refused};
use super::settings::is_setting;
use super::syntax::{Node, Syntax};
use super::variables::{Origin, SET_BY_BASH, Values};
use super::words::expanded;

/// How deep scripts in scripts are followed: `bash -c 'eval "…"'` is two.
const MAX_SCRIPTS: usize = 3;

/// A use of an argument that is refused.
struct Finding {
    origin: Origin,
    /// The variable that brings it there; nothing where it stands there itself.
    variable: Option<String>,
    /// Where it is in the sample.
    at: usize,
    refusal: Refusal,
}

/// An error for each placeholder whose value would be more than data.
pub(super) fn errors(syntax: &Syntax, sample: &Sample<'_>) -> Vec<TemplateError> {
    let leaves: Vec<Node<'_>> = sample.places.iter().map(|place| syntax.around(&place.range)).collect();
    let direct = |(number, place): (usize, &Place<'_>)| {
        let leaf = leaves[number];
        context::after_here_document(syntax, leaf, place.name)
            .or_else(|| context::refusal_of_place(leaf, leaf.range() == place.range))
            .map(|refusal| finding(Origin::Place(number), None, leaf, refusal))
    };
    let mut findings: Vec<Finding> = sample.places.iter().enumerate().filter_map(direct).collect();
    match Values::of(syntax, &leaves, BTreeMap::new(), None) {
        Some(values) => follow(syntax, &values, 1, &mut findings),
        None => findings.push(finding(Origin::Place(0), None, syntax.root(), too_entangled())),
    }
    tell(sample, findings)
}

/// One error for each placeholder, and one for what is only read.
fn tell(sample: &Sample<'_>, findings: Vec<Finding>) -> Vec<TemplateError> {
    let mut errors: BTreeMap<Origin, TemplateError> = BTreeMap::new();
    for finding in findings {
        errors.entry(finding.origin).or_insert_with(|| error(sample, finding));
    }
    errors.into_values().collect()
}

fn error(sample: &Sample<'_>, finding: Finding) -> TemplateError {
    let Finding {
        origin,
        variable,
        at,
        refusal,
    } = finding;
    let place = match origin {
        Origin::Place(number) => sample.places.get(number),
        Origin::Input => None,
    };
    let variable = variable.map(|name| match name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        true => name,
        false => format!("${name}"),
    });
    let help = |name: &str| {
        refusal.help.clone().map(|help| help.replace("{…}", &format!("\"${}\"", name.trim_start_matches('$')))).unwrap_or_else(|| {
            "put that step into a script in the namespace's folder that checks the value first: `python step.py {…}`"
                .to_owned()
        })
    };
    match (place, variable) {
        (Some(place), None) => refused(place, refusal),
        (Some(place), Some(variable)) => {
            let message = format!(
                "`{{{}}}` goes into `{variable}`, and `{variable}` {}",
                place.name, refusal.why
            );
            TemplateError::new(place.span.clone(), message, help(&variable))
        }
        (None, variable) => {
            let what = variable.unwrap_or_else(|| "what is read".to_owned());
            let message = format!(
                "`{what}` is read by the script, may hold an argument, and {}",
                refusal.why
            );
            TemplateError::new(sample.span_at(at), message, help(&what))
        }
    }
}

fn finding(origin: Origin, variable: Option<&str>, node: Node<'_>, refusal: Refusal) -> Finding {
    Finding {
        origin,
        variable: variable.map(str::to_owned),
        at: node.range().start,
        refusal,
    }
}

/// Goes through all uses of the arguments of a script, and of the scripts in it.
fn follow(syntax: &Syntax, values: &Values<'_>, depth: usize, findings: &mut Vec<Finding>) {
    for node in syntax.nodes() {
        let refused = match node.kind() {
            "command" => commands::refused(node, values),
            "test_command" if !node.text().starts_with("[[") => commands::refused_in_test(node, values),
            "simple_expansion" | "expansion" | "command_substitution" | "process_substitution" => {
                in_expansion(node, values, findings);
                continue;
            }
            _ => continue,
        };
        for refused in refused {
            // The word itself, or the variable in it.
            let variable = variable_in(refused.node, values);
            findings.push(finding(
                refused.origin,
                variable.as_deref(),
                refused.node,
                refused.refusal,
            ));
        }
    }
    for evaluated in arithmetic::evaluated(syntax, values) {
        findings.push(finding(
            evaluated.origin,
            Some(evaluated.name),
            evaluated.node,
            evaluated.refusal,
        ));
    }
    for (name, origin) in values.tainted.iter().filter(|(name, _)| is_setting(name)) {
        let why = "changes what runs, or how bash reads the script";
        let refusal = Refusal::new(why).help("give the variable another name; or write its value into the template");
        if !SET_BY_BASH.contains(&name.as_str()) {
            findings.push(finding(*origin, Some(name), syntax.root(), refusal));
        }
    }
    for nested in syntax.nodes().flat_map(|node| nested::scripts(node, values)) {
        follow_nested(&nested, values, depth, findings);
    }
}

fn in_expansion(expansion: Node<'_>, values: &Values<'_>, findings: &mut Vec<Finding>) {
    let Some(origin) = values.begins(expansion) else { return };
    if let Some(refusal) = context::refusal_of_expansion(expansion) {
        let variable = expanded(expansion).filter(|_| !expansion.kind().ends_with("substitution"));
        findings.push(finding(origin, variable, expansion, refusal));
    }
}

/// The variable in a word that brings an argument there.
fn variable_in(word: Node<'_>, values: &Values<'_>) -> Option<String> {
    if word.kind().ends_with("expansion") && values.begins(word).is_some() {
        return expanded(word).map(str::to_owned);
    }
    let carrying = word.children().find(|child| values.carried(*child).is_some())?;
    variable_in(carrying, values)
}

/// A script in a script runs with the variables of that around it.
fn follow_nested(nested: &Nested<'_>, values: &Values<'_>, depth: usize, findings: &mut Vec<Finding>) {
    let origin = values
        .tainted
        .values()
        .copied()
        .chain(nested.positional)
        .chain(nested.input)
        .min();
    let origin = origin.unwrap_or(Origin::Input);
    let mut found = Vec::new();
    let doubtful = |why: &str| {
        let help = "put it into a file in the namespace's folder, and give that the arguments: `bash job.sh {name}`";
        finding(origin, None, nested.node, Refusal::new(why).help(help))
    };
    let mut tainted = values.tainted.clone();
    tainted.extend(nested.positional.map(|origin| ("@".to_owned(), origin)));
    match Syntax::parse(&nested.text) {
        Some(syntax) if depth < MAX_SCRIPTS && !syntax.is_too_deep && doubts::first(&syntax).is_none() => {
            match Values::of(&syntax, &[], tainted, nested.input) {
                Some(values) => follow(&syntax, &values, depth + 1, &mut found),
                None => found.push(doubtful("gets to a script in the script which cannot be followed")),
            }
        }
        _ => found.push(doubtful("gets to a script in the script which is not understood")),
    }
    // Where it is in the sample, not in the text of the script in it.
    findings.extend(found.into_iter().map(|finding| Finding {
        at: nested.node.range().start,
        ..finding
    }));
}

fn too_entangled() -> Refusal {
    Refusal::new("goes through so many variables that it cannot be followed")
        .help("put the script into a file in the namespace's folder, and give that the arguments: `bash job.sh {name}`")
}
