#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::Arguments;

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Environment {
    Staging,
    #[serde(alias = "prod")]
    Production,
    OldOne,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Deploy {
    environment: Environment,
    count: u32,
    dry_run: bool,
    note: Option<String>,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Metres(f64);

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
struct Odd {
    #[serde(rename = "how-far")]
    far: Option<Metres>,
    letter: Option<char>,
    at: Option<i64>,
    small: i8,
    text: String,
}

fn parse<T: DeserializeOwned>(pairs: &[(&str, &str)]) -> Result<T, String> {
    let arguments: Arguments = pairs.iter().copied().collect();
    arguments.parse().map_err(|failure| failure.message)
}

fn deploy(pairs: &[(&str, &str)]) -> Result<Deploy, String> {
    parse(pairs)
}

fn odd(name: &str, value: &str) -> Result<Odd, String> {
    parse(&[(name, value)])
}

#[test]
fn words_become_what_the_struct_says() {
    let all = [
        ("note", "as agreed"),
        ("count", " 3 "),
        ("environment", "Staging"),
        ("dry_run", "Yes"),
        ("another", "passed over"),
    ];
    let expected = Deploy {
        environment: Environment::Staging,
        count: 3,
        dry_run: true,
        note: Some("as agreed".to_owned()),
    };
    assert_eq!(deploy(&all), Ok(expected));
    assert_eq!(
        deploy(&[
            ("environment", "prod"),
            ("count", "0"),
            ("dry_run", "off"),
            ("note", "")
        ]),
        Ok(Deploy {
            environment: Environment::Production,
            count: 0,
            dry_run: false,
            note: None,
        })
    );
}

#[test]
fn defaults_new_names_and_new_types_work() {
    assert_eq!(parse::<Odd>(&[]), Ok(Odd::default()));
    assert_eq!(odd("how-far", "1.5").unwrap().far, Some(Metres(1.5)));
    assert_eq!(odd("letter", "é").unwrap().letter, Some('é'));
    assert_eq!(odd("at", "-12").unwrap().at, Some(-12));
    // Text is kept as it is.
    assert_eq!(odd("text", " a  b ").unwrap().text, " a  b ");
    assert_eq!(parse::<()>(&[]), Ok(()));
    let all: BTreeMap<String, String> = parse(&[("a", "1"), ("b", "")]).unwrap();
    assert_eq!(all["b"], "");
}

#[test]
fn whoever_asked_reads_what_is_wrong() {
    let with = |name: &str, value: &str| {
        let mut all = vec![("environment", "staging"), ("count", "1"), ("dry_run", "no")];
        all.retain(|(key, _)| *key != name);
        all.push((name, value));
        deploy(&all).unwrap_err()
    };
    assert_eq!(
        with("count", "many"),
        "`count` is \"many\", and has to be a whole number"
    );
    assert_eq!(
        with("count", "-1"),
        "`count` is \"-1\", and has to be a whole number from 0 to 4294967295"
    );
    assert_eq!(with("dry_run", ""), "`dry_run` is empty, and has to be yes or no");
    assert_eq!(
        with("environment", "moon"),
        "`environment` is \"moon\", and has to be `staging`, `prod`, `production` or `old-one`"
    );
    assert_eq!(deploy(&[("count", "1")]).unwrap_err(), "`environment` is missing");
    assert_eq!(
        deploy(&[("count", "1"), ("count", "2")]).unwrap_err(),
        "`count` is given twice"
    );
    assert_eq!(
        odd("at", &"9".repeat(99)).unwrap_err(),
        format!(
            "`at` is \"{}…\", and has to be a whole number from {} to {}",
            "9".repeat(60),
            i64::MIN,
            i64::MAX
        )
    );
    assert_eq!(
        odd("how-far", "NaN").unwrap_err(),
        "`how-far` is \"NaN\", and has to be a number"
    );
    assert_eq!(
        odd("letter", "ab").unwrap_err(),
        "`letter` is \"ab\", and has to be one character"
    );
    assert_eq!(parse::<()>(&[("a", "b")]).unwrap_err(), "this job takes no arguments");
}

#[test]
fn what_the_job_got_wrong_is_said_so() {
    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum WithData {
        Some(#[expect(dead_code, reason = "never made")] u8),
    }
    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Strict {
        #[serde(default)]
        #[expect(dead_code, reason = "never made")]
        list: Vec<String>,
        #[expect(dead_code, reason = "never made")]
        data: Option<WithData>,
    }
    assert_eq!(
        parse::<Strict>(&[("lists", "a")]).unwrap_err(),
        "`lists` is not an argument of this job: it has `list` and `data`"
    );
    let mistake = "that is a mistake in the job";
    assert!(parse::<Strict>(&[("list", "a")]).unwrap_err().ends_with(mistake));
    assert!(parse::<Strict>(&[("data", "some")]).unwrap_err().ends_with(mistake));
}
