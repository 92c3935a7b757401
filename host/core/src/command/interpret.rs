//! From what somebody said to what they ask for.
//!
//! The first word decides: `help`, `status`, `logs`, `cancel`, `remove` and the words about services are built in, every other
//! one is the name of a namespace, and the rest is one of its commands. Reserved words keep the two apart, so nothing here depends on an
//! order.

use super::argument::check_argument;
use super::catalogue::{Catalogue, CatalogueNamespace};
use super::decode::decode;
use super::logs::{self, LogsWanted};
use super::nearest::nearest;
use super::services::{self, ServiceOrder};
use super::words::Words;
use crate::request::Arguments;

/// The most characters that a text may have: as many as a Slack message can.
pub const MAX_TEXT_CHARS: usize = 40_000;

/// What somebody asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Understood {
    /// A command of a namespace.
    Run {
        /// The namespace's name.
        namespace: String,
        /// Which of [`crate::config::Namespace::commands`].
        command: usize,
        /// The values of its parameters.
        arguments: Arguments,
    },
    /// What there is: `help`, or nothing at all.
    Help,
    /// What a namespace can do: `help demo` or `demo help`.
    HelpFor(String),
    /// What runs and what waits: `status`.
    Status,
    /// That a pending request be cancelled: `cancel 12`, or `remove job id 12` as users of other bots know it.
    CancelRequest(i64),
    /// What a run wrote: `logs tail 12`.
    Logs(LogsWanted),
    /// How all services are: `services`.
    Services,
    /// All that is known of a service: `service web`.
    Service(String),
    /// Something for a service: `ack web`, `silence web 2h`.
    Tell {
        /// Its name, as it was said.
        service: String,
        /// What.
        order: ServiceOrder,
    },
    /// Who is on duty, and who is next: `on call`.
    OnCall,
    /// To say how one is told of services: `me`, `preferences`.
    Preferences,
    /// Who is told of services: `users`.
    Users,
    /// How somebody is told, by name or as Slack mentions people: `user Ann`.
    User(String),
    /// Something that is no command. The nearest commands, as they would be typed, at most three, the nearest first.
    NotUnderstood {
        /// For example `demo say hello to [name]`.
        nearest: Vec<String>,
    },
    /// Something that cannot be taken as it is. Says why and what to do, in plain text that is not escaped.
    Refused(String),
}

/// What `text`, as Slack sent it and without the mention of the bot, asks for.
pub fn interpret(text: &str, catalogue: &Catalogue) -> Understood {
    match too_much(text) {
        Some(refused) => refused,
        None => interpret_plain(&decode(text), catalogue),
    }
}

/// What `text`, exactly as somebody typed it on a terminal, asks for: like [`interpret`], without Slack's markup.
pub fn interpret_plain(text: &str, catalogue: &Catalogue) -> Understood {
    if let Some(refused) = too_much(text) {
        return refused;
    }
    let words = Words::of(text);
    built_in(&words, catalogue)
        .or_else(|| command(&words, catalogue))
        .unwrap_or_else(|| Understood::NotUnderstood {
            nearest: nearest(&words, catalogue),
        })
}

/// Refuses what no argument could hold, before time is spent on it.
fn too_much(text: &str) -> Option<Understood> {
    if text.contains('\0') {
        let why = "That holds a NUL character, which no program can take. Leave it out.";
        return Some(Understood::Refused(why.to_owned()));
    }
    // A character has at most four bytes, so most texts need no counting.
    let characters = if text.len() > MAX_TEXT_CHARS {
        text.chars().count()
    } else {
        0
    };
    (characters > MAX_TEXT_CHARS).then(|| {
        let why = format!(
            "That has {characters} characters; at most {MAX_TEXT_CHARS} are taken. Send less, or a link to it."
        );
        Understood::Refused(why)
    })
}

fn built_in(words: &Words<'_>, catalogue: &Catalogue) -> Option<Understood> {
    let plain: Option<Vec<&str>> = words.words().iter().take(5).map(|word| word.plain()).collect();
    match plain?.as_slice() {
        [] | ["help"] => Some(Understood::Help),
        ["status"] => Some(Understood::Status),
        ["me" | "preferences"] | ["me" | "preferences", _] => Some(Understood::Preferences),
        ["users"] => Some(Understood::Users),
        ["user", _, ..] => user(words),
        ["user"] => {
            let why = "Say whom you mean: `user Ann`. `users` lists them.";
            Some(Understood::Refused(why.to_owned()))
        }
        ["logs" | "showlogs", rest @ ..] => Some(logs::read(rest)),
        ["help", name] | [name, "help"] => catalogue
            .namespace(name)
            .map(|namespace| Understood::HelpFor(namespace.name.clone())),
        ["cancel", number] | ["remove", "job", "id", number] => Some(cancel(number)),
        ["cancel"] | ["remove", "job", "id"] => {
            let why = "Say which request to cancel: `cancel 12`. `status` lists them with their numbers.";
            Some(Understood::Refused(why.to_owned()))
        }
        other => services::read(other, words),
    }
}

