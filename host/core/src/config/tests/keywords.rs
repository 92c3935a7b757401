//! `[[keyword]]`: what is made of right ones, and what is said of wrong ones.

use super::{TRUSTED, World};
use crate::keyword::{Part, Place};

const SUPPORT: &str = "[slack]\nsupport_channel = '#tech-support'\n";
const JOB: &str = "[jobs.note]\nrun_args_template = 'echo {who} {what}'\n";

#[test]
fn a_keyword_has_its_defaults() {
    let rules = "[[keyword]]\nwords = ['tech-support', 'IT help']\n[[keyword]]\npattern = 'bennett?-admins?'\nchannels = \
                 ['#ops', 'C0OPS']\nreaction = 'flamingo'\nsupport_channel = '#admins'\ntext = 'Help!'\ntimezone = \
                 'Europe/London'\nout_of_office = [{ from = '2026-12-24 18:00', until = '2027-01-02', text = 'Gone' }, { \
                 days = ['SAT', 'SUN'], hours = '18:00-24:00', text = 'Asleep' }]\njob_type = 'note'\nargs = { who = \
                 'user', what = 'text' }\n";
    let config = World::demo(&format!("{SUPPORT}{TRUSTED}"), &format!("{JOB}{rules}")).config();
    let [plain, full] = config.namespaces["demo"].keywords.as_slice() else {
        panic!("two rules")
    };
    assert_eq!(
        (plain.reaction.as_str(), plain.support_channel.as_str()),
        ("sos", "#tech-support")
    );
    assert!(plain.job.is_none() && plain.away.is_empty() && plain.text.is_none());
    assert_eq!(plain.keyword.find("some it  HELP here"), Some("it  HELP"));
    let place = |id, name| Place { id, name };
    assert!(plain.listens_in(place("C1", None)) && !plain.listens_in(place("C1", Some("tech-support"))));
    assert_eq!(
        (full.reaction.as_str(), full.support_channel.as_str()),
        ("flamingo", "#admins")
    );
    assert!(full.listens_in(place("C0OPS", None)) && full.listens_in(place("C1", Some("ops"))));
    assert!(!full.listens_in(place("C1", None)));
    let job = full.job.as_ref().unwrap();
    assert_eq!(job.arguments, [("who".into(), Part::User), ("what".into(), Part::Text)]);
    let away = |moment: &str| full.away_at(moment.parse::<jiff::Timestamp>().unwrap().into());
    assert_eq!(away("2027-01-02T23:59:00Z"), Some("Gone"), "the last day belongs to it");
    assert_eq!(away("2027-01-03T18:00:00Z"), Some("Asleep"), "a Sunday evening");
    assert_eq!(away("2027-01-04T18:00:00Z"), None);
    assert_ne!(plain.key, full.key);
}

#[test]
fn mistakes_in_keywords() {
    let rules = r#"[[keyword]]
words = ["-x-"]
reaction = ":sos:"
channels = ["tech"]
text = " "
[[keyword]]
pattern = "(?=x)y"
words = ["x"]
[[keyword]]
pattern = "x?"
job_type = "notes"
[[keyword]]
args = { who = "user" }
[[keyword]]
words = ["help"]
job_type = "note"
args = { who = "usr", which = "text" }
[[keyword]]
words = ["help me"]
timezone = "UTC"
[[keyword]]
words = ["help me"]
[[keyword]]
words = ["help us"]
out_of_office = [
  { from = "tomorrow", text = "x" },
  { from = "2026-12-24", until = "2026-12-23", text = "x" },
  { days = ["Sat"], hours = "night" },
]
"#;
    let world = World::demo(&format!("{SUPPORT}{TRUSTED}"), &format!("{JOB}{rules}"));
    insta::assert_snapshot!(world.check(), @"");
}

#[test]
fn a_keyword_calls_somebody() {
    insta::assert_snapshot!(World::demo(TRUSTED, "[[keyword]]\nwords = ['help']\n").check(), @"");
}

#[test]
fn a_keyword_needs_its_trigger_and_its_channel() {
    let rule = "[[keyword]]\nwords = ['help']\nsupport_channel = '#admins'\n";
    insta::assert_snapshot!(World::demo("", rule).check(), @"");
    let granted = "[namespaces.demo]\nchannels = ['#admins']\ntriggers = ['keyword']\n";
    assert_eq!(World::demo(granted, rule).config().namespaces["demo"].keywords.len(), 1);
    let to_the_host_s = "[[keyword]]\nwords = ['help']\n";
    let host = format!("{SUPPORT}[namespaces.demo]\ntriggers = ['keyword']\n");
    assert_eq!(
        World::demo(&host, to_the_host_s).config().namespaces["demo"]
            .keywords
            .len(),
        1,
        "the host's own support channel needs no grant"
    );
    let narrowed = format!("[needs]\ntriggers = ['slack']\n{to_the_host_s}");
    insta::assert_snapshot!(World::demo(&format!("{SUPPORT}{TRUSTED}"), &narrowed).check(), @"");
}

#[test]
fn shared_channels_are_joined_only_besides_the_others() {
    let world = World::demo(&format!("{SUPPORT}join_shared_channels = true\n{TRUSTED}"), "");
    insta::assert_snapshot!(world.check(), @"");
}
