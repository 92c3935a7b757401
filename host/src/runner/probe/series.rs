//! Values against a limit, whoever measured them.

use innkeeper_core::config::{Comparison, MetricProbe};

use super::Verdict;
use super::words::{count, quote};

/// How many of the values that are wrong are named.
const NAMED: usize = 3;

/// A value, and what it is of.
pub(super) struct Value {
    pub(super) name: String,
    pub(super) value: f64,
}

/// Whether the values are as they are to be. `silent` is how many series have none.
pub(super) fn judge(probe: &MetricProbe, values: &[Value], silent: usize) -> Verdict {
    let (found, wanted) = (values.len() as u64, u64::from(probe.series));
    if found < wanted {
        let silent = match silent as u64 {
            0 => String::new(),
            silent => format!(", and {silent} series without a value"),
        };
        return Err(format!(
            "{} for {}{silent}; {wanted} wanted at least",
            match found {
                0 => "no value".into(),
                _ => count(found, "value"),
            },
            shown(&probe.query)
        ));
    }
    let wrong: Vec<&Value> = values
        .iter()
        .filter(|value| !probe.expect.is_met_by(value.value))
        .collect();
    if wrong.len() as u64 <= u64::from(probe.allowed_failures) {
        return Ok(());
    }
    let named: Vec<String> = wrong
        .iter()
        .take(NAMED)
        .map(|wrong| format!("{} is {}", shown(&wrong.name), wrong.value))
        .collect();
    let more = match wrong.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    let allowed = match probe.allowed_failures {
        0 => String::new(),
        allowed => format!("; {allowed} allowed"),
    };
    Err(format!(
        "{} of {} not {}{allowed}: {}{more}",
        wrong.len(),
        count(found, "value"),
        expected(probe),
        named.join(", ")
    ))
}

fn shown(text: &str) -> String {
    format!("`{}`", quote(text))
}

fn expected(probe: &MetricProbe) -> String {
    let sign = match probe.expect.comparison {
        Comparison::Less => "<",
        Comparison::AtMost => "<=",
        Comparison::Equal => "==",
        Comparison::AtLeast => ">=",
        Comparison::More => ">",
    };
    format!("{sign} {}", probe.expect.limit)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::time::Duration;

    use innkeeper_core::config::Expectation;

    use super::*;

    fn judged(expect: &str, allowed_failures: u32, series: u32, values: &[f64], silent: usize) -> String {
        let probe = MetricProbe {
            url: "http://prometheus".into(),
            query: "load".into(),
            expect: Expectation::parse(expect).unwrap(),
            allowed_failures,
            series,
            timeout: Duration::from_secs(1),
        };
        let named = |(index, value): (usize, &f64)| Value {
            name: format!("n{index}"),
            value: *value,
        };
        let values: Vec<Value> = values.iter().enumerate().map(named).collect();
        judge(&probe, &values, silent).err().unwrap_or_default()
    }

    #[test]
    fn every_value_is_to_be_within_the_limit() {
        assert_eq!(judged("< 0.9", 0, 1, &[0.1, 0.2], 0), "");
        assert_eq!(
            judged("< 0.9", 0, 1, &[0.1, 0.95], 0),
            "1 of 2 values not < 0.9: `n1` is 0.95"
        );
        assert_eq!(
            judged(">= 1", 0, 1, &[0.0; 5], 0),
            "5 of 5 values not >= 1: `n0` is 0, `n1` is 0, `n2` is 0, and 2 more"
        );
    }

    #[test]
    fn what_is_no_number_is_wrong() {
        assert_eq!(judged("< 1", 0, 1, &[f64::NAN], 0), "1 of 1 value not < 1: `n0` is NaN");
    }

    #[test]
    fn some_may_be_outside() {
        assert_eq!(judged("< 1", 1, 1, &[0.0, 2.0], 0), "");
        assert_eq!(
            judged("< 1", 1, 1, &[2.0, 2.0], 0),
            "2 of 2 values not < 1; 1 allowed: `n0` is 2, `n1` is 2"
        );
    }

    #[test]
    fn too_few_series_fail_unless_none_are_wanted() {
        assert_eq!(judged("< 1", 0, 1, &[], 0), "no value for `load`; 1 wanted at least");
        assert_eq!(
            judged("< 1", 0, 3, &[0.0], 1),
            "1 value for `load`, and 1 series without a value; 3 wanted at least"
        );
        assert_eq!(judged("< 1", 0, 0, &[], 2), "");
    }
}