/// Names have spaces.
fn user(words: &Words<'_>) -> Option<Understood> {
    let name: Option<Vec<&str>> = words.words().iter().skip(1).map(|word| word.plain()).collect();
    Some(Understood::User(name?.join(" ")))
}

/// `12`, or `[12]` and `#12` as status lines and people write it.
fn cancel(written: &str) -> Understood {
    match number(written) {
        Some(number) => Understood::CancelRequest(number),
        None => {
            let shown: String = written.chars().take(40).collect();
            Understood::Refused(format!(
                "`{shown}` is not the number of a request. `status` lists them with their numbers; then type `cancel 12`."
            ))
        }
    }
}

/// The number that `12`, `[12]` or `#12` is.
pub(super) fn number(written: &str) -> Option<i64> {
    let digits = written
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(written);
    let digits = digits.strip_prefix('#').unwrap_or(digits);
    let plain = digits.bytes().all(|digit| digit.is_ascii_digit());
    digits.parse().ok().filter(|number| plain && *number > 0)
}

fn command(words: &Words<'_>, catalogue: &Catalogue) -> Option<Understood> {
    let namespace = catalogue.namespace(words.words().first()?.plain()?)?;
    let Some((command, arguments)) = namespace.find(words, 1) else {
        return not_expected(namespace, words);
    };
    let refused = arguments
        .0
        .iter()
        .find_map(|(name, value)| check_argument(name, value).err());
    Some(match refused {
        Some(error) => Understood::Refused(format!("I cannot run that: {error}.")),
        None => Understood::Run {
            namespace: namespace.name.clone(),
            command,
            arguments,
        },
    })
}

/// What to say of a command that is right but for one word.
fn not_expected(namespace: &CatalogueNamespace, words: &Words<'_>) -> Option<Understood> {
    let (command, misfit) = namespace.nearly(words, 1)?;
    let expected = misfit.parameter.expected()?;
    let said: String = misfit.said.chars().take(40).collect();
    Some(Understood::Refused(format!(
        "`{said}` cannot be the `{}` of `{} {}`: expected {expected}.",
        misfit.parameter.name,
        namespace.name,
        command.pattern.shown()
    )))
}

