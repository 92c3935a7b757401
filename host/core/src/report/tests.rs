//! Runs that end, and what is said of them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may")]

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::clock::Timestamp;
use crate::config::{Allowed, Grants, Limits, Mentions, Program, ReportRules};
use crate::message::File;
use crate::request::{AskingId, CliOrigin, GithubOrigin, SlackOrigin};
use crate::run::{Captured, Ending};

/// A run that ended, and what was configured.
pub(super) struct Ended {
    pub(super) job: Job,
    pub(super) outcome: Outcome,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

impl Ended {
    pub(super) fn well(format: Format, stdout: impl AsRef<[u8]>) -> Self {
        let job = Job {
            namespace: "demo".into(),
            name: "rota".into(),
            program: Program::Component {
                source: crate::config::ComponentSource::File("rota.wasm".into()),
                arguments: None,
                world: Some(crate::config::World::Command),
            },
            report: ReportRules {
                stdout: true,
                success: true,
                format,
                formatter: None,
                suppress_empty: false,
                call_tech_support_on_error: true,
            },
            limits: Limits {
                wall_time: Duration::from_secs(60),
                cpu_time: Duration::from_secs(30),
                memory: 64 << 20,
                disk: 256 << 20,
                stdout: 1 << 20,
                stderr: 64 << 10,
            },
            grants: grants(true, Mentions::Users),
        };
        let outcome = Outcome {
            ending: Ending::Exited { code: 0 },
            duration: Duration::from_millis(1_234),
            stdout: Captured::default(),
            stderr: Captured::default(),
            report: None,
        };
        Self {
            job,
            outcome,
            stdout: stdout.as_ref().to_vec(),
            stderr: Vec::new(),
        }
    }

    fn badly(ending: Ending, stderr: &str) -> Self {
        let mut ended = Self::well(Format::Text, "half of the output");
        ended.outcome.ending = ending;
        ended.stderr = stderr.into();
        ended
    }

    fn reported(mut self, change: impl FnOnce(&mut ReportRules)) -> Self {
        change(&mut self.job.report);
        self
    }

    pub(super) fn untrusted(mut self, mentions: Mentions) -> Self {
        self.job.grants = grants(false, mentions);
        self
    }

    fn cut(mut self) -> Self {
        self.outcome.stdout = Captured {
            kept: 1 << 20,
            lost: 2_048,
            ..Captured::default()
        };
        self
    }

    pub(super) fn said(&self) -> Option<Message> {
        compose(&Facts {
            job: &self.job,
            run: RunId(7),
            outcome: &self.outcome,
            stdout: &self.stdout,
            stderr_tail: &self.stderr,
            calls_support: false,
        })
    }

    fn text(&self) -> String {
        match self.said() {
            Some(Message::Post(post)) => {
                assert!(post.blocks.is_empty() && !post.unfurl);
                post.text
            }
            other => panic!("not a text: {other:?}"),
        }
    }

