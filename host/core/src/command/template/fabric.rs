//! Arguments of the tasks of Fabric 1: `fab deploy:production,{branch}`.
//!
//! Fabric 1 takes such a word apart by itself, at commas and at `=`, whatever quotation marks bash has seen: a value
//! `x,hosts=elsewhere` would choose where the task runs. A backslash before them keeps them in the value. Later versions of Fabric
//! have options, `fab deploy --branch={branch}`, and no such words.

use super::RenderError;
use super::context::Refusal;
use super::programs::{RUNNERS, base_name};
use super::script::Sample;
use super::syntax::{Node, Syntax};
use super::words::{Word, literal};

/// The program.
pub(super) const PROGRAM: &str = "fab";

/// For each placeholder of a script, whether it is an argument of a task of Fabric 1.
pub(super) fn arguments(syntax: &Syntax, sample: &Sample<'_>) -> Vec<bool> {
    let is_argument = |range: &std::ops::Range<usize>| {
        let leaf = syntax.around(range);
        let mut within = std::iter::once(leaf).chain(leaf.ancestors());
        let command = leaf.ancestors().find(|node| node.kind() == "command");
        command.is_some_and(|command| {
            let mut words = command
                .children()
                .take_while(|word| word.range().end <= range.start)
                .filter(|word| word.kind() != "variable_assignment");
            let word = within.find(|node| command.children().any(|child| child.range() == node.range()));
            let begins = word.and_then(|word| sample.text.get(word.range().start..range.start));
            runs_fabric(&mut words) && begins.is_some_and(is_task_with_arguments)
        })
    };
    sample.places.iter().map(|place| is_argument(&place.range)).collect()
}

/// Whether these words begin a command that runs `fab`.
fn runs_fabric<'s>(words: &mut impl Iterator<Item = Node<'s>>) -> bool {
    let mut words = words.map(literal);
    let is_runner = |word: &str| RUNNERS.iter().any(|runner| runner.name == base_name(word));
    match words.next() {
        Some(first) if base_name(&first) == PROGRAM => true,
        Some(first) if is_runner(&first) => words.any(|word| base_name(&word) == PROGRAM),
        _ => false,
    }
}

fn is_task_with_arguments(word: &str) -> bool {
    !word.starts_with('-') && word.contains(':')
}

/// A variable brings its value without the backslashes.
pub(super) fn refusal(word: &Word<'_>) -> Option<Refusal> {
    let brings = word.written.contains('$') && is_task_with_arguments(&word.literal);
    brings.then(|| {
        Refusal::new("is an argument of a task of Fabric 1, which takes what follows a comma in it for the next argument")
            .help("write the placeholder itself there: `fab deploy:{name}`; or an option of Fabric 2: `fab deploy --name={name}`")
    })
}

/// The value as Fabric 1 takes it for one argument.
pub(super) fn escaped(name: &str, value: &str) -> Result<String, RenderError> {
    if value.ends_with('\\') {
        return Err(RenderError::EndsInBackslash { name: name.to_owned() });
    }
    Ok(value.replace(',', "\\,").replace('=', "\\="))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use proptest::prelude::*;

    use super::super::ScriptTemplate;
    use super::*;

    /// The words of the script, as bash takes them off their quotation marks.
    fn words(template: &str, value: &str) -> String {
        let arguments = [("a", value), ("b", "b")].into_iter().collect();
        let script = ScriptTemplate::parse(template).unwrap().render(&arguments).unwrap();
        shlex::split(&script).unwrap().join(" ")
    }

    #[test]
    fn a_comma_begins_no_argument_and_an_equals_sign_names_none() {
        for (template, taken) in [
            ("fab deploy:{a}", r"fab deploy:x\,hosts\=y"),
            (
                "fab -H host deploy:production,{a},{b} check",
                r"fab -H host deploy:production,x\,hosts\=y,b check",
            ),
            (
                "cd x && /usr/bin/fab deploy:name={a}",
                r"cd x && /usr/bin/fab deploy:name=x\,hosts\=y",
            ),
            (
                "X=1 sudo -u deploy fab deploy:{a}",
                r"X=1 sudo -u deploy fab deploy:x\,hosts\=y",
            ),
            ("echo $(fab deploy:{a})", r"echo $(fab deploy:x\,hosts\=y)"),
            // Here it is data as it stands.
            ("fab deploy --name={a}", "fab deploy --name=x,hosts=y"),
            ("fab deploy --where=a:{a}", "fab deploy --where=a:x,hosts=y"),
            ("fab deploy {a}", "fab deploy x,hosts=y"),
            ("echo fab deploy:{a}", "echo fab deploy:x,hosts=y"),
            ("fab deploy:x | tee {a}", "fab deploy:x | tee x,hosts=y"),
            ("NAME={a} fab deploy", "NAME=x,hosts=y fab deploy"),
        ] {
            assert_eq!(words(template, "x,hosts=y"), taken, "{template}");
        }
    }

    #[test]
    fn what_fabric_could_not_keep_apart_is_refused() {
        let template = ScriptTemplate::parse("fab deploy:{a},{b}").unwrap();
        let error = template
            .render(&[("a", "x\\"), ("b", "")].into_iter().collect())
            .unwrap_err();
        insta::assert_snapshot!(error, @"the argument `a` ends with a backslash, which Fabric 1 takes for a sign that what follows belongs to it. Leave it out");
        let error = ScriptTemplate::parse("n={a}; fab deploy:$n").unwrap_err().remove(0);
        insta::assert_snapshot!(format!("{error}; {}", error.help.clone().unwrap()), @"`{a}` goes into `n`, and `n` is an argument of a task of Fabric 1, which takes what follows a comma in it for the next argument; write the placeholder itself there: `fab deploy:{name}`; or an option of Fabric 2: `fab deploy --name={name}`");
        ScriptTemplate::parse("n={a}; fab deploy --name=\"$n\"").unwrap();
    }

    /// As Fabric 1 does it (`fabric.main._escape_split`).
    fn split(separator: char, text: &str) -> Vec<String> {
        let escaped = format!("\\{separator}");
        let Some((before, after)) = text.split_once(&escaped) else {
            return text.split(separator).map(str::to_owned).collect();
        };
        let mut list: Vec<String> = before.split(separator).map(str::to_owned).collect();
        let mut rest = split(separator, after).into_iter();
        let end = list.pop().unwrap() + &separator.to_string() + &rest.next().unwrap();
        list.push(end);
        list.extend(rest);
        list
    }

    proptest! {
        #[test]
        fn fabric_takes_any_value_for_one_argument(value in r"[a,=\\: ]{0,8}[a,=]?") {
            prop_assume!(!value.ends_with('\\'));
            let argument = escaped("a", &value).unwrap();
            let pairs = split(',', &format!("first,{argument},last"));
            prop_assert_eq!(pairs.len(), 3);
            prop_assert_eq!(split('=', &pairs[1]), [value]);
        }
    }
}