#[cfg(test)]
pub(super) mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

    use std::time::Instant;

    use proptest::prelude::*;

    use super::super::catalogue::{CatalogueCommand, CatalogueNamespace};
    use super::super::pattern::Pattern;
    use super::*;

    /// A namespace with these commands (pattern, help).
    pub(in crate::command) fn namespace(name: &str, commands: &[(&str, &str)]) -> CatalogueNamespace {
        let command = |&(pattern, help): &(&str, &str)| CatalogueCommand {
            pattern: Pattern::parse(pattern).unwrap(),
            help: help.to_owned(),
        };
        CatalogueNamespace {
            name: name.to_owned(),
            description: Some(format!("What {name} does")),
            restricted: false,
            commands: commands.iter().map(command).collect(),
        }
    }

    pub(in crate::command) fn catalogue() -> Catalogue {
        let demo = [
            ("show [target]", "Shows [target]"),
            ("show all", "Shows everything"),
            ("say hello to [name]", "Says hello to [name]"),
            ("copy [from] to [to]", "Copies"),
        ];
        [
            namespace("demo", &demo),
            namespace(
                "ops",
                &[("deploy [service]", "Deploys"), ("[anything]", "Does anything")],
            ),
        ]
        .into_iter()
        .collect()
    }

    fn understood(text: &str) -> Understood {
        interpret(text, &catalogue())
    }

    fn run(text: &str) -> (usize, Vec<(String, String)>) {
        match understood(text) {
            Understood::Run { command, arguments, .. } => (command, arguments.0),
            other => panic!("{text} is {other:?}"),
        }
    }

    fn argument(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn the_most_specific_command_wins() {
        assert_eq!(run("demo show all"), (1, vec![]));
        assert_eq!(run("demo show all."), (1, vec![]));
        assert_eq!(run("demo show everything"), (0, vec![argument("target", "everything")]));
        assert_eq!(run("demo show \"all\""), (0, vec![argument("target", "all")]));
        assert_eq!(run("ops deploy web").0, 0);
        assert_eq!(run("ops deploy").0, 1);
    }

    #[test]
    fn slack_s_markup_is_undone_before_matching() {
        let (_, arguments) = run("demo copy <https://a.b/?x=1&amp;y=2|a.b> to <mailto:bob@x.y|bob@x.y> &amp; <@U1>");
        assert_eq!(
            arguments,
            [
                argument("from", "https://a.b/?x=1&y=2"),
                argument("to", "bob@x.y & <@U1>")
            ]
        );
        let typed = interpret_plain("demo show &amp; <https://a|b>", &catalogue());
        assert!(
            matches!(typed, Understood::Run { arguments, .. } if arguments.get("target") == Some("&amp; <https://a|b>"))
        );
    }

    #[test]
    fn lines_after_the_first_count() {
        assert_eq!(
            run("demo\nsay hello to\nBob\nand  Ann").1,
            [argument("name", "Bob\nand  Ann")]
        );
    }

    #[test]
    fn built_in_words() {
        assert_eq!(understood(""), Understood::Help);
        assert_eq!(understood(" help. "), Understood::Help);
        assert_eq!(understood("help demo"), Understood::HelpFor("demo".into()));
        assert_eq!(understood("ops help"), Understood::HelpFor("ops".into()));
        assert_eq!(understood("status"), Understood::Status);
        assert_eq!(understood("me"), Understood::Preferences);
        assert_eq!(understood("preferences pager"), Understood::Preferences);
        assert_eq!(understood("users"), Understood::Users);
        assert_eq!(
            understood("user Ann  Ångström"),
            Understood::User("Ann Ångström".into())
        );
        assert_eq!(understood("user <@U1>"), Understood::User("<@U1>".into()));
        assert!(matches!(understood("user"), Understood::Refused(_)));
        assert_eq!(understood("cancel 12"), Understood::CancelRequest(12));
        assert!(matches!(
            understood("logs tail 12"),
            Understood::Logs(LogsWanted { run: 12, .. })
        ));
        assert!(matches!(understood("logs of the deploy"), Understood::Refused(_)));
        assert_eq!(understood("remove job id [12]."), Understood::CancelRequest(12));
        assert!(matches!(understood("cancel +1"), Understood::Refused(_)));
        assert!(matches!(
            understood("cancel 99999999999999999999"),
            Understood::Refused(_)
        ));
        assert!(matches!(understood("cancel"), Understood::Refused(_)));
        insta::assert_snapshot!(format!("{:?}", understood("cancel the job")), @r#"NotUnderstood { nearest: ["cancel [number]"] }"#);
        insta::assert_snapshot!(format!("{:?}", understood("remove job id abc")), @r#"Refused("`abc` is not the number of a request. `status` lists them with their numbers; then type `cancel 12`.")"#);
    }

    #[test]
    fn nothing_may_follow_a_command() {
        assert!(matches!(
            understood("demo show all of it"),
            Understood::Run { command: 0, .. }
        ));
        assert!(matches!(understood("demo help me"), Understood::NotUnderstood { .. }));
        assert!(matches!(understood("Demo show all"), Understood::NotUnderstood { .. }));
        assert!(matches!(understood("help nobody"), Understood::NotUnderstood { .. }));
    }

    #[test]
    fn what_is_none_of_the_choices_is_answered_with_them() {
        let commands = [
            ("deploy [what] to [env:staging|production]", "Deploys"),
            (r"close [n=/#?\d+/]", "Closes"),
            ("[verb:start|stop]", "Starts or stops"),
        ];
        let catalogue: Catalogue = [namespace("ops", &commands)].into_iter().collect();
        let answer = |text: &str| format!("{:?}", interpret(text, &catalogue));
        insta::assert_snapshot!(answer("ops deploy web to prod"), @r#"Refused("`prod` cannot be the `env` of `ops deploy [what] to [env:staging|production]`: expected `staging` or `production`.")"#);
        insta::assert_snapshot!(answer("ops close all"), @r##"Refused("`all` cannot be the `n` of `ops close [n]`: expected one word that fits `#?\\d+`.")"##);
        assert!(answer("ops dance").starts_with("NotUnderstood"));
    }

    #[test]
    fn what_is_too_much_is_refused_with_a_reason() {
        let refused = |text: &str| match understood(text) {
            Understood::Refused(why) => why,
            other => panic!("{other:?}"),
        };
        insta::assert_snapshot!(refused("demo show a\0b"), @"That holds a NUL character, which no program can take. Leave it out.");
        insta::assert_snapshot!(refused(&format!("demo show {}", "x".repeat(40_000))), @"That has 40010 characters; at most 40000 are taken. Send less, or a link to it.");
        insta::assert_snapshot!(refused(&format!("demo show {}", "x".repeat(33_000))), @"I cannot run that: the argument `target` has 33000 bytes; at most 32768 are taken. Send less, or a link to it.");
        assert_eq!(run(&format!("demo show {}", "x".repeat(32_768))).0, 0);
    }

    #[test]
    fn hundreds_of_commands_and_a_long_text_take_no_time() {
        let patterns: Vec<String> = (0..500).map(|n| format!("[a] x [b] x [c] word{n}")).collect();
        let commands: Vec<(&str, &str)> = patterns.iter().map(|pattern| (pattern.as_str(), "")).collect();
        let catalogue: Catalogue = [namespace("big", &commands)].into_iter().collect();
        let text = format!("big {}", "x ".repeat(19_000));
        let start = Instant::now();
        assert!(matches!(interpret(&text, &catalogue), Understood::NotUnderstood { .. }));
        assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
    }

    proptest! {
        #[test]
        fn any_text_is_understood_somehow(text in "(demo |ops |show |help |cancel |[0-9<>&;\"'. \n]|.){0,20}") {
            prop_assert_eq!(understood(&text), understood(&text));
        }
    }
}