    pub(super) fn file(&self) -> File {
        match self.said() {
            Some(Message::File(file)) => file,
            other => panic!("not a file: {other:?}"),
        }
    }
}

pub(super) fn grants(trusted: bool, mentions: Mentions) -> Grants {
    Grants {
        trusted,
        channels: Allowed::All,
        mentions,
        env: Allowed::All,
        ..Grants::default()
    }
}

#[test]
fn a_success_posts_its_output_or_says_so_or_is_silent() {
    assert_eq!(Ended::well(Format::Text, "\n *Bob*\n\n").text(), " *Bob*");
    let quiet = || Ended::well(Format::Text, "Bob").reported(|rules| rules.stdout = false);
    assert_eq!(quiet().text(), "`demo_rota` succeeded (run 7).");
    assert_eq!(quiet().reported(|rules| rules.success = false).said(), None);
    let posts = Ended::well(Format::Text, "Bob").reported(|rules| rules.success = false);
    assert_eq!(posts.text(), "Bob");
}

#[test]
fn empty_output_is_said_or_suppressed_in_every_format() {
    for (format, stdout) in [
        (Format::Text, " \n\t\r\n"),
        (Format::Text, "\x1b[0m\x07"),
        (Format::Code, ""),
        (Format::File, "\n"),
        (Format::Blocks, ""),
        (Format::Blocks, "[]"),
        (Format::Blocks, "{\"blocks\": []}"),
    ] {
        let ended = Ended::well(format, stdout);
        assert_eq!(ended.text(), "`demo_rota` succeeded and wrote no output (run 7).");
        assert_eq!(ended.reported(|rules| rules.suppress_empty = true).said(), None);
    }
}

#[test]
fn code_stays_in_its_fence() {
    assert_eq!(Ended::well(Format::Code, "a < b\n").text(), "```\na &lt; b\n```");
    insta::assert_snapshot!(Ended::well(Format::Code, "a line").cut().text(), @"
    ```
    a line
    ```
    _The output was cut: the first 1 MiB are kept, the 2 KiB after them are lost._
    ");
}

#[test]
fn code_over_3990_characters_becomes_a_file() {
    assert_eq!(Ended::well(Format::Code, "x".repeat(3_990)).text().len(), 3_998);
    let file = Ended::well(Format::Code, "x".repeat(3_991)).file();
    assert_eq!((file.name.as_str(), file.content.len()), ("demo_rota-7.txt", 3_991));
    insta::assert_snapshot!(file.comment.unwrap(), @"The report of `demo_rota` (run 7) is too long for a code block: here it is as a file.");
}

#[test]
fn a_text_of_over_40000_characters_becomes_a_file_that_its_first_lines_announce() {
    assert_eq!(Ended::well(Format::Text, "x".repeat(40_000)).text().len(), 40_000);
    let lines: String = (0..9_000).map(|number| format!("{number}\n")).collect();
    let file = Ended::well(Format::Text, &lines).file();
    assert_eq!(file.content, lines.as_bytes());
    insta::assert_snapshot!(file.comment.unwrap(), @"
    The report of `demo_rota` (run 7) has 43,889 characters, more than a message holds: here it is as a file. It begins:
    0
    1
    2
    3
    4
    ");
}

#[test]
fn a_file_is_what_was_written_byte_by_byte() {
    let file = Ended::well(Format::File, b"\x1b[1mcaf\xe9\n").cut().file();
    assert_eq!(file.content, b"\x1b[1mcaf\xe9\n");
    insta::assert_snapshot!(file.comment.unwrap(), @"
    The report of `demo_rota` (run 7).
    _The output was cut: the first 1 MiB are kept, the 2 KiB after them are lost._
    ");
}

#[test]
fn what_is_no_text_is_shown_as_far_as_it_is() {
    assert_eq!(
        Ended::well(Format::Text, b"\x1b[31mcaf\xe9\x1b[0m\0").text(),
        "caf\u{fffd}"
    );
}

#[test]
fn a_failure_is_a_text_whatever_the_format_and_shows_only_stderr() {
    let stderr: String = (1..=100).map(|number| format!("line {number} <!channel>\n")).collect();
    let ended = Ended::badly(Ending::Exited { code: 2 }, &stderr).reported(|rules| {
        rules.format = Format::Blocks;
        rules.success = false;
        rules.suppress_empty = true;
    });
    let text = ended.text();
    assert!(!text.contains("half of the output") && !text.contains("line 80 ") && text.contains("line 81 "));
    assert!(
        text.contains("line 100 &lt;!channel&gt;\n```\nIts log: say `logs tail 7` to me"),
        "{text}"
    );
}

#[test]
fn a_tail_that_begins_within_a_character_or_is_one_long_line_is_shown() {
    let mut ended = Ended::badly(Ending::Interrupted, "");
    ended.stderr = "é and more".as_bytes()[1..].to_vec();
    assert!(ended.text().contains("```\n and more\n```"), "{}", ended.text());
    ended.stderr = "&".repeat(100_000).into_bytes();
    let text = ended.text();
    assert!(text.chars().count() < 2_000 && text.contains("…&amp;"), "{text}");
}

#[test]
fn help_is_called_only_where_somebody_is_left_without_an_answer() {
    let slack = |direct| {
        Origin::Slack(SlackOrigin {
            team: "T1".into(),
            channel: "C1".into(),
            user: "U1".into(),
            user_team: None,
            message: None,
            thread: None,
            direct,
        })
    };
    let github = Origin::Github(GithubOrigin {
        delivery: "d".into(),
        event: "push".into(),
        action: None,
        repository: None,
        sender: None,
        channel: None,
        comment: false,
        write_back: None,
    });
    let cli = Origin::Cli(CliOrigin {
        user: "ann".into(),
        session: None,
    });
    let calls = |ended: &Ended, origins: &[&Origin], channel| {
        let askings: Vec<Asking> = origins
            .iter()
            .map(|&origin| Asking {
                id: AskingId(1),
                origin: origin.clone(),
                text: None,
                at: Timestamp::from_micros(0),
            })
            .collect();
        calls_support(&ended.job, &ended.outcome, &askings, channel)
    };
    let failed = Ended::badly(Ending::Exited { code: 1 }, "");
    let support = Some("#tech-support");
    assert!(calls(&failed, &[&slack(false)], support));
    assert!(calls(&failed, &[&github], support));
    assert!(calls(&failed, &[&cli, &slack(true), &slack(false)], support));
    assert!(!calls(&failed, &[&slack(true), &cli], support));
    assert!(!calls(&failed, &[&slack(false)], None));
    assert!(!calls(&Ended::well(Format::Text, ""), &[&slack(false)], support));
    let content = failed.reported(|rules| rules.call_tech_support_on_error = false);
    assert!(!calls(&content, &[&slack(false)], support));
}

fn any_format() -> impl Strategy<Value = Format> {
    prop::sample::select(vec![Format::Text, Format::Blocks, Format::Code, Format::File])
}

fn any_ending() -> impl Strategy<Value = Ending> {
    prop_oneof![
        3 => Just(Ending::Exited { code: 0 }),
        1 => any::<i32>().prop_map(|code| Ending::Exited { code }),
        1 => any::<i32>().prop_map(|signal| Ending::Signalled { signal }),
        1 => any::<u64>().prop_map(|after_ms| Ending::TimedOut { after_ms }),
        1 => ".{0,600}".prop_map(|what| Ending::LimitReached { what }),
        1 => "[`<!a\n]{0,30}".prop_map(|why| Ending::Trapped { why }),
        1 => any::<String>().prop_map(|why| Ending::NotStarted { why }),
        1 => Just(Ending::Interrupted),
    ]
}

/// Bytes that mean something somewhere, many times over.
fn any_output() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        any::<u8>().prop_map(|byte| vec![byte]),
        prop::sample::select(vec![
            "```",
            "`",
            "<!channel>",
            "<@U1|x>",
            "<https://a.example|b>",
            "&lt;",
            ">",
            "\n",
            "@here",
            "\x1b[",
            "x",
            "[{\"type\":\"section\",\"text\":{\"type\":\"mrkdwn\",\"text\":\"",
            "\"}}]",
            "é",
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
    ];
    (
        prop::collection::vec(piece, 0..40),
        prop::sample::select(vec![1, 1, 1, 90, 1_500]),
    )
        .prop_map(|(pieces, times)| pieces.concat().repeat(times))
}

proptest! {
    #[test]
    fn whatever_a_run_wrote_its_message_is_within_limits(
        format in any_format(), ending in any_ending(), stdout in any_output(), stderr in any_output(),
        trusted: bool, lost in prop::sample::select(vec![0_u64, 1, u64::MAX])
    ) {
        let mut ended = Ended::well(format, &stdout);
        ended.stderr = stderr;
        ended.outcome.ending = ending;
        ended.outcome.stdout.lost = lost;
        if !trusted {
            ended = ended.untrusted(Mentions::None);
        }
        let failed = !ended.outcome.ending.is_success();
        match ended.said() {
            Some(Message::Post(post)) => {
                prop_assert!(!post.text.trim().is_empty());
                prop_assert!(post.text.chars().count() <= limits::TEXT);
                prop_assert!(!(failed || format == Format::Code) || post.text.chars().count() <= limits::TEXT_IN_ONE_PIECE);
                prop_assert!(trusted || !post.text.contains('<'));
                prop_assert!(post.text.matches("```").count() <= 2 || (trusted && format == Format::Text) || !failed && format == Format::Text);
            }
            Some(Message::File(file)) => {
                prop_assert!(file.comment.is_some_and(|comment| comment.chars().count() < limits::TEXT_IN_ONE_PIECE));
                prop_assert_eq!(file.content, stdout);
            }
            None => prop_assert!(false, "nothing was said"),
        }
    }
}
